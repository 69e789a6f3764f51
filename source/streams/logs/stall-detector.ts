/** Is a quiet follow quiet, or dead? A log has no ping, so the way is asked on the side. */
import {setTimeout as sleep} from 'node:timers/promises';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {indicatesStall, type SideReadLimits} from './verification-read.ts';

export type StallTimeouts = SideReadLimits & {
	/** Quiet for so long, the first leg is asked. */
	askAfterMs: number;
	/** It must answer within this. */
	answerWithinMs: number;
	/** Quiet for so long, the log itself is read on the side. */
	readAfterMs: number;
	/** A line that is offered on the side must come on the stream within this. */
	deliverWithinMs: number;
	/** And again this often while it stays quiet. */
	readEveryMs: number;
};

export const defaultStallTimeouts: StallTimeouts = {
	askAfterMs: 10_000,
	answerWithinMs: 8000,
	readAfterMs: 15_000,
	deliverWithinMs: 2000,
	readEveryMs: 60_000,
	sideAnswerMs: 8000,
	sideSilenceMs: 4000,
};

/** Reads beside a follow that take longer are told. */
const tellCheckingMs = 1000;

/** One for all follows of a cluster: many quiet ones ask once. */
export class ApiserverCheck {
	readonly #cluster: ClusterClient;
	readonly #withinMs: number;
	#running: Promise<void> | null = null;
	#answeredAt = 0;

	constructor(cluster: ClusterClient, withinMs: number) {
		this.#cluster = cluster;
		this.#withinMs = withinMs;
	}

	/** Any HTTP answer will do. @throws SpokeError ERR_APISERVER_TIMEOUT when none comes in time, twice in a row; what else a request can fail with */
	async check(): Promise<void> {
		if (Date.now() - this.#answeredAt < this.#withinMs) {
			return;
		}

		this.#running ??= this.#askTwice().finally(() => {
			this.#running = null;
		});
		await this.#running;
	}

	async #askTwice(): Promise<void> {
		// A credential plugin takes its time, and that is no silence of the apiserver.
		await this.#cluster.logIn();
		await this.#ask().catch(async () => this.#ask());
	}

	async #ask(): Promise<void> {
		const limitMs = this.#withinMs / 2;
		const limit = AbortSignal.timeout(limitMs);
		try {
			const {body} = await this.#cluster.request({path: '/readyz', timeoutMs: limitMs, signal: limit});
			body.resume();
			this.#answeredAt = Date.now();
		} catch (error) {
			throw limit.aborted
				? new SpokeError('ERR_APISERVER_TIMEOUT', `the apiserver did not answer within ${limitMs / 1000} s`, {leg: 1, cause: error})
				: error;
		}
	}
}

export type StallCallbacks = {
	/** Reads the end of the log on the side: whether the server offers a line that has not come here. @throws what a read can fail with */
	offersMore(): Promise<boolean>;
	/** The reads beside it take their time, so that nothing tells whether the follow is alive. */
	checking(): void;
	/** And are answered now, where the follow goes on. */
	checked(): void;
	/** The follow is dead and must be opened again. `leg` is `null` where it may be either. */
	giveUp(leg: 1 | 2 | null, quietMs: number, error: SpokeError): void;
};

export type StallDetector = {
	/** Something came, and the reader is ready for more. */
	dataReceived(): void;
	/** The reader is slow: that nothing is read now says nothing of the way. Until `touched`. */
	pause(): void;
	stop(): void;
};

/** Watches one follow from the moment its request is sent. */
export function startStallDetector(firstLeg: ApiserverCheck, limits: StallTimeouts, guarded: StallCallbacks): StallDetector {
	return new Guard(firstLeg, limits, guarded);
}

