/** `spoke port-forward --detach`: starts a forward in the background, waits until it is ready, and what runs there. */
import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {closeSync, openSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {delayUpTo} from '../../base/async/clock.ts';
import {createStateDirectory} from '../../base/command-line/private-files.ts';
import {exitStatus, exitStatusForSignal} from '../../base/errors/exit-status.ts';
import {SpokeError, errorText, toSpokeError} from '../../base/errors/spoke-error.ts';
import {jsonObject, writeJsonLine, noticeLine, jsonLine} from '../../report/output/output-writer.ts';
import {ownCommand} from '../../base/own-process.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {toTerminalCharset} from '../../base/text/terminal-charset.ts';
import {
	assertPortsAreFree,
	ForwardLog,
	forwardsDirectory,
	hasStateFile,
	logPath,
	type ProcessIdentity,
	readProcess,
	removeForwardFiles,
	startingForward,
	stateIntervalMs,
	updateStatus,
	writeState,
	type DetachedForwardState,
	type DetachedListener,
	type ForwardStatus,
} from '../forwards/detached-forward-state.ts';
import {requestedListeners, type TargetWithPorts} from './forward-arguments.ts';
import {
	endReasonFor,
	openPaths,
	reporterFor,
	type ForwardReporter,
	type Output,
	textReporter,
	UnsettledPaths,
	wantsPaths,
} from './forward-reporter.ts';
import type {ForwardInput, OpenedForwards, PortForwardInvocation, runForwards} from './run.ts';
import process from 'node:process';
import {assertUsage} from '../usage.ts';

/** Sent through a pipe, so that credentials are in no argument and no file. */
type StartMessage = {
	/** As this process read them. */
	line: Pick<PortForwardInvocation, 'flags' | 'given'>;
	/** As this process read it: a file of forwards can be a pipe. */
	input: ForwardInput;
	directory: string;
	id: string;
	isStderrTerminal: boolean;
};

/** What the command prints, and its exit status, with which the background process leaves it. */
type ForwardMessage = {to: 'stdout' | 'stderr'; text: string} | {exitStatus: number};

/** How long an interrupted forward has to end. */
const endTimeoutMs = 5000;

/**
Resolves when the forward is ready and no longer needs this process, or has printed why it is not. If this process ends before, so does the
forward.
@throws SpokeError ERR_PORT_IN_USE that names the detached forward that has a local port, ERR_DETACHED_FORWARD
*/
export async function detach(invocation: PortForwardInvocation, input: ForwardInput): Promise<number> {
	const {flags, given, positionals, env, stdout, stderr, interrupted} = invocation;
	const directory = createStateDirectory(env, forwardsDirectory);
	await assertPortsAreFree(directory, requestedListeners(input.targets));
	const id = randomBytes(4).toString('hex');
	const log = logPath(directory, id);
	const child = startForwardProcess(positionals, {log, env});
	const exited = once(child, 'exit');
	exited.catch(() => undefined);
	interrupted.addEventListener('abort', () => {
		child.kill('SIGTERM');
		setTimeout(() => child.kill('SIGKILL'), endTimeoutMs).unref();
	});
	let status: number | undefined;
	child.on('message', (message: ForwardMessage) => {
		if ('text' in message) {
			(message.to === 'stdout' ? stdout : stderr).write(message.text);
		} else {
			status = message.exitStatus;
		}
	});
	const message: StartMessage = {line: {flags, given}, input, directory, id, isStderrTerminal: stderr.isTTY};
	// A process that has ended is noticed by its `disconnect`.
	child.send(message, () => undefined);
	// After all messages, unlike `exit`.
	const lost = await once(child, 'disconnect').then(
		() => null,
		(error: unknown) => (error as Error).message,
	);
	if (interrupted.aborted) {
		await exited;
		return exitStatusForSignal(interrupted.reason);
	}

	if (status === undefined) {
		const [lastLine = ''] = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-1);
		await removeForwardFiles(directory, id);
		throw new SpokeError('ERR_DETACHED_FORWARD', `the background process exited before the forward was ready: ${lost ?? lastLine}`);
	}

	child.unref();
	return status;
}

/** In a session and process group of its own, so that no terminal signals it. Its arguments have no flags: those can be credentials. */
function startForwardProcess(positionals: readonly string[], {log, env}: {log: string; env: NodeJS.ProcessEnv}): ChildProcess {
	const [program, ...args] = ownCommand();
	const output = openSync(log, 'ax', 0o600);
	try {
		return spawn(program, [...args, 'port-forward', ...positionals, '--detached'], {
			env,
			detached: true,
			stdio: ['ignore', output, output, 'ipc'],
			serialization: 'advanced',
		});
	} finally {
		closeSync(output);
	}
}

