/** Starts, finds and stops programs that outlive their starter. */
import {spawn} from 'node:child_process';
import {closeSync, openSync} from 'node:fs';
import {mkdir, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {labNice, toolFolder} from './programs.ts';
import type {Lab} from './lab.ts';

export type Daemon = {name: string; pid: number; startTicks: string; command: readonly string[]};

/**
Starts `command` in a session of its own unless it runs; output goes to `logs/NAME.log`. Resolves to whether it was started. A program that
fails shows only in its log, so wait for its port.
*/
export async function startDaemon(
	lab: Lab,
	name: string,
	command: readonly [string, ...string[]],
	{stdin = 'ignore'}: {stdin?: 'ignore' | number} = {},
): Promise<boolean> {
	if (await findDaemon(lab, name)) {
		return false;
	}

	await mkdir(join(lab.folder, 'logs'), {recursive: true});
	await mkdir(join(lab.folder, 'daemons'), {recursive: true});
	const log = openSync(logPath(lab, name), 'a');
	const [program, ...args] = labNice === 0 ? command : (['nice', '-n', String(labNice), ...command] as const);
	// Nothing in the caller's environment (above all proxies) may affect the cluster.
	const env = {PATH: `${toolFolder}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: lab.folder};
	const child = spawn(program, args, {detached: true, stdio: [stdin, log, log], env, cwd: lab.folder});
	closeSync(log);
	await new Promise((resolve, reject) => {
		child.once('spawn', resolve);
		child.once('error', reject);
	});
	child.unref();
	const pid = child.pid ?? 0;
	if (labNice !== 0) {
		// The scheduler may group processes by session, and nice counts only within a group (sched(7), autogroup).
		await writeFile(`/proc/${pid}/autogroup`, String(labNice)).catch(() => undefined);
	}

	const daemon: Daemon = {name, pid, startTicks: (await startTicksOf(pid)) ?? '', command};
	await writeFile(recordPath(lab, name), JSON.stringify(daemon));
	return true;
}

/** Ignores a pid that another process has by now. */
export async function findDaemon(lab: Lab, name: string): Promise<Daemon | undefined> {
	const daemon = await readFile(recordPath(lab, name), 'utf8').then(
		text => JSON.parse(text) as Daemon,
		() => undefined,
	);
	return daemon && (await startTicksOf(daemon.pid)) === daemon.startTicks ? daemon : undefined;
}

/** Running or not. */
export async function daemonNames(lab: Lab): Promise<string[]> {
	const files = await readdir(join(lab.folder, 'daemons')).catch(() => []);
	return files.map(file => file.replace(/\.json$/, '')).sort();
}

/** Sends TERM (or `signal`), after `graceMs` KILL; resolves when the process is gone. */
export async function stopDaemon(
	lab: Lab,
	name: string,
	{signal = 'SIGTERM', graceMs = 5000}: {signal?: NodeJS.Signals; graceMs?: number} = {},
): Promise<void> {
	const daemon = await findDaemon(lab, name);
	if (daemon) {
		await endProcess(daemon.pid, daemon.startTicks, signal, graceMs);
	}

	await rm(recordPath(lab, name), {force: true});
}

/** For signals that do not end it (STOP, CONT). */
export async function signalDaemon(lab: Lab, name: string, signal: NodeJS.Signals): Promise<void> {
	const daemon = await findDaemon(lab, name);
	if (!daemon) {
		throw new Error(`${name} is not running`);
	}

	process.kill(daemon.pid, signal);
}

export async function endProcess(pid: number, startTicks: string, signal: NodeJS.Signals, graceMs: number): Promise<void> {
	const deadline = Date.now() + graceMs;
	let sent: NodeJS.Signals | undefined;
	while ((await startTicksOf(pid)) === startTicks) {
		const next = Date.now() < deadline ? signal : 'SIGKILL';
		if (sent !== next) {
			sent = next;
			trySignal(pid, next);
			// A stopped process would never see the first signal.
			trySignal(pid, 'SIGCONT');
		}

		await sleep(20);
	}
}

/** In clock ticks since boot (field 22 of /proc/PID/stat); `undefined` for none and for zombies. */
export async function startTicksOf(pid: number): Promise<string | undefined> {
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
	// The name in parentheses can contain spaces and parentheses.
	const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
	return fields?.[0] === 'Z' ? undefined : fields?.[19];
}

export const logPath = (lab: Lab, name: string): string => join(lab.folder, 'logs', `${name}.log`);

const recordPath = (lab: Lab, name: string) => join(lab.folder, 'daemons', `${name}.json`);

function trySignal(pid: number, signal: NodeJS.Signals): void {
	try {
		process.kill(pid, signal);
	} catch {}
}
