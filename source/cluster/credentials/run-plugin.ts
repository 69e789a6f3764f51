/** Execution of a credential plugin. */
import {spawn, type ChildProcess, type SpawnOptions} from 'node:child_process';
import type {Socket} from 'node:net';
import {normalize} from 'node:path';
import process from 'node:process';
import {isatty} from 'node:tty';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {sanitize} from '../../base/text/sanitize.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';
import type {ClusterEntry, ExecEntry} from '../kubeconfig/kubeconfig-shape.ts';
import {readCaBundle} from '../kubeconfig/read-file-bounded.ts';
import {isDescriptorLimit, raiseLimitRemedy} from '../transport/dial-tcp.ts';
import {assertPluginAllowed, lookPath} from './plugin-policy.ts';
import type {CredentialContext} from './user-credentials.ts';
import {Semaphore} from '../../base/async/queues.ts';

/** A long certificate chain has some kilobytes. */
const maxOutputBytes = 1024 * 1024;
const maxStderrCharacters = 64 * 1024;
/** For what the plugin wrote last. */
const stderrGraceMs = 200;

/** 0 means no limit. */
export type PluginTimeouts = {nonInteractiveMs: number; interactiveMs: number};

/** Handles that keep spoke from exiting. */
type Handle = {ref(): unknown; unref(): unknown};

export type PluginTerminal = {
	readonly isAvailable: boolean;
	/** The session draws on it too, so a renewal of credentials first tries without it. */
	readonly isShared: boolean;
	lend<Result>(command: string, work: () => Promise<Result>): Promise<Result>;
	showStderr(text: string): void;
};

/** With several contexts, several plugins can prompt. */
const turns = new Semaphore(1);

export const processTerminal: PluginTerminal = {
	get isAvailable() {
		return isatty(0);
	},
	isShared: false,
	lend: async (_command, work) => turns.run(work),
	showStderr(text) {
		process.stderr.write(text);
	},
};

/**
With `isRenewal`, a shared terminal is lent only after an attempt without it failed.
@throws SpokeError ERR_CREDENTIAL_PLUGIN
*/
export async function runPlugin(
	exec: ExecEntry,
	context: CredentialContext,
	{
		timeouts,
		isRenewal,
		awaitedHandles,
	}: {
		timeouts: PluginTimeouts;
		isRenewal: boolean;
		awaitedHandles: AwaitedHandles;
	},
): Promise<string> {
	await assertPluginAllowed(exec, context.environment);
	const {terminal = processTerminal} = context;
	const {interactiveMode, command} = exec;
	if (interactiveMode === 'Always' && !terminal.isAvailable) {
		throw new SpokeError(
			'ERR_CREDENTIAL_PLUGIN',
			`getting credentials: exec plugin ${command} cannot support interactive mode: standard input is not a terminal`,
			{
				remedy: 'run spoke in a terminal, or log in first',
			},
		);
	}

	const runNonInteractive = async () =>
		runOnce(exec, context, terminal, {interactive: false, timeoutMs: timeouts.nonInteractiveMs, awaitedHandles});
	// While lent, the plugin's stderr goes straight to the terminal.
	const runInteractive = async () =>
		terminal.lend(command, async () =>
			runOnce(exec, context, processTerminal, {interactive: true, timeoutMs: timeouts.interactiveMs, awaitedHandles}),
		);
	if (interactiveMode === 'Never' || !terminal.isAvailable) {
		return runNonInteractive();
	}

	if (interactiveMode === 'Always' || !terminal.isShared || !isRenewal) {
		return runInteractive();
	}

	try {
		return await runNonInteractive();
	} catch {
		return runInteractive();
	}
}

async function runOnce(
	exec: ExecEntry,
	context: CredentialContext,
	{showStderr}: Pick<PluginTerminal, 'showStderr'>,
	{interactive, timeoutMs, awaitedHandles}: {interactive: boolean; timeoutMs: number; awaitedHandles: AwaitedHandles},
): Promise<string> {
	const info = await execInfo(exec, context, {interactive});
	const command = normalize(exec.command);
	const program = lookPath(command, context.environment);
	if (program === null && !command.includes('/')) {
		throw startError(exec, {code: 'ENOENT'});
	}

	const child = spawnPlugin(exec, {
		// By path: spawn would use the PATH that the kubeconfig sets for the plugin.
		program: program ?? command,
		argv0: command,
		stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'pipe'],
		env: {...context.environment, ...Object.fromEntries(exec.env.map(({name, value}) => [name, value])), KUBERNETES_EXEC_INFO: info},
		// A separate process group can be killed with all children.
		detached: !interactive,
	});
	const killChild = () => {
		kill(child, {asGroup: !interactive});
	};

	const stopGuarding = killAtExit(killChild);
	try {
		return await waitForOutput(exec, child, {timeoutMs, end: killChild, showStderr, awaitedHandles});
	} finally {
		stopGuarding();
	}
}

/** Of the plugins that run, for one listener: several contexts can be opened at once. */
const killers = new Set<() => void>();

function killAll(): void {
	for (const killChild of killers) {
		killChild();
	}
}

function killAtExit(killChild: () => void): () => void {
	if (killers.size === 0) {
		process.once('exit', killAll);
	}

	killers.add(killChild);
	return () => {
		killers.delete(killChild);
		if (killers.size === 0) {
			process.off('exit', killAll);
		}
	};
}

function spawnPlugin(exec: ExecEntry, {program, ...options}: SpawnOptions & {program: string}): ChildProcess {
	try {
		return spawn(program, exec.args, options);
	} catch (error) {
		throw startError(exec, error as NodeJS.ErrnoException);
	}
}

