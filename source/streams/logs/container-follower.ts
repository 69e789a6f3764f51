/** Follows one container over cuts, restarts and rotation, until it is done: which read comes next, and what it proves. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {abortableDelay} from '../../cluster/abortable.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {quoteForShell} from '../../text/quote-for-shell.ts';
import {currentInstance, type ContainerInstance} from './container-instance.ts';
import {ResumableLog, type ReadResult} from './resumable-log.ts';
import type {GapReason, LogEvent, LogSource} from './log-events.ts';
import {LogOutage} from './log-outage.ts';
import type {PodLogOptions} from './pod-log-options.ts';
import {RetryAfterError, type OpenLogOptions} from './open-log.ts';
import type {Semaphore} from './semaphore.ts';
import type {WatchedPod} from './watched-pod.ts';
import type {ApiserverCheck, StallTimeouts} from './stall-detector.ts';
import {drainTerminated} from './drain-terminated.ts';

export type ContainerFollowerOptions = OpenLogOptions & {
	/** What the first read asks: where to begin. */
	start: PodLogOptions;
	/** `container-end`: the first life's end is the end, as with kubectl. */
	until: 'pod-done' | 'container-end';
	/** How long to wait for a first life, milliseconds; 0 waits for good. */
	startLimitMs: number;
	/** False: the first cut is an error. */
	resume: boolean;
	/** How long lines may be held to be taken together. */
	gatherMs: number;
	gate: Semaphore;
	firstLeg: ApiserverCheck;
	quiet: StallTimeouts;
};

export type EmitLogEvent = (event: LogEvent) => Promise<void>;

/** The kubelet tells the apiserver of a container's new life about so late. */
const statusLagMs = 2500;
/** So long the pod's status and the kubelet may disagree at the start. */
const disagreeMs = 4 * statusLagMs;
const lookAgainMs = 250;

/**
Tells everything by `tell` and returns when the source is done.
@throws SpokeError when it could not begin, or when what failed will not mend by waiting
*/
export class ContainerFollower {
	readonly #view: WatchedPod;
	readonly #source: LogSource & {node: string | null};
	readonly #options: ContainerFollowerOptions;
	readonly #tell: EmitLogEvent;
	readonly #reads: ResumableLog;
	readonly #outage: LogOutage;
	readonly #startedAt = Date.now();
	/** The life that is being read, or was read last. */
	#life: ContainerInstance | null = null;
	/** Its log has been read to its end after it had ended. */
	#drained = false;
	#opened = false;
	#endsHere = false;
	#waitingSaid = '';

	constructor(cluster: ClusterClient, view: WatchedPod, source: LogSource, options: ContainerFollowerOptions, tell: EmitLogEvent) {
		this.#view = view;
		this.#source = source;
		this.#options = options;
		this.#tell = tell;
		this.#reads = new ResumableLog(cluster, source, options, tell);
		this.#outage = new LogOutage(source, tell, {...options, cluster});
	}

	async run(): Promise<void> {
		for (let pod = this.#seenRunning() ?? (await this.#readPod()); ; pod = await this.#readPod()) {
			const life = pod && currentInstance(pod, this.#source.container);
			if (!pod || !life) {
				await this.#tell({type: 'ended', source: this.#source, reason: 'pod-gone', ended: null});
				return;
			}

			this.#noteNode(pod);
			const next = await this.#whatNext(life);
			if (next === 'done') {
				await this.#tell({type: 'ended', source: this.#source, reason: 'container-ended', ended: life.ended ?? life.before});
				return;
			}

			if (next === 'wait') {
				await this.#wait(life);
				continue;
			}

			await this.#read();
			if (this.#endsHere) {
				await this.#tell({type: 'ended', source: this.#source, reason: 'container-ended', ended: this.#life!.before});
				return;
			}
		}
	}

	/** A pod may have come before the scheduler saw it. What is told and asked from then on names the node. */
	#noteNode({spec: {nodeName}}: PodObject): void {
		this.#source.node ??= nodeName ?? null;
		this.#options.target.node ??= nodeName ?? null;
	}

	/** The status decides; what a life left unread is fetched first. */
	async #whatNext(life: ContainerInstance): Promise<'read' | 'wait' | 'done'> {
		if (life.id === null && this.#life === null) {
			return life.state === 'over' ? 'done' : 'wait';
		}

		if (this.#life === null) {
			this.#life = life;
			return 'read';
		}

		if (life.id !== null && life.id !== this.#life.id) {
			const ended = this.#options.until === 'container-end';
			await this.#toNewLife(life, ended);
			return ended ? 'done' : 'read';
		}

		if (life.state === 'running') {
			if (!this.#options.resume && this.#outage.isOlderThan(statusLagMs)) {
				throw new SpokeError('ERR_STREAM_LOST', `the log of ${this.#source.pod} ended although container ${this.#source.container} runs`, {
					leg: 2,
				});
			}

			return this.#options.resume ? 'read' : 'wait';
		}

		this.#drained ||= await this.#drain({previous: false, gap: 'last-line-not-met'});