class Guard implements StallDetector {
	readonly #firstLeg: ApiserverCheck;
	readonly #limits: StallTimeouts;
	readonly #guarded: StallCallbacks;
	readonly #timer: NodeJS.Timeout;
	/** When something last came. */
	#lastAt = Date.now();
	/** From when on the log is read on the side. */
	#readAt: number;
	/** From when on the first leg is asked again, where what it failed with proved nothing. */
	#askAt = 0;
	#isLooking = false;
	#isHeld = false;
	#isStopped = false;
	#isGivenUp = false;

	constructor(firstLeg: ApiserverCheck, limits: StallTimeouts, guarded: StallCallbacks) {
		this.#firstLeg = firstLeg;
		this.#limits = limits;
		this.#guarded = guarded;
		this.#readAt = this.#lastAt + limits.readAfterMs;
		this.#timer = setInterval(
			() => {
				if (!this.#isLooking && !this.#isHeld && this.#quietMs >= limits.askAfterMs && Date.now() >= this.#askAt) {
					void this.#look();
				}
			},
			Math.min(1000, limits.askAfterMs / 4),
		);
	}

	dataReceived(): void {
		this.#isHeld = false;
		this.#lastAt = Date.now();
		this.#readAt = this.#lastAt + this.#limits.readAfterMs;
	}

	pause(): void {
		this.#isHeld = true;
	}

	stop(): void {
		this.#isStopped = true;
		clearInterval(this.#timer);
	}

	get #quietMs(): number {
		return Date.now() - this.#lastAt;
	}

	/** First the leg that is quickly asked, then the log itself. What came meanwhile makes either answer void. */
	async #look(): Promise<void> {
		const since = this.#lastAt;
		const giveUp = (leg: 1 | 2 | null, error: SpokeError) => {
			if (this.#isQuietSince(since)) {
				this.#isGivenUp = true;
				this.#guarded.giveUp(leg, this.#quietMs, error);
			}
		};

		let isTold = false;
		const telling = setTimeout(() => {
			if (this.#isQuietSince(since)) {
				isTold = true;
				this.#guarded.checking();
			}
		}, tellCheckingMs);
		this.#isLooking = true;
		try {
			await this.#firstLeg.check();
			if (this.#isQuietSince(since) && Date.now() >= this.#readAt) {
				await this.#readAside(giveUp);
			}
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (error.code === 'ERR_APISERVER_TIMEOUT' || error.code === 'ERR_APISERVER_UNREACHABLE') {
				giveUp(1, error);
			} else {
				// Credentials or a certificate that fail a new connection say nothing of one that is open.
				this.#askAt = Date.now() + this.#limits.readEveryMs;
			}
		} finally {
			clearTimeout(telling);
			this.#isLooking = false;
			if (isTold && !this.#isStopped && !this.#isGivenUp) {
				this.#guarded.checked();
			}
		}
	}

	/** Never throws: what fails here fails behind an apiserver that has just answered. */
	async #readAside(giveUp: (leg: 2 | null, error: SpokeError) => void): Promise<void> {
		this.#readAt = Date.now() + this.#limits.readEveryMs * (0.75 + Math.random() / 2);
		try {
			if (await this.#guarded.offersMore()) {
				// A line may have been written just now.
				await sleep(this.#limits.deliverWithinMs, undefined, {ref: false});
				// Lost on either leg: a connection that is dropped in silence looks the same on both.
				giveUp(null, new SpokeError('ERR_STREAM_LOST', 'the server offers lines that did not come on this stream'));
			}
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (indicatesStall(error)) {
				giveUp(error.legKnown ? 2 : null, silentKubelet(error));
			}
		}
	}

	#isQuietSince(since: number): boolean {
		return !this.#isStopped && !this.#isHeld && this.#lastAt === since;
	}
}

/** The apiserver has just answered for itself, so its silence about a log is the kubelet's, or of the way there. */
function silentKubelet(error: SpokeError): SpokeError {
	return error.code === 'ERR_APISERVER_TIMEOUT'
		? new SpokeError('ERR_SECOND_LEG', 'the apiserver answers, and nothing comes from the kubelet', {cause: error})
		: error;
}
