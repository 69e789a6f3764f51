/** Is a quiet follow quiet, or dead? A log has no ping, so the way is asked on the side. */
import {setTimeout as sleep} from 'node:timers/promises';
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import {asSpokeError, SpokeError} from '../../errors/spoke-error.ts';

export type QuietLimits = {
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

export const quietLimits: QuietLimits = {askAfterMs: 10_000, answerWithinMs: 8000, readAfterMs: 15_000, deliverWithinMs: 2000, readEveryMs: 60_000};

/** One for all follows of a cluster: many quiet ones ask once. */
export class FirstLegCheck {
	readonly #cluster: ClusterAccess;
	readonly #withinMs: number;
	#running: Promise<void> | null = null;
	#answeredAt = 0;

	constructor(cluster: ClusterAccess, withinMs: number) {
		this.#cluster = cluster;
		this.#withinMs = withinMs;
	}

	/** Any HTTP answer will do. @throws SpokeError ERR_APISERVER_TIMEOUT when none comes in time, twice in a row */
	async check(): Promise<void> {
		if (Date.now() - this.#answeredAt < this.#withinMs) {
			return;
		}

		this.#running ??= this.#ask().catch(async () => this.#ask()).finally(() => {
			this.#running = null;
		});
		await this.#running;
	}

	async #ask(): Promise<void> {
		const limitMs = this.#withinMs / 2;
		const limit = AbortSignal.timeout(limitMs);
		try {
			const {body} = await this.#cluster.request({path: '/readyz', timeoutMs: limitMs, signal: limit});
			body.resume();
			this.#answeredAt = Date.now();
		} catch (error) {
			throw limit.aborted ? new SpokeError('ERR_APISERVER_TIMEOUT', `the apiserver did not answer within ${limitMs / 1000} s`, {leg: 1, cause: error}) : error;
		}
	}
}

export type Guarded = {
	/** Reads the end of the log on the side: whether the server offers a line that has not come here. @throws when there is no answer */
	offersMore(): Promise<boolean>;
	/** The way is dead: the follow is to be begun anew. */
	giveUp(leg: 1 | 2, quietMs: number, error: SpokeError): void;
};

export type QuietGuard = {
	/** Something came, and the reader is ready for more. */
	touched(): void;
	/** The reader is slow: that nothing is read now says nothing of the way. Until `touched`. */
	hold(): void;
	stop(): void;
};

/** Watches one follow from the moment its request is sent. */
export function guardQuiet(firstLeg: FirstLegCheck, limits: QuietLimits, {offersMore, giveUp}: Guarded): QuietGuard {
	let lastAt = Date.now();
	let readAt = lastAt + limits.readAfterMs;
	let busy = false;
	let held = false;
	let stopped = false;
	const quietMs = () => Date.now() - lastAt;

	const look = async () => {
		const since = lastAt;
		const stillQuiet = () => !stopped && !held && lastAt === since;
		try {
			await firstLeg.check();
		} catch (error) {
			if (stillQuiet()) {
				giveUp(1, quietMs(), asSpokeError(error));
			}

			return;
		}

		if (!stillQuiet() || Date.now() < readAt) {
			return;
		}

		readAt = Date.now() + (limits.readEveryMs * (0.75 + (Math.random() / 2)));
		try {
			if (await offersMore()) {
				// A line may have been written just now.
				await sleep(limits.deliverWithinMs, undefined, {ref: false});
			} else {
				return;
			}

			if (stillQuiet()) {
				giveUp(2, quietMs(), new SpokeError('ERR_STREAM_LOST', 'the server offers lines that did not come on this stream'));
			}
		} catch (error) {
			if (stillQuiet()) {
				giveUp(2, quietMs(), silentKubelet(asSpokeError(error)));
			}
		}
	};

	const timer = setInterval(() => {
		if (busy || held || quietMs() < limits.askAfterMs) {
			return;
		}

		busy = true;
		void look().finally(() => {
			busy = false;
		});
	}, Math.min(1000, limits.askAfterMs / 4));
	return {
		touched() {
			held = false;
			lastAt = Date.now();
			readAt = lastAt + limits.readAfterMs;
		},
		hold() {
			held = true;
		},
		stop() {
			stopped = true;
			clearInterval(timer);
		},
	};
}

/** The apiserver has just answered for itself, so its silence about a log is the kubelet's, or of the way there. */
function silentKubelet(error: SpokeError): SpokeError {
	return error.code === 'ERR_APISERVER_TIMEOUT' ? new SpokeError('ERR_SECOND_LEG', 'the apiserver answers, and nothing comes from the kubelet', {cause: error}) : error;
}
