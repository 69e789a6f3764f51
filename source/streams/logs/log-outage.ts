/** Reports and retries of an interrupted log. */
import {abortableDelay, clampTimerMs} from '../../async/abortable.ts';
import {backoffMs, stableAfterMs, continuousMs} from '../../async/clock.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {type SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {isStoppedByGate} from '../stream-gate.ts';
import type {Continuity} from './continuity-check.ts';
import type {EmitLogEvent, LogSource, ApiserverEvent} from './log-events.ts';
import {locateInterruption, locateInterruptionWithin} from './log-error.ts';
import {RetryAfterError} from './open-log.ts';

type OutageOptions = {
	cluster: Pick<ClusterClient, 'connect' | 'records'>;
	resume: boolean;
	signal?: AbortSignal | undefined;
};

/** A starting apiserver refuses everyone for a while. */
const maxRefusalMs = 30_000;
/** Ends that are not reported, because the pod's status is updated some time after the container's end. */
const maxUnreportedEnds = 4;
const firstEndRetryDelayMs = 100;

const responseTimeoutMs = 10_000;
const retryBackoff = {initialMs: 500, maxMs: 5000, jitter: [0.5, 1.5]} as const;

export class LogOutage {
	readonly #source: LogSource;
	readonly #emit: EmitLogEvent;
	readonly #options: OutageOptions;
	#attempt = 0;
	#lostAt = 0;
	#isReported = false;
	#readStartedAt = 0;

	constructor(source: LogSource, emit: EmitLogEvent, options: OutageOptions) {
		this.#source = source;
		this.#emit = emit;
		this.#options = options;
	}

	recordReadStart(): void {
		this.#readStartedAt = continuousMs();
	}

	/** True also if the loss was not observed. */
	isOlderThan(ms: number): boolean {
		return continuousMs() - this.#lostAt > ms;
	}

	/** Waits until the next attempt. */
	async handleCleanEnd(): Promise<void> {
		this.#lostAt ||= continuousMs();
		this.#countAttempt();
		const retryInMs = this.#attempt === 1 ? firstEndRetryDelayMs : reconnectDelay(this.#attempt);
		if (this.#attempt > maxUnreportedEnds) {
			await this.#reportReconnecting(retryInMs, null);
		}

		await abortableDelay(retryInMs, this.#options.signal);
	}

	/** Waits until the next attempt. @throws SpokeError if `resume` is false or a retry cannot help */
	async handleLoss(error: SpokeError): Promise<void> {
		const {resume, signal, cluster} = this.#options;
		signal?.throwIfAborted();
		if (isStoppedByGate(error)) {
			throw error;
		}

		if (!resume) {
			throw this.#toStreamLostError(await locateInterruption(cluster, error, signal));
		}

		this.#lostAt ||= continuousMs();
		const isRefusal = error.code === 'ERR_FORBIDDEN' || error.code === 'ERR_CREDENTIALS';
		if (isRefusal && this.isOlderThan(maxRefusalMs)) {
			throw error;
		}

		this.#countAttempt();
		const retryInMs = reconnectDelay(this.#attempt, error instanceof RetryAfterError ? error.retryAfterMs : 0);
		// The next attempt does not wait for the location.
		await Promise.all([
			abortableDelay(retryInMs, signal),
			locateInterruptionWithin(cluster, error, retryInMs, signal).then(async located => this.#reportReconnecting(retryInMs, located)),
		]);
	}

	async reportUnanswered(): Promise<void> {
		if (this.#lostAt !== 0 && !this.#isReported) {
			await this.#reportReconnecting(0, null);
		}
	}

	async reportResumed(continuity: Continuity): Promise<void> {
		const outageMs = this.#lostAt === 0 ? 0 : continuousMs() - this.#lostAt;
		const wasReported = this.#isReported;
		this.#lostAt = 0;
		this.#isReported = false;
		if (wasReported) {
			await this.#emit({type: 'resumed', source: this.#source, outageMs, ...continuity});
		}
	}

	async #reportReconnecting(retryInMs: number, error: SpokeError | null): Promise<void> {
		this.#isReported = true;
		await this.#emit({type: 'reconnecting', source: this.#source, attempt: this.#attempt, retryInMs, error});
	}

	/** A failure after a stable read is a first attempt. */
	#countAttempt(): void {
		const wasStable = this.#readStartedAt > 0 && continuousMs() - this.#readStartedAt > stableAfterMs;
		this.#readStartedAt = 0;
		this.#attempt = wasStable ? 1 : this.#attempt + 1;
	}

	#toStreamLostError(error: SpokeError): SpokeError {
		return error.code === 'ERR_STREAM_LOST'
			? error
			: error.withChanges({
					code: 'ERR_STREAM_LOST',
					message: `the log of ${this.#source.pod} was interrupted: ${error.message}`,
					remedy: null,
				});
	}
}

/** The maximum is the longest delay after recovery. */
const backoff = {initialMs: 200, maxMs: 2000, jitter: [0.5, 1]} as const;

/** Milliseconds before `attempt` (from 1), never below Retry-After. */
export function reconnectDelay(attempt: number, retryAfterMs = 0, random: () => number = Math.random): number {
	return clampTimerMs(Math.max(retryAfterMs + random() * Math.min(retryAfterMs, 1000), backoffMs(attempt, backoff, random)));
}

/**
Yields nothing if the apiserver responds at once, whatever it says. Otherwise yields the outage once, and its end.
@throws SpokeError for what waiting does not fix, such as a certificate that is refused
*/
export async function* waitForApiserver(cluster: ClusterClient, signal: AbortSignal): AsyncGenerator<ApiserverEvent, void> {
	const startedAt = continuousMs();
	for (let attempt = 1; ; attempt++) {
		const error = await outageOf(cluster, signal);
		if (error === null) {
			if (attempt > 1) {
				yield {type: 'apiserver-reached', outageMs: continuousMs() - startedAt};
			}

			return;
		}

		if (attempt === 1) {
			yield {type: 'apiserver-unreachable', error};
		}

		await abortableDelay(backoffMs(attempt, retryBackoff), signal);
	}
}

/** `null` if it responds. */
async function outageOf(cluster: ClusterClient, signal: AbortSignal): Promise<SpokeError | null> {
	try {
		const {body} = await cluster.request({path: '/version', timeoutMs: responseTimeoutMs, signal});
		body.resume();
		return null;
	} catch (thrown) {
		signal.throwIfAborted();
		const error = toSpokeError(thrown);
		if (error.code === 'ERR_APISERVER_UNREACHABLE' || error.code === 'ERR_APISERVER_TIMEOUT') {
			return error;
		}

		throw error;
	}
}