		return life.state === 'over' || this.#options.until === 'container-end' ? 'done' : 'wait';
	}

	/** First the rest of the life before, which the node keeps as `previous`. */
	async #toNewLife(life: ContainerInstance, onlyTheRest: boolean): Promise<void> {
		const missed = Math.max(1, life.restarts - this.#life!.restarts);
		if (!(this.#drained && missed === 1)) {
			await this.#drain({previous: true, gap: gapOf(missed, {drained: this.#drained})});
		}

		this.#life = life;
		this.#drained = false;
		this.#waitingSaid = '';
		this.#reads.beginLife();
		if (!onlyTheRest) {
			await this.#tell({type: 'restarted', source: this.#source, restarts: life.restarts, ended: life.before});
		}
	}

	/** What the life that ended still holds; gives whether that was read to its end. */
	async #drain(read: {previous: boolean; gap: GapReason | null}): Promise<boolean> {
		return drainTerminated(this.#reads, read, {gate: this.#options.gate, outage: this.#outage, signal: this.#options.signal});
	}

	/** One follow, until it ends in whatever way. */
	async #read(): Promise<void> {
		let ending: ReadResult;
		this.#outage.readBegins();
		try {
			ending = await this.#reads.follow(async () => this.#isNewLife(), {
				opened: async () => this.#nowOpen(),
				back: async continuity => this.#outage.back(continuity),
				unanswered: async () => this.#unanswered(),
				isOver: () => this.#endsHere,
			});
		} catch (thrown) {
			await this.#couldNotOpen(thrown);
			return;
		}

		if (!this.#opened) {
			await this.#nowOpen();
		}

		if (this.#endsHere) {
			return;
		}

		// Without an error the pod's status tells whether the container has ended or the way has.
		await (ending === null ? this.#outage.endedCleanly() : this.#outage.lost(ending));
	}

	async #couldNotOpen(thrown: unknown): Promise<void> {
		this.#options.signal?.throwIfAborted();
		if (!(thrown instanceof SpokeError)) {
			throw thrown;
		}

		const disagrees = thrown.code === 'ERR_TARGET_GONE' && Date.now() - this.#startedAt < disagreeMs;
		if (!this.#opened && !disagrees && !(thrown instanceof RetryAfterError)) {
			throw thrown;
		}

		if (disagrees) {
			// The pod's status and the kubelet do not agree for a moment.
			this.#life = this.#opened ? this.#life : null;
			await abortableDelay(lookAgainMs, this.#options.signal);
			return;
		}

		await this.#outage.lost(thrown);
	}

	async #unanswered(): Promise<void> {
		await this.#outage.unanswered();
		await (this.#opened ? this.#tell({type: 'asking', source: this.#source}) : undefined);
	}

	async #nowOpen(): Promise<void> {
		if (!this.#opened) {
			this.#opened = true;
			await this.#tell({type: 'opened', source: this.#source});
		}
	}

	/** Asked when a resumed answer does not hold the last line: a new life explains it, else the file was rotated. */
	async #isNewLife(): Promise<boolean> {
		for (const until = Date.now() + statusLagMs; ;) {
			const pod = await this.#view.read(this.#options.signal).catch(() => null);
			const life = pod && currentInstance(pod, this.#source.container);
			if (life && life.id !== null && life.id !== this.#life!.id) {
				this.#endsHere = this.#options.until === 'container-end';
				await this.#toNewLife(life, this.#endsHere);
				return true;
			}

			if (!life || Date.now() > until) {
				return false;
			}

			await abortableDelay(lookAgainMs, this.#options.signal);
		}
	}

	/** One that ran a moment ago need not be read again before its log is; one that did not may run by now. */
	#seenRunning(): PodObject | null {
		const pod = this.#view.fresh;
		return pod && currentInstance(pod, this.#source.container)?.state === 'running' ? pod : null;
	}

	async #readPod(): Promise<PodObject | null> {
		for (;;) {
			try {
				return await this.#options.gate.run(async () => this.#view.read(this.#options.signal));
			} catch (thrown) {
				this.#options.signal?.throwIfAborted();
				if (!(thrown instanceof SpokeError) || !this.#opened) {
					throw thrown;
				}

				await this.#outage.lost(thrown);
			}
		}
	}

	async #wait({reason, state, ended}: ContainerInstance): Promise<void> {
		const said = reason ?? (ended ? 'ended' : 'not started');
		if (this.#waitingSaid !== said && state !== 'running') {
			this.#waitingSaid = said;
			await this.#tell({type: 'waiting', source: this.#source, reason, ended});
		}

		const {startLimitMs, signal} = this.#options;
		if (this.#life === null && startLimitMs > 0 && Date.now() - this.#startedAt > startLimitMs) {
			throw notStarted(this.#source, startLimitMs, said);
		}

		await this.#view.change(signal);
		signal?.throwIfAborted();
	}
}

function notStarted({container, pod, namespace}: LogSource, limitMs: number, said: string): SpokeError {
	return new SpokeError('ERR_TARGET_GONE', `container ${container} of pod ${pod} did not start within ${limitMs / 1000} s: ${said}`, {
		remedy: `raise --pod-running-timeout, or see \`kubectl describe pod ${quoteForShell(pod)} -n ${quoteForShell(namespace)}\``,
	});
}

/** What may be missing when so many lives began since the last one that was read: none where that one was read to its end, and the one behind it is kept. */
function gapOf(missed: number, {drained}: {drained: boolean}): GapReason | null {
	if (missed === 1) {
		return 'last-line-not-met';
	}

	return missed === 2 && drained ? null : 'restarts-missed';
}
