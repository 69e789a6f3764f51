/** Follows one container over interruptions, restarts and log rotation. */
import {abortableDelay, monotonicMs} from '../../base/async/clock.ts';
import {isSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import {currentInstance, type ContainerInstance, type WatchedPod} from './container-instance.ts';
import {ResumableLog, type DrainRead, type ReadResult, type ResumableLogOptions} from './resumable-log.ts';
import type {GapReason, LogSource} from './log-events.ts';
import {LogOutage} from './log-outage.ts';
import {RetryAfterError} from './open-log.ts';
import {drainTerminated} from './drain-terminated.ts';

export type ContainerFollowerOptions = ResumableLogOptions & {
	watchedPod: WatchedPod;
	source: LogSource & {node: string | null};
	/** `container-end`: only the first instance, as in kubectl. */
	until: 'pod-done' | 'container-end';
	/** Time for the first instance to start; 0 means no limit. */
	startTimeoutMs: number;
	/** Whether a first read that failed is tried again. */
	retriesFirstRead: (error: SpokeError) => boolean;
	/** Called once, before the event `opened`. */
	onFirstOpened: () => void;
	resume: boolean;
};

/** How long the pod's status can lag behind a restart. */
const statusLagMs = 2500;
/** The pod's status and the kubelet can disagree this long at the start. */
const disagreementTimeoutMs = 4 * statusLagMs;
const recheckDelayMs = 250;
/** How long lines wait for a pod that cannot be read: a starting apiserver refuses everyone for a while. */
const unreadableTimeoutMs = 30_000;

/** @throws SpokeError if the follow cannot start, or waiting cannot help */
export class ContainerFollower {
	readonly #options: ContainerFollowerOptions;
	readonly #log: ResumableLog;
	readonly #outage: LogOutage;
	readonly #startedAt = monotonicMs();
	#instance: ContainerInstance | null = null;
	/** Whether the log was read to its end after the container terminated. */
	#drained = false;
	/** Whether the last read of this instance did not end cleanly, or there was none yet. */
	#mayMissEnd = false;
	#hasOpened = false;
	#shouldEnd = false;
	#reportedReason = '';

	constructor(options: ContainerFollowerOptions) {
		this.#options = options;
		this.#log = new ResumableLog(options);
		this.#outage = new LogOutage(options);
	}

	async run(): Promise<void> {
		for (let pod = this.#recentRunningPod() ?? (await this.#readPod()); ; pod = await this.#readPod()) {
			const instance = pod && currentInstance(pod, this.#options.source.container);
			if (!pod || !instance) {
				await (this.#mayMissEnd ? this.#log.reportGap('log-gone') : undefined);
				await this.#options.emit({type: 'ended', source: this.#options.source, reason: 'pod-gone', ended: null});
				return;
			}

			this.#recordNode(pod);
			const next = await this.#nextStep(instance);
			if (next === 'done') {
				await this.#options.emit({
					type: 'ended',
					source: this.#options.source,
					reason: 'container-ended',
					ended: instance.ended ?? instance.previous,
					...(pod.metadata.deletionTimestamp !== undefined && {isPodDeleted: true}),
				});
				return;
			}

			if (next === 'replaced') {
				continue;
			}

			if (next === 'wait') {
				await this.#wait(instance);
				continue;
			}

			await this.#read();
			if (this.#shouldEnd) {
				await this.#options.emit({type: 'ended', source: this.#options.source, reason: 'container-ended', ended: this.#instance!.previous});
				return;
			}
		}
	}

	#recordNode({spec: {nodeName}}: PodObject): void {
		this.#options.source.node ??= nodeName ?? null;
		this.#options.target.node ??= nodeName ?? null;
	}

	async #nextStep(instance: ContainerInstance): Promise<'read' | 'wait' | 'replaced' | 'done'> {
		if (instance.id === null && this.#instance === null) {
			return instance.state === 'terminated' ? 'done' : 'wait';
		}

		if (this.#instance === null) {
			this.#instance = instance;
			this.#mayMissEnd = true;
			return 'read';
		}

		if (instance.id !== null && instance.id !== this.#instance.id) {
			const ended = this.#options.until === 'container-end';
			await this.#switchInstance(instance, ended);
			return ended ? 'done' : 'read';
		}

		if (instance.state === 'running') {
			if (!this.#options.resume && this.#outage.isOlderThan(statusLagMs)) {
				throw new SpokeError(
					'ERR_STREAM_LOST',
					`the log of ${this.#options.source.pod} ended although container ${this.#options.source.container} is running`,
					{
						leg: 2,
					},
				);
			}

			return this.#options.resume ? 'read' : 'wait';
		}

		if (!this.#drained) {
			const end = await this.#drain({
				previous: false,
				gap: 'last-line-not-met',
				isReplaced: async () => (await this.#nextInstance()) !== null,
			});
			if (end === 'replaced') {
				return 'replaced';
			}

			this.#drained = end === 'drained';
			this.#mayMissEnd &&= !this.#drained;
		}

		return instance.state === 'terminated' || this.#options.until === 'container-end' ? 'done' : 'wait';
	}

	/** First drains the previous instance. */
	async #switchInstance(instance: ContainerInstance, drainOnly: boolean): Promise<void> {
		const startCount = Math.max(1, instance.restarts - this.#instance!.restarts);
		if (!(this.#drained && startCount === 1)) {
			await this.#drain({previous: true, gap: restartGap(startCount, {drained: this.#drained}), isReplaced: async () => false});
		}

		this.#instance = instance;
		this.#drained = false;
		this.#mayMissEnd = true;
		this.#reportedReason = '';
		this.#log.startInstance();
		if (!drainOnly) {
			await this.#options.emit({type: 'restarted', source: this.#options.source, restarts: instance.restarts, ended: instance.previous});
		}
	}

	async #drain(read: DrainRead): ReturnType<typeof drainTerminated> {
		return drainTerminated(this.#log, read, {semaphore: this.#options.semaphore, outage: this.#outage, signal: this.#options.signal});
	}

	async #read(): Promise<void> {
		let result: ReadResult;
		this.#outage.recordReadStart();
		try {
			result = await this.#log.follow(async () => this.#hasRestarted(), {
				onOpened: async () => this.#reportOpened(),
				onResumed: async continuity => this.#outage.reportResumed(continuity),
				onUnanswered: async () => this.#reportUnanswered(),
				hasEnded: () => this.#shouldEnd,
			});
		} catch (thrown) {
			await this.#handleOpenFailure(thrown);
			return;
		}

		if (!this.#hasOpened) {
			await this.#reportOpened();
		}

		if (this.#shouldEnd) {
			return;
		}

		this.#mayMissEnd = result !== null;
		// Only the pod's status shows whether the container or the connection ended.
		await (result === null ? this.#outage.handleCleanEnd() : this.#outage.handleLoss(result));
	}

	async #handleOpenFailure(thrown: unknown): Promise<void> {
		this.#options.signal?.throwIfAborted();
		if (!isSpokeError(thrown)) {
			throw thrown;
		}

		const disagrees = thrown.code === 'ERR_TARGET_GONE' && monotonicMs() - this.#startedAt < disagreementTimeoutMs;
		if (!disagrees && !(thrown instanceof RetryAfterError) && !this.#canRetry(thrown)) {
			throw thrown;
		}

		if (disagrees) {
			// The pod's status and the kubelet disagree for a moment.
			this.#instance = this.#hasOpened ? this.#instance : null;
			this.#mayMissEnd &&= this.#instance !== null;
			await abortableDelay(recheckDelayMs, this.#options.signal);
			return;
		}

		await this.#outage.handleLoss(thrown);
	}

	#canRetry(error: SpokeError): boolean {
		return this.#hasOpened || this.#options.retriesFirstRead(error);
	}

	async #reportUnanswered(): Promise<void> {
		await this.#outage.reportUnanswered();
		await (this.#hasOpened ? this.#options.emit({type: 'asking', source: this.#options.source}) : undefined);
	}

	async #reportOpened(): Promise<void> {
		if (!this.#hasOpened) {
			this.#hasOpened = true;
			this.#options.onFirstOpened();
			await this.#options.emit({type: 'opened', source: this.#options.source});
		}
	}

	/** A resumed response without the last line means a restart or a log rotation. */
	async #hasRestarted(): Promise<boolean> {
		const next = await this.#nextInstance();
		if (next === null) {
			return false;
		}

		this.#shouldEnd = this.#options.until === 'container-end';
		await this.#switchInstance(next, this.#shouldEnd);
		return true;
	}

	/** Waits for the pod's status, which shows a restart late. `null` if the instance is still the same, the pod is gone or unreadable. */
	async #nextInstance(): Promise<ContainerInstance | null> {
		const startedAt = monotonicMs();
		// A status can be outdated for as long after an outage as before.
		let readableSince: number | null = null;
		for (;;) {
			const pod = await this.#options.watchedPod.read(this.#options.signal).catch(() => 'unreadable' as const);
			this.#options.signal?.throwIfAborted();
			const now = monotonicMs();
			if (pod === 'unreadable') {
				readableSince = null;
				if (now - startedAt > unreadableTimeoutMs) {
					return null;
				}
			} else {
				readableSince ??= now;
				const instance = pod && currentInstance(pod, this.#options.source.container);
				if (instance && instance.id !== null && instance.id !== this.#instance!.id) {
					return instance;
				}

				if (!instance || now - readableSince > statusLagMs) {
					return null;
				}
			}

			await abortableDelay(recheckDelayMs, this.#options.signal);
		}
	}

	/** A pod that ran a moment ago need not be read again. */
	#recentRunningPod(): PodObject | null {
		const pod = this.#options.watchedPod.recent;
		return pod && currentInstance(pod, this.#options.source.container)?.state === 'running' ? pod : null;
	}

	async #readPod(): Promise<PodObject | null> {
		for (;;) {
			try {
				return await this.#options.semaphore.run(async () => this.#options.watchedPod.read(this.#options.signal));
			} catch (thrown) {
				this.#options.signal?.throwIfAborted();
				if (!isSpokeError(thrown) || !this.#canRetry(thrown)) {
					throw thrown;
				}

				await this.#outage.handleLoss(thrown);
			}
		}
	}

	async #wait({reason, message, state, ended}: ContainerInstance): Promise<void> {
		const description = reason ?? (ended ? 'ended' : 'not started');
		// The message of a crash loop changes with each delay.
		const reported = reason === 'CrashLoopBackOff' ? reason : `${description} ${message}`;
		if (this.#reportedReason !== reported && state !== 'running') {
			this.#reportedReason = reported;
			await this.#options.emit({type: 'waiting', source: this.#options.source, reason, message, ended});
		}

		const {startTimeoutMs, signal} = this.#options;
		if (this.#instance === null && startTimeoutMs > 0 && monotonicMs() - this.#startedAt > startTimeoutMs) {
			throw notStartedError(this.#options.source, startTimeoutMs, description);
		}

		await this.#options.watchedPod.change(signal);
		signal?.throwIfAborted();
	}
}

function notStartedError({container, pod, namespace}: LogSource, timeoutMs: number, description: string): SpokeError {
	return new SpokeError(
		'ERR_TARGET_GONE',
		`container ${container} of pod ${pod} did not start within ${timeoutMs / 1000} s: ${description}`,
		{
			remedy: `raise --pod-running-timeout, or see \`kubectl describe pod ${quoteForShell(pod)} -n ${quoteForShell(namespace)}\``,
		},
	);
}

/** Two starts leave no gap after a drain: the node keeps one previous log. */
function restartGap(startCount: number, {drained}: {drained: boolean}): GapReason | null {
	if (startCount === 1) {
		return 'last-line-not-met';
	}

	return startCount === 2 && drained ? null : 'restarts-missed';
}
