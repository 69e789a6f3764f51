/** The background process of `spoke port-forward --detach`. */
import {once} from 'node:events';
import process from 'node:process';
import {delayUpTo} from '../../async/abortable.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {jsonLine} from '../../output/json-line.ts';
import type {ForwardEvent} from '../../streams/port-forward/forward-event.ts';
import {errorText} from '../../text/error-text.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import {
	assertPortsAreFree,
	confirmState,
	hasStateFile,
	removeForwardFiles,
	stateIntervalMs,
	writeState,
	type DetachedForwardState,
	type DetachedListener,
	type ForwardStatus,
} from '../forwards/detached-forward-state.ts';
import {ForwardLog} from '../forwards/forward-log.ts';
import {readProcess} from '../forwards/process-identity.ts';
import type {ForwardMessage, StartMessage} from './detach.ts';
import {requestedListeners} from './forward-arguments.ts';
import {endReasonFor, jsonReporter} from './json-reporter.ts';
import {openPaths, UnsettledPaths, wantsPaths} from './path-events.ts';
import type {OpenedForwards, PortForwardInvocation, runForwards} from './run-forwards.ts';
import {textReporter} from './text-reporter.ts';

/**
Runs the forwards that the parent sends, until a signal or a failure, or until the state file is removed.
The parent reports a failure before the forward is ready; a later one goes to the log and the state file.
`run` is passed, because importing it would copy the streams into this part of the build.
@throws SpokeError ERR_USAGE without a parent that is spoke
*/
export async function serveDetached(own: PortForwardInvocation, run: typeof runForwards): Promise<number> {
	if (!process.connected) {
		throw new SpokeError('ERR_USAGE', '--detached is for the processes that spoke starts', {remedy: 'pass --detach'});
	}

	const [start] = (await once(process, 'message')) as [StartMessage];
	const forward = new DetachedForward(start);
	process.once('disconnect', () => {
		forward.stopUnlessReady();
	});
	return forward.run({...own, ...start.line}, run);
}

/** The log file, which the parent has opened. */
const stderrDescriptor = 2;

class DetachedForward {
	readonly #start: StartMessage;
	readonly #log = new ForwardLog(stderrDescriptor);
	readonly #forwards: ReadonlyMap<string, ForwardStatus>;
	readonly #paths = new UnsettledPaths();
	readonly #stopping = new AbortController();
	#opened: OpenedForwards | undefined;
	#state: DetachedForwardState | undefined;
	#written = '';
	#lastWrite: Promise<void> = Promise.resolve();
	/** The parent has printed all that it prints. */
	#isReady = false;

	constructor(start: StartMessage) {
		this.#start = start;
		this.#forwards = new Map(start.input.targets.flatMap(({ports}) => ports.map(({id}) => [id, startingForward(id)])));
	}

	stopUnlessReady(): void {
		if (!this.#isReady) {
			this.#stopping.abort();
		}
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
				await writeState(directory, {...this.#state!, ended: {time: new Date().toISOString(), error: error.toJSON()}});
			} else {
				await removeForwardFiles(directory, id);
				const totals = {connections: 0, failed: 0, up: 0, down: 0};
				this.#parentReporter().ended({exitStatus: error.exitStatus, reason: endReasonFor(error), signal: null, totals, error});
				await this.#leaveParent({type: 'failed', error: {...error.toJSON(), asKubectl: error.asKubectl}});
			}

			return error.exitStatus;
		}
	}

