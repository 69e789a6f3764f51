/** The background process of `spoke port-forward --detach`. */
import process from 'node:process';
import {delayUpTo} from '../../async/abortable.ts';
import {assertPortsAreFree} from '../../detached-forwards/assert-ports-are-free.ts';
import {chooseSocketPath, serveControl, type ForwardStatus} from '../../detached-forwards/control-socket.ts';
import {ForwardLog} from '../../detached-forwards/forward-log.ts';
import {
	hasStateFile,
	logPath,
	saveEnd,
	removeForwardFiles,
	writeState,
	type DetachedForwardState,
	type DetachedListener,
} from '../../detached-forwards/detached-forward-state.ts';
import {isProcessRunning, readProcess} from '../../detached-forwards/process-identity.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {errorText} from '../../text/error-text.ts';
import type {StartMessage} from './detach-messages.ts';
import {requestedListeners} from './forward-arguments.ts';
import {ForwardStatuses} from './forward-statuses.ts';
import {endReasonFor} from './json-reporter.ts';
import {ParentProcess} from './parent-process.ts';
import type {OpenedForwards, PortForwardInvocation, runForwards} from './run-forwards.ts';
import {textReporter} from './text-reporter.ts';
import {UnsettledPaths} from './unsettled-paths.ts';

/**
Runs the forwards that the parent sends, until a request to stop, the end of the session leader, a signal or a failure.
The parent reports a failure before the forward is ready; a later one goes to the log and the state file.
`run` is passed, because importing it would copy the streams into this part of the build.
@throws SpokeError ERR_USAGE without a parent that is spoke
*/
export async function serveDetached(own: PortForwardInvocation, run: typeof runForwards): Promise<number> {
	const parent = new ParentProcess();
	const start = await parent.receiveStart();
	const {directory, id} = start;
	const log = new ForwardLog(stderrDescriptor);
	try {
		await new DetachedForward({start, parent, log}).run({...own, ...start.line}, run);
		await removeForwardFiles(directory, id);
		return exitStatus.ok;
	} catch (thrown) {
		const error = toSpokeError(thrown);
		log.write(`${errorText(error)}\n`);
		if (parent.hasDetached) {
			await saveEnd(directory, id, error.toJSON());
		} else {
			await removeForwardFiles(directory, id);
			await parent.sendFailure(error);
		}

		return error.exitStatus;
	} finally {
		parent.disconnect();
	}
}

class DetachedForward {
	readonly #start: StartMessage;
	readonly #parent: ParentProcess;
	readonly #log: ForwardLog;
	readonly #statuses: ForwardStatuses;
	readonly #paths = new UnsettledPaths();
	readonly #stopping = new AbortController();
	#opened: OpenedForwards | undefined;

	constructor({start, parent, log}: {start: StartMessage; parent: ParentProcess; log: ForwardLog}) {
		this.#start = start;
		this.#parent = parent;
		this.#log = log;
		this.#statuses = new ForwardStatuses(start.input.targets);
	}

	/** @throws SpokeError of a forward, or if it was stopped before it was ready */
	async run(invocation: PortForwardInvocation, run: typeof runForwards): Promise<void> {
		const {directory} = this.#start;
		const state = await this.#createState();
		const control = await serveControl(state.socket, {
			status: () => ({context: this.#opened?.context ?? null, forwards: this.#list()}),
			stop: () => {
				// After the response.
				setImmediate(() => {
					this.#stopping.abort();
				});
				return {pid: process.pid};
			},
		});
		try {
			// Before a port is bound, so that a forward that finds its port in use can name this one.
			await writeState(directory, state);
			this.#parent.onLost(() => {
				this.#stopping.abort();
			});
			void this.#stopWithSession();
			await this.#runForwards(invocation, state, run);
		} finally {
			this.#stopping.abort();
			control.close();
		}
	}

