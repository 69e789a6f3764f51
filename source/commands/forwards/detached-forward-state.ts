/** Files and processes of detached forwards: what they do, and their logs. No file contains credentials. */
import {execFile} from 'node:child_process';
import {existsSync, fstatSync, ftruncateSync, readdirSync, readFileSync, writeSync} from 'node:fs';
import {open, rm, stat} from 'node:fs/promises';
import {hostname} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {delayUpTo} from '../../base/async/clock.ts';
import {replaceFile} from '../../base/command-line/private-files.ts';
import {SpokeError, type ErrorObject} from '../../base/errors/spoke-error.ts';
import type {ClusterIdentity, Path, ResolvedTarget} from '../../evidence/evidence.ts';
import type {BoundAddress, ForwardEvent} from '../../streams/port-forward/forward-event.ts';

/**
The private directory of their files. Each machine and container has its own: with a shared home directory, one cannot see the processes of
the other, and would take their forwards for ended.
*/
export const forwardsDirectory = {name: `forwards-${hostname().replaceAll(/[^\w.-]/g, '_')}`, contains: 'detached forwards'};

/** By its start time too, because PIDs are reused. */
export type ProcessIdentity = {
	pid: number;
	/** As the system shows it; only equality counts. */
	startTime: string;
};

/** A local port, with the name of --host; `null`: of a forward without one. */
export type DetachedListener = {host: string | null; port: number};

export type ForwardStatus = {
	/** `f1`. */
	forward: string;
	state: 'starting' | 'ready' | 'interrupted';
	/** The pod of new connections; `null` until the forward is ready. */
	target: ResolvedTarget | null;
	remotePort: number | null;
	listen: readonly BoundAddress[];
	host: string | null;
	connections: {open: number; total: number; failed: number};
	/** Of the open tunnels: one of each pod and path. `null` with --path=never. */
	paths: readonly Path[] | null;
	/** Why it is interrupted. */
	error: ErrorObject | null;
};

export type DetachedForwardState = {
	/** Unique for each start, and in the names of its files. */
	id: string;
	/** Of the first target and its local port: `db-5432`. */
	name: string;
	process: ProcessIdentity;
	startedAt: string;
	/** On which it listens, or is about to. */
	listeners: readonly DetachedListener[];
	context: ClusterIdentity['context'];
	forwards: readonly ForwardStatus[];
	/** Why the forward ended by itself, else `null`. */
	ended: {time: string; error: ErrorObject} | null;
};

export type FoundForward = {
	state: DetachedForwardState;
	/** By the id and start time of its process, and when it wrote its state. */
	condition: 'running' | 'unresponsive' | 'ended';
};

/** How often a forward writes its state. */
export const stateIntervalMs = 1000;
const maxStateAgeMs = 5000;

export function logPath(directory: string, id: string): string {
	return join(directory, `${id}.log`);
}

export function hasStateFile(directory: string, id: string): boolean {
	return existsSync(statePath(directory, id));
}

/** @throws the system error */
export async function writeState(directory: string, state: DetachedForwardState): Promise<void> {
	await replaceFile(statePath(directory, state.id), JSON.stringify(state));
}

/** Oldest first. Leaves out forwards that remove their state just now. */
export async function findForwards(directory: string | null): Promise<readonly FoundForward[]> {
	const names = directory === null ? [] : readdirSync(directory).filter(name => /^\w+\.json$/.test(name));
	const found = await Promise.all(names.map(async name => findForward(join(directory!, name))));
	return found.filter(one => one !== null).sort((a, b) => (a.state.startedAt < b.state.startedAt ? -1 : 1));
}

export function startingForward(forward: string): ForwardStatus {
	return {
		forward,
		state: 'starting',
		target: null,
		remotePort: null,
		listen: [],
		host: null,
		connections: {open: 0, total: 0, failed: 0},
		paths: null,
		error: null,
	};
}

export function updateStatus(status: ForwardStatus, event: ForwardEvent): void {
	const {connections, target} = status;
	switch (event.event) {
		case 'ready': {
			const {target, remotePort, listen, host} = event;
			Object.assign(status, {state: 'ready', target, remotePort, listen, host});
			break;
		}

		case 'connection-opened': {
			connections.open++;
			connections.total++;
			break;
		}

		case 'connection-closed':
		case 'connection-failed': {
			connections.open--;
			connections.failed += event.event === 'connection-failed' ? 1 : 0;
			break;
		}

		case 'interrupted': {
			Object.assign(status, {state: 'interrupted', error: event.error.toJSON()});
			break;
		}

		case 'moved':
		case 'restored': {
			const moved = event.event === 'moved' && target && {target: {...target, ...event.to, node: null}};
			Object.assign(status, {state: 'ready', error: null}, moved);
			break;
		}

		default:
	}
}

/** The directory is private, so the content is spoke's. */
async function findForward(path: string): Promise<FoundForward | null> {
	const read = () => JSON.parse(readFileSync(path, 'utf8')) as DetachedForwardState;
	try {
		const state = read();
		const {mtimeMs} = await stat(path);
		// A process writes why it ends before it ends.
		return (await isProcessRunning(state.process))
			? {state, condition: Date.now() - mtimeMs < maxStateAgeMs ? 'running' : 'unresponsive'}
			: {state: read(), condition: 'ended'};
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return null;
		}

		throw error;
	}
}