	async #runForwards({flags, ...invocation}: PortForwardInvocation, run: typeof runForwards): Promise<void> {
		const {directory, id, input} = this.#start;
		const reporters = [this.#parentReporter(), textReporter(this.#log, this.#log)];
		let announced: Promise<void> = Promise.resolve();
		const {failure} = await run(
			// `spoke forwards list` shows the path, and the log its changes.
			{...invocation, stderr: this.#log, flags: {...flags, output: undefined, path: flags.path === 'never' ? 'never' : 'always'}},
			input,
			{
				event: event => {
					for (const reporter of reporters) {
						reporter.event(event);
					}

					updateStatus(this.#forwards.get(event.forward)!, event);
				},
				path: (forward, path) => {
					reporters[0]!.path(forward, path);
					this.#paths.update(forward, path);
				},
				allReady: targets => {
					reporters[0]!.allReady(targets);
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
		if (failure?.code === 'ERR_PORT_IN_USE') {
			// Another detached forward can have bound the port at the same moment.
			await assertPortsAreFree(directory, requestedListeners(input.targets), id);
		}

		if (failure !== null || !this.#isReady) {
			throw failure ?? new SpokeError('ERR_DETACHED_FORWARD', 'the forward was stopped before it was ready');
		}
	}

	/** Before a port is bound, so that a forward that finds its port in use can name this one. */
	async #createState(): Promise<void> {
		const own = await readProcess(process.pid);
		if (own === null) {
			throw new SpokeError(
				'ERR_LOCAL_FILE',
				'cannot read the start time of the spoke process from the system, which `spoke forwards` needs to recognize it',
			);
		}

		const {id, input} = this.#start;
		const listeners = requestedListeners(input.targets);
		this.#state = {
			id,
			name: this.#nameFor(listeners),
			process: own,
			startedAt: new Date().toISOString(),
			listeners,
			context: null,
			forwards: [],
			ended: null,
		};
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
		const write = this.#lastWrite.then(async () => this.#writeCurrentState());
		this.#lastWrite = write.catch(() => undefined);
		return write;
	}

	async #writeCurrentState(): Promise<void> {
		const {directory, id, line} = this.#start;
		const labels = line.flags.path === 'never' ? null : Array.from(this.#opened?.labeler?.labels.values() ?? [], ({path}) => path);
		this.#state = {
			...this.#state!,
			context: this.#opened?.context ?? null,
			forwards: [...this.#forwards.values()].map(forward => ({...forward, paths: labels && openPaths(forward.target, labels)})),
		};
		const text = JSON.stringify(this.#state);
		if (text === this.#written) {
			await confirmState(directory, id);
		} else {
			await writeState(directory, this.#state);
			this.#written = text;
		}
	}

	async #announce(): Promise<void> {
		const listeners = [...this.#forwards.values()].flatMap(({host, listen}) =>
			[...new Set(listen.map(({port}) => port))].map(port => ({host, port})),
		);
		const name = this.#nameFor(listeners);
		if (wantsPaths(this.#start.line.flags, {isTTY: this.#start.isStderrTerminal})) {
			await this.#paths.settled();
		}

		this.#state = {...this.#state!, name, listeners};
		await this.#writeState();
		// It can have ended since.
		if (!this.#stopping.signal.aborted) {
			this.#printPaths(this.#state.forwards.flatMap(({paths}) => paths ?? []));
			this.#isReady = true;
			await this.#leaveParent({type: 'ready', name, pid: process.pid});
		}
	}

	/** Unique among the detached forwards by its local port and host. */
	#nameFor([listener]: readonly DetachedListener[]): string {
		const [{target, host, ports} = {target: {name: 'forward'}, host: undefined, ports: []}] = this.#start.input.targets;
		return `${host ?? target.name}-${listener?.port ?? ports[0]?.spec.remote}`;
	}

	/** Prints as without --detach, except the path lines. */
	#parentReporter() {
		const [stdout, stderr] = [this.#parentOutput('stdout'), this.#parentOutput('stderr')];
		return this.#start.line.flags.output === 'json' ? jsonReporter(stdout, stderr) : textReporter(stdout, stderr);
	}

	/** In the mode that --path names. JSON events suppress the line of `auto`. */
	#printPaths(paths: readonly Path[]): void {
		const {isStderrTerminal, line} = this.#start;
		const {path, output} = line.flags;
		if (path === 'json' || path === 'always' || (path === 'auto' && isStderrTerminal && output !== 'json')) {
			const lines = paths.map(one => (path === 'json' ? jsonLine(one) : `${sanitizeLine(one.line)}\n`));
			this.#parentOutput('stderr').write([...new Set(lines)].join(''));
		}
	}

	#parentOutput(to: 'stdout' | 'stderr') {
		return {
			isTTY: to === 'stderr' && this.#start.isStderrTerminal,
			write: (text: string) => {
				if (!this.#isReady && process.connected) {
					process.send!({type: 'output', to, text} satisfies ForwardMessage, undefined, undefined, () => undefined);
				}

				return true;
			},
		};
	}

	/** The last message. */
	async #leaveParent(message: ForwardMessage): Promise<void> {
		if (process.connected) {
			await new Promise(resolve => {
				process.send!(message, undefined, undefined, resolve);
			});
			process.disconnect();
		}
	}
}

function startingForward(forward: string): ForwardStatus {
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

function updateStatus(status: ForwardStatus, event: ForwardEvent): void {
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

		case 'moved': {
			Object.assign(status, {state: 'ready', error: null, target: target && {...target, ...event.to, node: null}});
			break;
		}

		case 'interrupted': {
			Object.assign(status, {state: 'interrupted', error: event.error.toJSON()});
			break;
		}

		case 'restored': {
			Object.assign(status, {state: 'ready', error: null});
			break;
		}

		default:
	}
}