	async #runForwards({flags, ...invocation}: PortForwardInvocation, state: DetachedForwardState, run: typeof runForwards): Promise<void> {
		const reporter = this.#parent.createReporter();
		const logReporter = textReporter(this.#log, this.#log);
		let announced: Promise<void> = Promise.resolve();
		const {failure, totals} = await run(
			// `spoke forwards list` shows the path, and the log its changes.
			{...invocation, stderr: this.#log, flags: {...flags, output: undefined, path: flags.path === 'never' ? 'never' : 'always'}},
			this.#start.input,
			{
				event: event => {
					reporter.event(event);
					logReporter.event(event);
					this.#statuses.update(event);
				},
				path: (forward, path) => {
					reporter.path(forward, path);
					this.#paths.update(forward, path);
				},
				allReady: targets => {
					reporter.allReady(targets);
					announced = this.#announce(state);
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
		try {
			await announced;
			if (failure !== null) {
				throw failure.code === 'ERR_PORT_IN_USE' ? await this.#ownerOfPort(failure) : failure;
			}

			if (!this.#parent.hasDetached) {
				throw new SpokeError('ERR_DETACHED_FORWARD', 'the forward was stopped before it was ready');
			}
		} catch (thrown) {
			const error = toSpokeError(thrown);
			reporter.ended({exitStatus: error.exitStatus, reason: endReasonFor(error), signal: null, totals, error});
			throw error;
		}
	}

	async #createState(): Promise<DetachedForwardState> {
		const {directory, id, sessionLeader} = this.#start;
		const own = await readProcess(process.pid);
		if (own === null) {
			throw new SpokeError(
				'ERR_LOCAL_FILE',
				'cannot read the start time of the spoke process from the system, which `spoke forwards` needs to recognize it',
			);
		}

		const listeners = requestedListeners(this.#start.input.targets);
		return {
			id,
			name: this.#nameFor(listeners),
			process: {pid: own.pid, startTime: own.startTime},
			sessionLeader,
			startedAt: new Date().toISOString(),
			listeners,
			log: logPath(directory, id),
			socket: await chooseSocketPath(directory, id),
			ended: null,
		};
	}

	/** Unique among the detached forwards by its local port and host. */
	#nameFor([listener]: readonly DetachedListener[]): string {
		const [{target, host, ports} = {target: {name: 'forward'}, host: undefined, ports: []}] = this.#start.input.targets;
		return `${host ?? target.name}-${listener?.port ?? ports[0]?.spec.remote}`;
	}

	#list(): readonly ForwardStatus[] {
		return this.#statuses.list(this.#start.line.flags.path === 'never' ? null : (this.#opened?.labeler?.labels.values() ?? []));
	}

	async #announce(state: DetachedForwardState): Promise<void> {
		const {listeners} = this.#statuses;
		const name = this.#nameFor(listeners);
		await writeState(this.#start.directory, {...state, name, listeners});
		if (this.#parent.wantsPaths) {
			await this.#paths.settled();
			this.#parent.printPaths(this.#list().flatMap(({paths}) => paths ?? []));
		}

		// It can have ended since.
		if (!this.#stopping.signal.aborted) {
			this.#parent.sendReady(name);
		}
	}

	/** Also if the state file is removed: without it, no command could find and stop the forward. */
	async #stopWithSession(): Promise<void> {
		const {directory, id, sessionLeader} = this.#start;
		const {signal} = this.#stopping;
		while (!signal.aborted) {
			await delayUpTo(watchIntervalMs, signal);
			if (!hasStateFile(directory, id) || (sessionLeader !== null && !(await isProcessRunning(sessionLeader).catch(() => true)))) {
				this.#stopping.abort();
			}
		}
	}

	/** Another detached forward can have bound the port at the same moment. */
	async #ownerOfPort(failure: SpokeError): Promise<SpokeError> {
		const {directory, id} = this.#start;
		try {
			await assertPortsAreFree(directory, requestedListeners(this.#start.input.targets), id);
			return failure;
		} catch (thrown) {
			return toSpokeError(thrown);
		}
	}
}

/** The log file; the parent has opened it. */
const stderrDescriptor = 2;

/** Each look at the session leader starts a program where there is no /proc. */
const watchIntervalMs = process.platform === 'linux' ? 1000 : 5000;
