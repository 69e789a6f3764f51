/** Outages of one log: reports, retry delays and the resume. */
import {abortableDelay, clampTimerMs} from '../../cluster/abortable.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import type {Continuity} from './continuity-check.ts';
import type {LogEvent, LogSource} from './log-events.ts';
import {locateInterruption, locateInterruptionWithin} from './log-interruption.ts';
import {RetryAfterError} from './open-log.ts';

export type OutageOptions = {
	/** Which is asked where a cut was. */
	cluster: Pick<ClusterClient, 'connect'>;
	/** False: the first cut is an error. */
	resume: boolean;
	signal?: AbortSignal | undefined;
};

/** How long a refusal of the user's own may last before it is believed: an apiserver that starts refuses everybody for a while. */
const maxRefusalMs = 30_000;
/** A read that lasted so long was good: what ends it is no repetition of what ended the one before. */
const stableAfterMs = 3000;
/** The kubelet's word of a container's end comes to the apiserver a little later, so so many clean ends are no news. */
const maxUnreportedEnds = 4;
const firstEndRetryDelayMs = 100;

export class LogOutage {
	readonly #source: LogSource;
	readonly #emit: (event: LogEvent) => Promise<void>;
	readonly #options: OutageOptions;
	#attempt = 0;
	#lostAt = 0;
	#isReported = false;
	#readStartedAt = 0;

	constructor(source: LogSource, emit: (event: LogEvent) => Promise<void>, options: OutageOptions) {
		this.#source = source;
		this.#emit = emit;
		this.#options = options;
	}

	/** A read begins: when it ends, it may have been a good one. */
	recordReadStart(): void {
		this.#readStartedAt = Date.now();
	}

	/** Whether the way was lost before that, or nobody saw when. */
	isOlderThan(ms: number): boolean {
		return Date.now() - this.#lostAt > ms;
	}

	/** An answer ended as if there were no more, though there may be: waits until the next try. */
	async handleCleanEnd(): Promise<void> {
		this.#lostAt ||= Date.now();
		this.#countAttempt();
		const retryInMs = this.#attempt === 1 ? firstEndRetryDelayMs : reconnectDelay(this.#attempt);
		if (this.#attempt > maxUnreportedEnds) {
			await this.#reportReconnecting(retryInMs, null);
		}

		await abortableDelay(retryInMs, this.#options.signal);
	}

	/** The way broke: waits until the next try. @throws SpokeError where none is wanted, or none will help */
	async handleLoss(error: SpokeError): Promise<void> {
		const {resume, signal, cluster} = this.#options;
		signal?.throwIfAborted();
		if (!resume) {
			throw this.#toStreamLostError(await locateInterruption(cluster, error, signal));
		}

		this.#lostAt ||= Date.now();
		const isRefusal = error.code === 'ERR_FORBIDDEN' || error.code === 'ERR_CREDENTIALS';
		if (isRefusal && this.isOlderThan(maxRefusalMs)) {
			throw error;
		}

		this.#countAttempt();
		const retryInMs = reconnectDelay(this.#attempt, error instanceof RetryAfterError ? error.retryAfterMs : 0);
		// Where it was cut is asked while it is waited anyway: the next try waits for no answer.
		await Promise.all([
			abortableDelay(retryInMs, signal),
			locateInterruptionWithin(cluster, error, retryInMs, signal).then(async located => this.#reportReconnecting(retryInMs, located)),
		]);
	}

	/** The log is asked for again, and not answered at once: what ended cleanly is told now. */
	async reportUnanswered(): Promise<void> {
		if (this.#lostAt !== 0 && !this.#isReported) {
			await this.#reportReconnecting(0, null);
		}
	}

	/** An answer has begun. */
	async reportResumed(continuity: Continuity): Promise<void> {
		const outageMs = this.#lostAt === 0 ? 0 : Date.now() - this.#lostAt;
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

	/** Where the way was good for a while its next failure is a new one; once for each read. */
	#countAttempt(): void {
		const wasStable = this.#readStartedAt > 0 && Date.now() - this.#readStartedAt > stableAfterMs;
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

const initialDelayMs = 200;
const maxDelayMs = 2000;

/**
Milliseconds before `attempt` (from 1): doubles up to 2 s, so that it is back at most 2 s after the way is, and jittered, so that many do
not come at once.
A time that the server asked for is never cut short.
*/
export function reconnectDelay(attempt: number, retryAfterMs = 0, random: () => number = Math.random): number {
	const delayMs = Math.min(maxDelayMs, initialDelayMs * 2 ** (attempt - 1));
	return clampTimerMs(Math.max(retryAfterMs + random() * Math.min(retryAfterMs, 1000), delayMs * (0.5 + random() / 2)));
}