/** KUBERNETES_EXEC_INFO. @see client-go pkg/apis/clientauthentication */
async function execInfo(exec: ExecEntry, {cluster, server}: CredentialContext, {interactive}: {interactive: boolean}): Promise<string> {
	const about = exec.provideClusterInfo ? {cluster: await clusterInfo(cluster, server.prefix === '' ? cluster.server : server.shown)} : {};
	return JSON.stringify({kind: 'ExecCredential', apiVersion: exec.apiVersion, spec: {...about, interactive}});
}

async function clusterInfo(cluster: ClusterEntry, server: string): Promise<Record<string, unknown>> {
	const authority = await readCaBundle(cluster);
	return {
		server,
		...(cluster.tlsServerName !== '' && {'tls-server-name': cluster.tlsServerName}),
		...(cluster.insecureSkipTlsVerify && {'insecure-skip-tls-verify': true}),
		...(authority.length > 0 && {'certificate-authority-data': authority.toString('base64')}),
		...(cluster.proxyUrl !== '' && {'proxy-url': cluster.proxyUrl}),
		...(cluster.disableCompression && {'disable-compression': true}),
		config: cluster.execExtension ?? null,
	};
}

type WaitContext = {timeoutMs: number; end: () => void; showStderr: (text: string) => void; awaitedHandles: AwaitedHandles};

async function waitForOutput(
	exec: ExecEntry,
	child: ChildProcess,
	{timeoutMs, end, showStderr, awaitedHandles}: WaitContext,
): Promise<string> {
	const {promise, resolve, reject} = Promise.withResolvers<string>();
	const fail = (why: string, remedy?: string) => {
		end();
		reject(
			new SpokeError('ERR_CREDENTIAL_PLUGIN', `getting credentials: exec plugin ${exec.command} ${why}`, {
				text: lastLine(),
				...(remedy !== undefined && {remedy}),
			}),
		);
	};

	const timer =
		timeoutMs > 0
			? setTimeout(() => {
					const hasExited = child.exitCode !== null || child.signalCode !== null;
					fail(
						`did not ${hasExited ? 'close stdout' : 'exit'} within ${timeoutMs / 1000} s`,
						'run it manually, or increase SPOKE_EXEC_TIMEOUT',
					);
				}, timeoutMs)
			: undefined;
	const printed = new ByteCollector(maxOutputBytes);
	let stderr = '';
	const lastLine = () => stderr.trimEnd().split('\n').at(-1) ?? '';
	// Without free file descriptors, there are no streams.
	child.stdout?.on('data', (chunk: Buffer) => {
		if (!printed.add(chunk)) {
			fail(`printed more than ${maxOutputBytes / 1024 / 1024} MiB`);
		}
	});
	child.stderr?.on('data', (chunk: Buffer) => {
		if (stderr.length >= maxStderrCharacters) {
			return;
		}

		const text = chunk.toString('utf8').slice(0, maxStderrCharacters - stderr.length);
		stderr += text;
		showStderr(sanitize(text));
	});
	child.once('error', error => {
		end();
		reject(startError(exec, error));
	});
	// As in kubectl, a helper that outlives the plugin, such as a browser, can delay the end with its stdout, but not with its stderr.
	child.once('exit', () => {
		setTimeout(() => {
			child.stderr?.destroy();
		}, stderrGraceMs).unref();
	});
	child.once('close', (status, signal) => {
		if (status === 0) {
			resolve(printed.take().toString('utf8'));
		} else {
			fail(status === null ? `was terminated by ${signal}` : `failed with exit code ${status}`);
		}
	});
	const handles = [child, child.stdout as Socket | null, child.stderr as Socket | null, timer].filter(handle => !!handle);
	const removeHandles = awaitedHandles.add(...handles);
	try {
		return await promise;
	} finally {
		removeHandles();
		clearTimeout(timer);
	}
}

function startError({command, installHint}: ExecEntry, {code, message}: {code?: string | undefined; message?: string}): SpokeError {
	const isMissing = code === 'ENOENT';
	const hint = isMissing ? installHint.trim().replaceAll(/\s+/g, ' ') : isDescriptorLimit({code}) ? raiseLimitRemedy : '';
	return new SpokeError(
		'ERR_CREDENTIAL_PLUGIN',
		`getting credentials: exec plugin ${command} cannot be run: ${isMissing ? 'executable not found' : (code ?? message)}`,
		{remedy: hint || 'install the plugin, or correct exec.command of this user'},
	);
}

function kill(child: ChildProcess, {asGroup}: {asGroup: boolean}): void {
	child.stdout?.destroy();
	child.stderr?.destroy();
	try {
		if (asGroup && child.pid !== undefined) {
			process.kill(-child.pid, 'SIGKILL');
		} else {
			child.kill('SIGKILL');
		}
	} catch {
		// The process has already exited.
	}
}

/** Child process, pipes and timers, which keep spoke from exiting only while somebody waits for them. */
export class AwaitedHandles {
	readonly #handles = new Set<Handle>();
	#waiterCount = 0;

	add(...handles: readonly Handle[]): () => void {
		for (const handle of handles) {
			this.#handles.add(handle);
		}

		this.#update();
		return () => {
			for (const handle of handles) {
				this.#handles.delete(handle);
			}
		};
	}

	async during<Value>(wait: () => Promise<Value>): Promise<Value> {
		this.#waiterCount++;
		this.#update();
		try {
			return await wait();
		} finally {
			this.#waiterCount--;
			this.#update();
		}
	}

	#update(): void {
		for (const handle of this.#handles) {
			if (this.#waiterCount > 0) {
				handle.ref();
			} else {
				handle.unref();
			}
		}
	}
}
