/** The outages of one log: when one is told, after how long it is tried again, and when the way is back. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {abortableDelay} from '../../cluster/abortable.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import {locateInterruption, locateInterruptionWithin} from './log-interruption.ts';
import type {LogEvent, LogSource} from './log-events.ts';
import {RetryAfterError} from './open-log.ts';
import type {Continuity} from './continuity-check.ts';
import {reconnectDelay} from './reconnect-delay.ts';

export type OutageOptions = {
	/** Which is asked where a cut was. */
	cluster: Pick<ClusterClient, 'connect'>;
	/** False: the first cut is an error. */
	resume: boolean;
	signal?: AbortSignal | undefined;
};

/** How long a refusal of the user's own may last before it is believed: an apiserver that starts refuses everybody for a while. */
const refusedForMs = 30_000;
/** A read that lasted so long was good: what ends it is no repetition of what ended the one before. */
const lastingMs = 3000;
/** The kubelet's word of a container's end comes to the apiserver a little later, so so many clean ends are no news. */
const quietEnds = 4;
const firstEndRetryMs = 100;

export class LogOutage {
	readonly #source: LogSource;
	readonly #tell: (event: LogEvent) => Promise<void>;
	readonly #options: OutageOptions;
	#attempt = 0;
	#lostAt = 0;
	#isSaid = false;
	#readSince = 0;

	constructor(source: LogSource, tell: (event: LogEvent) => Promise<void>, options: OutageOptions) {
		this.#source = source;
		this.#tell = tell;
		this.#options = options;
	}

	/** A read begins: when it ends, it may have been a good one. */
	readBegins(): void {
		this.#readSince = Date.now();
	}

	/** Whether the way was lost before that, or nobody saw when. */
	isOlderThan(ms: number): boolean {
		return Date.now() - this.#lostAt > ms;
	}

	/** An answer ended as if there were no more, though there may be: waits until the next try. */
	async endedCleanly(): Promise<void> {
		this.#lostAt ||= Date.now();
		this.#countTry();
		const retryInMs = this.#attempt === 1 ? firstEndRetryMs : reconnectDelay(this.#attempt);
		if (this.#attempt > quietEnds) {
			await this.#say(retryInMs, null);
		}

		await abortableDelay(retryInMs, this.#options.signal);
	}

	/** The way broke: waits until the next try. @throws SpokeError where none is wanted, or none will help */
	async lost(error: SpokeError): Promise<void> {
		const {resume, signal, cluster} = this.#options;
		signal?.throwIfAborted();
		if (!resume) {
			throw this.#asCut(await locateInterruption(cluster, error, signal));
		}

		this.#lostAt ||= Date.now();
		const isRefusal = error.code === 'ERR_FORBIDDEN' || error.code === 'ERR_CREDENTIALS';
		if (isRefusal && this.isOlderThan(refusedForMs)) {
			throw error;
		}

		this.#countTry();
		const retryInMs = reconnectDelay(this.#attempt, error instanceof RetryAfterError ? error.retryAfterMs : 0);
		// Where it was cut is asked while it is waited anyway: the next try waits for no answer.
		await Promise.all([
			abortableDelay(retryInMs, signal),
			locateInterruptionWithin(cluster, error, retryInMs, signal).then(async named => this.#say(retryInMs, named)),
		]);
	}

	/** The log is asked for again, and not answered at once: what ended cleanly is told now. */
	async unanswered(): Promise<void> {
		if (this.#lostAt !== 0 && !this.#isSaid) {
			await this.#say(0, null);
		}
	}

	/** An answer has begun. */
	async back(continuity: Continuity): Promise<void> {
		const outageMs = this.#lostAt === 0 ? 0 : Date.now() - this.#lostAt;
		const wasSaid = this.#isSaid;
		this.#lostAt = 0;
		this.#isSaid = false;
		if (wasSaid) {
			await this.#tell({type: 'resumed', source: this.#source, outageMs, ...continuity});
		}
	}

	async #say(retryInMs: number, error: SpokeError | null): Promise<void> {
		this.#isSaid = true;
		await this.#tell({type: 'reconnecting', source: this.#source, attempt: this.#attempt, retryInMs, error});
	}

	/** Where the way was good for a while its next failure is a new one; once for each read. */
	#countTry(): void {
		const lasted = this.#readSince > 0 && Date.now() - this.#readSince > lastingMs;
		this.#readSince = 0;
		this.#attempt = lasted ? 1 : this.#attempt + 1;
	}

	#asCut(error: SpokeError): SpokeError {
		return error.code === 'ERR_STREAM_LOST'
			? error
			: error.withChanges({code: 'ERR_STREAM_LOST', message: `the log of ${this.#source.pod} was cut: ${error.message}`, remedy: null});
	}
}