/** The forwards that `named`, a name or a local port, means. */
export function matchingForwards(forwards: readonly FoundForward[], named: string): readonly FoundForward[] {
	return forwards.filter(({state}) => state.name === named || localPorts(state).some(port => String(port) === named));
}

export function localPorts({listeners}: Pick<DetachedForwardState, 'listeners'>): readonly number[] {
	return [...new Set(listeners.map(({port}) => port))];
}

/**
One detached forward per local port and name of --host.
@throws SpokeError ERR_PORT_IN_USE that names the forward that runs
*/
export async function assertPortsAreFree(directory: string, listeners: readonly DetachedListener[]): Promise<void> {
	for (const {state, condition} of await findForwards(directory)) {
		const others = condition === 'ended' ? [] : state.listeners;
		const taken = listeners.find(({host, port}) => others.some(other => other.host === host && other.port === port));
		if (taken !== undefined) {
			const where = taken.host === null ? '' : ` of ${taken.host}`;
			throw new SpokeError(
				'ERR_PORT_IN_USE',
				`local port ${taken.port}${where} belongs to the detached forward ${state.name} (process ${state.process.pid})`,
				{remedy: `stop it with \`spoke forwards stop ${state.name}\`, or choose another local port`},
			);
		}
	}
}

/** Removes the state and the log of a forward that has ended. */
export async function removeForwardFiles(directory: string, id: string): Promise<void> {
	await Promise.all([statePath(directory, id), logPath(directory, id)].map(async path => rm(path, {force: true})));
}

function statePath(directory: string, id: string): string {
	return join(directory, `${id}.json`);
}

/** `null` if there is no such process, or only its exit status is left (a zombie). @throws Error if the system cannot say */
export async function readProcess(pid: number, platform: string = process.platform): Promise<ProcessIdentity | null> {
	const startTime = platform === 'linux' ? startTimeInProc(pid) : await startTimeInPs(pid);
	return startTime === null ? null : {pid, startTime};
}

/** False also if another process has got the id. @throws Error if the system cannot say */
export async function isProcessRunning({pid, startTime}: ProcessIdentity): Promise<boolean> {
	return (await readProcess(pid))?.startTime === startTime;
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function startTimeInProc(pid: number): string | null {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
		// The name of the program, in parentheses, can contain blanks and parentheses.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		// Clock ticks since the start of the machine.
		const startTicks = fields[19];
		return isEnded(fields[0]) ? null : `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${startTicks}`;
	} catch (error) {
		if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) {
			return null;
		}

		throw error;
	}
}

async function startTimeInPs(pid: number): Promise<string | null> {
	const {promise, resolve, reject} = Promise.withResolvers<string | null>();
	const env = {PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC'};
	execFile('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {env}, (error, stdout) => {
		const [state, ...startTime] = stdout.trim().split(/\s+/);
		if (error === null || error.code === 1) {
			resolve(error !== null || isEnded(state) ? null : startTime.join(' '));
		} else {
			reject(error);
		}
	});
	return promise;
}

function isEnded(state = ''): boolean {
	return /^[XxZ]?$/.test(state[0] ?? '');
}

const maxLogBytes = 1024 * 1024;
const readIntervalMs = 200;

/** Appends lines with their time, in UTC, to an open file. A file that exceeds `limit` bytes is truncated. */
export class ForwardLog {
	readonly isTTY = false;
	readonly #descriptor: number;
	readonly #limit: number;

	constructor(descriptor: number, limit = maxLogBytes) {
		this.#descriptor = descriptor;
		this.#limit = limit;
	}

	/** `text`: whole lines. A full disk loses lines, and not the forward. */
	write(text: string): boolean {
		try {
			if (fstatSync(this.#descriptor).size > this.#limit) {
				ftruncateSync(this.#descriptor);
				this.#append(`earlier lines dropped: the log exceeded ${this.#limit} bytes\n`);
			}

			this.#append(text);
		} catch {}

		return true;
	}

	#append(text: string): void {
		const time = new Date().toISOString();
		writeSync(this.#descriptor, text.replaceAll(/^(?=.)/gms, `${time} `));
	}
}

/** The content of the file, and with `follows` what is appended until it resolves to false. @throws the system error */
export async function* readLog(
	path: string,
	{follows, signal}: {follows: () => Promise<boolean>; signal: AbortSignal},
): AsyncGenerator<Buffer> {
	const file = await open(path);
	try {
		let position = 0;
		while (!signal.aborted) {
			// Decided before the last read, so that no last line is left out.
			const hasMore = await follows();
			const {size} = await file.stat();
			// The log was truncated.
			position = size < position ? 0 : position;
			while (position < size) {
				const {bytesRead, buffer} = await file.read(Buffer.alloc(64 * 1024), {position});
				if (bytesRead === 0) {
					break;
				}

				position += bytesRead;
				yield buffer.subarray(0, bytesRead);
			}

			if (!hasMore) {
				return;
			}

			await delayUpTo(readIntervalMs, signal);
		}
	} finally {
		await file.close();
	}
}