/**
Runs the forwards that the parent sends, until a signal or a failure, or until the state file is removed.
The parent reports a failure before the forward is ready; a later one goes to the log and the state file.
`run` is passed, because importing it would copy the streams into this part of the build.
@throws SpokeError ERR_USAGE without a parent that is spoke
*/
export async function serveDetached(own: PortForwardInvocation, run: typeof runForwards): Promise<number> {
	assertUsage(process.connected, '--detached is for the processes that spoke starts', 'pass --detach');
	const [start] = (await once(process, 'message')) as [StartMessage];
	return new DetachedForward(start).run({...own, ...start.line}, run);
}

/** The log file, which the parent has opened. */
const stderrDescriptor = 2;

class DetachedForward {
	readonly #start: StartMessage;
	readonly #log = new ForwardLog(stderrDescriptor);
	readonly #stdout: Output;
	readonly #stderr: Output;
	/** Prints as without --detach, except the path lines. */
	readonly #inParent: ForwardReporter;
	readonly #forwards: ReadonlyMap<string, ForwardStatus>;
	readonly #paths = new UnsettledPaths();
	readonly #stopping = new AbortController();
	readonly #startedAt = new Date().toISOString();
	#process: ProcessIdentity | null = null;
	/** On which it listens, or is about to. */
	#listeners: readonly DetachedListener[];
	#ended: DetachedForwardState['ended'] = null;
	#opened: OpenedForwards | undefined;
	#lastWrite: Promise<void> = Promise.resolve();
	/** The parent has printed all that it prints. */
	#isReady = false;

	constructor(start: StartMessage) {
		this.#start = start;
		this.#stdout = this.#parentOutput('stdout');
		this.#stderr = this.#parentOutput('stderr');
		this.#inParent = reporterFor(start.line.flags, this.#stdout, this.#stderr);
		this.#listeners = requestedListeners(start.input.targets);
		this.#forwards = new Map(start.input.targets.flatMap(({ports}) => ports.map(({id}) => [id, startingForward(id)])));
		process.once('disconnect', () => {
			if (!this.#isReady) {
				this.#stopping.abort();
			}
		});
	}

	/** Resolves to the exit status. */
	async run(invocation: PortForwardInvocation, run: typeof runForwards): Promise<number> {
		const {directory, id} = this.#start;
		try {
			await this.#createState();
			void this.#keepState();
			await this.#runForwards(invocation, run);
			await this.#lastWrite;
			await removeForwardFiles(directory, id);
			return exitStatus.ok;
		} catch (thrown) {
			const error = toSpokeError(thrown);
			this.#stopping.abort();
			await this.#lastWrite;
			this.#log.write(`${errorText(error)}\n`);
			if (this.#isReady) {
				this.#ended = {time: new Date().toISOString(), error: error.toJSON()};
				await this.#writeState();
			} else {
				await removeForwardFiles(directory, id);
				const totals = {connections: 0, failed: 0, up: 0, down: 0};
				this.#inParent.ended({exitStatus: error.exitStatus, reason: endReasonFor(error), signal: null, totals, error});
				// The `ended` event stays the last line of stdout.
				this.#stderr.write(`${toTerminalCharset(this.#stderr, errorText(error))}\n`);
				await this.#leaveParent(error.exitStatus);
			}

			return error.exitStatus;
		}
	}

