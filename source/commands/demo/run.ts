/** `spoke demo`. */
import {chmod, readFile, rm, writeFile} from 'node:fs/promises';
import process from 'node:process';
import type {Writable} from 'node:stream';
import {stringify} from 'yaml';
import {decodeKubeconfig} from '../../cluster/kubeconfig/load-kubeconfig.ts';
import {parseDocument} from '../../cluster/kubeconfig/parse-document.ts';
import {delayUpTo} from '../../base/async/clock.ts';
import {connectionFlags} from '../../base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../base/command-line/parse-command-line.ts';
import {exitStatus, exitStatusForSignal} from '../../base/errors/exit-status.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {Sandbox, SandboxOptions} from '../../sandbox/sandbox.ts';
import type {Command, Invocation} from '../command.ts';
import {hasKubeconfig, startSession} from '../session/start-session.ts';
import {createSandboxAccess, runTour} from './tour.ts';
import {demoSpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

export const command: Command<typeof demoSpec.flags> = {
	spec: demoSpec,
	async run({flags, given, positionals, stdin, stdout, env, interrupted}) {
		assertUsage(positionals.length === 0, `demo takes no arguments, got ${positionals[0]}`);
		assertUsage(!flags.serve || !flags.tour, '--serve and --tour are mutually exclusive');
		assertUsage(
			!flags.tour || !given.has('scenario'),
			'--tour runs each posture, so it takes no --scenario: use --scenario with the session or --serve',
		);
		assertUsage(
			flags['kubeconfig-out'] === undefined || flags.serve,
			'--kubeconfig-out requires --serve: otherwise the sandbox ends with the command',
		);
		assertUsage(
			flags.port >= 0 && flags.port <= 65_535,
			`invalid port ${flags.port} for --port`,
			'pass a number from 1 to 65535, or 0 for a free port',
		);
		const opensSession = !flags.serve && !flags.tour && stdin.isTTY && stdout.isTTY;
		assertUsage(
			flags.record === undefined || opensSession,
			'--record requires the session, which needs a terminal and neither --serve nor --tour',
		);
		const {startSandbox} = await import('../../sandbox/start-sandbox.ts');
		const sandbox = await startSandbox({scenario: flags.scenario as NonNullable<SandboxOptions['scenario']>, port: flags.port});
		const access = await createSandboxAccess(sandbox);
		try {
			if (opensSession) {
				return await runSandboxSession(sandbox, access.kubeconfigFile, {flags, stdin, stdout, env, interrupted});
			}

			await (flags.serve
				? serveSandbox(sandbox, flags['kubeconfig-out'], stdout, interrupted)
				: runTour(sandbox, access, stdout, interrupted));
		} finally {
			await Promise.all([access.dispose(), sandbox.close()]);
		}

		return interrupted.aborted ? exitStatusForSignal(interrupted.reason) : exitStatus.ok;
	},
};

async function runSandboxSession(
	sandbox: Sandbox,
	kubeconfig: string,
	screen: Pick<Invocation<typeof demoSpec.flags>, 'flags' | 'stdin' | 'stdout' | 'env' | 'interrupted'>,
): Promise<number> {
	const {flags} = parseCommandLine(connectionFlags, ['--kubeconfig', kubeconfig]);
	// A kubeconfig that cannot be used exists all the same.
	const isFallback = !(await hasKubeconfig(parseCommandLine(connectionFlags, []).flags, screen.env).catch(() => true));
	return startSession(
		{...screen, env: {...screen.env, HTTPS_PROXY: '', https_proxy: ''}},
		{flags, allNamespaces: false, sandbox, isFallback},
	);
}

const parentCheckMs = 500;

/** Ends with the parent process, too. Removes the kubeconfig if it still contains only sandboxes. */
async function serveSandbox(sandbox: Sandbox, file: string | undefined, stdout: Writable, signal: AbortSignal): Promise<void> {
	if (file !== undefined) {
		await writeKubeconfig(file, sandbox);
	}

	stdout.write(`sandbox: serving at ${sandbox.server}${file === undefined ? '' : `; use it with KUBECONFIG=${file}`}\n`);
	await untilEnd(signal);
	// The user may have added a cluster meanwhile.
	if (file !== undefined && (await isOfSandbox(await readFile(file, 'utf8').catch(() => '')))) {
		await rm(file, {force: true});
	}
}

/** Overwrites only the kubeconfig of a sandbox. @throws SpokeError ERR_LOCAL_FILE */
async function writeKubeconfig(file: string, sandbox: Sandbox): Promise<void> {
	const there = await readFile(file, 'utf8').catch(() => '');
	if (there !== '' && !(await isOfSandbox(there))) {
		throw new SpokeError('ERR_LOCAL_FILE', `${file} exists and is not the kubeconfig of a sandbox`, {
			remedy: 'specify a file that does not exist',
		});
	}

	try {
		await writeFile(file, stringify(sandbox.kubeconfig()), {mode: 0o600});
		await chmod(file, 0o600);
	} catch (error) {
		throw new SpokeError('ERR_LOCAL_FILE', `${file} cannot be written: ${(error as NodeJS.ErrnoException).code}`, {cause: error});
	}
}

async function isOfSandbox(text: string): Promise<boolean> {
	try {
		const {clusters} = decodeKubeconfig(await parseDocument(text));
		return clusters.size > 0 && clusters.values().every(({sandbox}) => sandbox);
	} catch {
		return false;
	}
}

async function untilEnd(signal: AbortSignal): Promise<void> {
	const parent = process.ppid;
	while (!signal.aborted && process.ppid === parent) {
		await delayUpTo(parentCheckMs, signal);
	}
}
