/** Reports and retries of an interrupted log. */
import {abortableDelay, clampTimerMs} from '../../base/async/clock.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {type SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {Outage} from '../../cluster/outage.ts';
import {isStoppedByGate} from '../stream-gate.ts';
import type {Continuity} from './continuity-check.ts';
import type {EmitLogEvent, LogSource, ApiserverEvent} from './log-events.ts';
import {locateInterruption, locateInterruptionWithin, RetryAfterError} from './open-log.ts';

type OutageOptions = {
	source: LogSource;
	emit: EmitLogEvent;
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

/** The maximum is the longest delay after recovery. */
const backoff = {initialMs: 200, maxMs: 2000, jitter: [0.5, 1]} as const;

export class LogOutage {
	readonly #options: OutageOptions;
	readonly #outage = new Outage(backoff);
	#isReported = false;

	constructor(options: OutageOptions) {
		this.#options = options;
	}

	recordReadStart(): void {
		this.#outage.recordStart();
	}

	/** True also if the loss was not observed. */
	isOlderThan(ms: number): boolean {
		return (this.#outage.durationMs ?? Infinity) > ms;
	}

	/** Waits until the next attempt. */
	async handleCleanEnd(): Promise<void> {
		this.#outage.recordLoss();
		const delayMs = this.#outage.recordFailure();
		const retryInMs = this.#outage.attempt === 1 ? firstEndRetryDelayMs : delayMs;
		if (this.#outage.attempt > maxUnreportedEnds) {
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

		this.#outage.recordLoss();
		const isRefusal = error.code === 'ERR_FORBIDDEN' || error.code === 'ERR_CREDENTIALS';
		if (isRefusal && this.isOlderThan(maxRefusalMs)) {
			throw error;
		}

		const retryInMs = notBefore(error instanceof RetryAfterError ? error.retryAfterMs : 0, this.#outage.recordFailure());
		// The next attempt does not wait for the location.
		await Promise.all([
			abortableDelay(retryInMs, signal),
			locateInterruptionWithin(cluster, error, retryInMs, signal).then(async located => this.#reportReconnecting(retryInMs, located)),
		]);
	}

	async reportUnanswered(): Promise<void> {
		if (this.#outage.durationMs !== null && !this.#isReported) {
			await this.#reportReconnecting(0, null);
		}
	}

	async reportResumed(continuity: Continuity): Promise<void> {
		const outageMs = this.#outage.recordRecovery();
		const wasReported = this.#isReported;
		this.#isReported = false;
		if (wasReported) {
			await this.#options.emit({type: 'resumed', source: this.#options.source, outageMs, ...continuity});
		}
	}

	async #reportReconnecting(retryInMs: number, error: SpokeError | null): Promise<void> {
		this.#isReported = true;
		await this.#options.emit({type: 'reconnecting', source: this.#options.source, attempt: this.#outage.attempt, retryInMs, error});
	}

	#toStreamLostError(error: SpokeError): SpokeError {
		return error.code === 'ERR_STREAM_LOST'
			? error
			: error.withChanges({
					code: 'ERR_STREAM_LOST',
					message: `the log of ${this.#options.source.pod} was interrupted: ${error.message}`,
					remedy: null,
				});
	}
}

/** Milliseconds before an attempt, never below Retry-After, and spread beyond it. */
export function notBefore(retryAfterMs: number, delayMs: number, random: () => number = Math.random): number {
	return clampTimerMs(Math.max(retryAfterMs + random() * Math.min(retryAfterMs, 1000), delayMs));
}

/**
Yields nothing if the apiserver responds at once, whatever it says. Otherwise yields the outage once, and its end.
@throws SpokeError for what waiting does not fix, such as a certificate that is refused
*/
export async function* waitForApiserver(cluster: ClusterClient, signal: AbortSignal): AsyncGenerator<ApiserverEvent, void> {
	const outage = new Outage(retryBackoff);
	outage.recordLoss();
	for (let error = await outageOf(cluster, signal); error !== null; error = await outageOf(cluster, signal)) {
		const retryInMs = outage.recordFailure();
		if (outage.attempt === 1) {
			yield {type: 'apiserver-unreachable', error};
		}

		await abortableDelay(retryInMs, signal);
	}

	if (outage.attempt > 0) {
		yield {type: 'apiserver-reached', outageMs: outage.recordRecovery()};
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