	async #runForwards({flags, ...invocation}: PortForwardInvocation, run: typeof runForwards): Promise<void> {
		const logged = textReporter(this.#log, this.#log);
		let announced: Promise<void> = Promise.resolve();
		const {failure} = await run(
			// `spoke forwards list` shows the path, and the log its changes.
			{...invocation, stderr: this.#log, flags: {...flags, output: undefined, path: flags.path === 'never' ? 'never' : 'always'}},
			this.#start.input,
			{
				event: event => {
					this.#inParent.event(event);
					logged.event(event);
					updateStatus(this.#forwards.get(event.forward)!, event);
				},
				path: (forward, path) => {
					this.#inParent.path(forward, path);
					this.#paths.update(forward, path);
				},
				allReady: targets => {
					this.#inParent.allReady(targets);
					announced = this.#announce();
					announced.catch(() => {
						this.#stopping.abort();
					});
				},
				ended() {},
			},
			{
				signal: AbortSignal.any([invocation.interrupted, this.#stopping.signal]),
				onOpened: opened => {
					this.#opened = opened;
				},
			},
		);
		this.#stopping.abort();
		await announced;
		if (failure !== null || !this.#isReady) {
			throw failure ?? new SpokeError('ERR_DETACHED_FORWARD', 'the forward was stopped before it was ready');
		}
	}

	/** Before a port is bound, so that a forward that finds its port in use can name this one. */
	async #createState(): Promise<void> {
		this.#process = await readProcess(process.pid);
		if (!this.#process) {
			throw new SpokeError(
				'ERR_LOCAL_FILE',
				'cannot read the start time of the spoke process from the system, which `spoke forwards` needs to recognize it',
			);
		}

		await this.#writeState();
	}

	/** Until the state file is removed: without it, no command could find and stop the forward. */
	async #keepState(): Promise<void> {
		const {directory, id} = this.#start;
		const {signal} = this.#stopping;
		while (!signal.aborted) {
			await delayUpTo(stateIntervalMs, signal);
			if (!hasStateFile(directory, id)) {
				this.#stopping.abort();
			} else if (!signal.aborted) {
				// A state that is not written, because the disk is full, is soon not current.
				await this.#writeState().catch(() => undefined);
			}
		}
	}

	/** After the write before it, because both use one draft. */
	async #writeState(): Promise<void> {
		const write = this.#lastWrite.then(async () => writeState(this.#start.directory, this.#state()));
		this.#lastWrite = write.catch(() => undefined);
		return write;
	}

	#state(): DetachedForwardState {
		const {id, line} = this.#start;
		const labels = line.flags.path === 'never' ? null : Array.from(this.#opened?.labeler?.labels.values() ?? [], ({path}) => path);
		return {
			id,
			name: this.#name,
			process: this.#process!,
			startedAt: this.#startedAt,
			listeners: this.#listeners,
			context: this.#opened?.context ?? null,
			forwards: Array.from(this.#forwards.values(), forward => ({...forward, paths: labels && openPaths(forward.target, labels)})),
			ended: this.#ended,
		};
	}

	/** Unique among the detached forwards by its local port and host. */
	get #name(): string {
		const [{target, host, ports}] = this.#start.input.targets as [TargetWithPorts];
		return `${host ?? target.name}-${this.#listeners[0]?.port ?? ports[0]?.spec.remote}`;
	}

	async #announce(): Promise<void> {
		const {line, isStderrTerminal, directory, id} = this.#start;
		if (wantsPaths(line.flags, {isTTY: isStderrTerminal})) {
			await this.#paths.settled();
		}

		this.#listeners = [...this.#forwards.values()].flatMap(({host, listen}) =>
			[...new Set(listen.map(({port}) => port))].map(port => ({host, port})),
		);
		await this.#writeState();
		// It can have ended since.
		if (this.#stopping.signal.aborted) {
			return;
		}

		this.#printPaths();
		const name = this.#name;
		if (line.flags.output === 'json') {
			const detached = {event: 'detached', forward: null, name, pid: process.pid, log: logPath(directory, id)};
			writeJsonLine(this.#stdout, jsonObject('PortForwardEvent', detached));
		} else {
			this.#stderr.write(noticeLine(`detached as ${name}: ends with \`spoke forwards stop ${name}\``, this.#stderr));
		}

		this.#isReady = true;
		await this.#leaveParent(exitStatus.ok);
	}

	/** In the mode that --path names. JSON events suppress the line of `auto`. */
	#printPaths(): void {
		const {isStderrTerminal, line} = this.#start;
		const {path, output} = line.flags;
		if (path === 'json' || path === 'always' || (path === 'auto' && isStderrTerminal && output !== 'json')) {
			const paths = this.#state().forwards.flatMap(one => one.paths ?? []);
			const lines = paths.map(one => (path === 'json' ? jsonLine(one) : `${sanitizeLine(one.line)}\n`));
			this.#stderr.write([...new Set(lines)].join(''));
		}
	}

	#parentOutput(to: 'stdout' | 'stderr'): Output {
		return {
			isTTY: to === 'stderr' && this.#start.isStderrTerminal,
			write: (text: string) => {
				if (!this.#isReady && process.connected) {
					process.send!({to, text} satisfies ForwardMessage, undefined, undefined, () => undefined);
				}

				return true;
			},
		};
	}

	async #leaveParent(status: number): Promise<void> {
		if (process.connected) {
			await new Promise(resolve => {
				process.send!({exitStatus: status} satisfies ForwardMessage, undefined, undefined, resolve);
			});
			process.disconnect();
		}
	}
}
