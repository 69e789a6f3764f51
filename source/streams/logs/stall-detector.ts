/** Detects a stalled follow by side requests, because logs have no pings. */
import {setTimeout as sleep} from 'node:timers/promises';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {indicatesStall, type VerificationTimeouts} from './verification-read.ts';

export type StallTimeouts = VerificationTimeouts & {
	/** Quiet for so long, the first leg is asked. */
	checkApiserverAfterMs: number;
	/** It must answer within this. */
	apiserverTimeoutMs: number;
	/** Quiet for so long, the log itself is read on the side. */
	verifyAfterMs: number;
	/** A line that is offered on the side must come on the stream within this. */
	deliveryTimeoutMs: number;
	/** And again this often while it stays quiet. */
	verifyIntervalMs: number;
};

export const defaultStallTimeouts: StallTimeouts = {
	checkApiserverAfterMs: 10_000,
	apiserverTimeoutMs: 8000,
	verifyAfterMs: 15_000,
	deliveryTimeoutMs: 2000,
	verifyIntervalMs: 60_000,
	responseTimeoutMs: 8000,
	silenceTimeoutMs: 4000,
};

/** Reads beside a follow that take longer are told. */
const reportCheckingAfterMs = 1000;

/** One for all follows of a cluster: many quiet ones ask once. */
export class ApiserverCheck {
	readonly #cluster: ClusterClient;
	readonly #timeoutMs: number;
	#running: Promise<void> | null = null;
	#respondedAt = 0;

	constructor(cluster: ClusterClient, timeoutMs: number) {
		this.#cluster = cluster;
		this.#timeoutMs = timeoutMs;
	}

	/**
	 * Any HTTP answer will do. @throws SpokeError ERR_APISERVER_TIMEOUT when none comes in time, twice in a row; what else a request can fail
	 * with
	 */
	async check(): Promise<void> {
		if (Date.now() - this.#respondedAt < this.#timeoutMs) {
			return;
		}

		this.#running ??= this.#checkTwice().finally(() => {
			this.#running = null;
		});
		await this.#running;
	}

	async #checkTwice(): Promise<void> {
		// A credential plugin takes its time, and that is no silence of the apiserver.
		await this.#cluster.logIn();
		await this.#request().catch(async () => this.#request());
	}

	async #request(): Promise<void> {
		const timeoutMs = this.#timeoutMs / 2;
		const timeout = AbortSignal.timeout(timeoutMs);
		try {
			const {body} = await this.#cluster.request({path: '/readyz', timeoutMs, signal: timeout});
			body.resume();
			this.#respondedAt = Date.now();
		} catch (error) {
			throw timeout.aborted
				? new SpokeError('ERR_APISERVER_TIMEOUT', `the apiserver did not respond within ${timeoutMs / 1000} s`, {leg: 1, cause: error})
				: error;
		}
	}
}

export type StallCallbacks = {
	/** Reads the end of the log on the side: whether the server offers a line that has not come here. @throws what a read can fail with */
	hasNewLines(): Promise<boolean>;
	/** The reads beside it take their time, so that nothing tells whether the follow is alive. */
	onChecking(): void;
	/** And are answered now, where the follow goes on. */
	onChecked(): void;
	/** The follow is dead and must be opened again. `leg` is `null` where it may be either. */
	onStalled(leg: 1 | 2 | null, silentForMs: number, error: SpokeError): void;
};

export type StallDetector = {
	/** Something came, and the reader is ready for more. */
	dataReceived(): void;
	/** The reader is slow: that nothing is read now says nothing of the way. Until `touched`. */
	pause(): void;
	stop(): void;
};

/** Watches one follow from the moment its request is sent. */
export function startStallDetector(apiserverCheck: ApiserverCheck, timeouts: StallTimeouts, callbacks: StallCallbacks): StallDetector {
	return new Detector(apiserverCheck, timeouts, callbacks);
}

class Detector implements StallDetector {
	readonly #apiserverCheck: ApiserverCheck;
	readonly #timeouts: StallTimeouts;
	readonly #callbacks: StallCallbacks;
	readonly #timer: NodeJS.Timeout;
	/** When something last came. */
	#lastReceivedAt = Date.now();
	/** From when on the log is read on the side. */
	#verifyAt: number;
	/** From when on the first leg is asked again, where what it failed with proved nothing. */
	#checkAt = 0;
	#isChecking = false;
	#isPaused = false;
	#isStopped = false;
	#hasStalled = false;

	constructor(apiserverCheck: ApiserverCheck, timeouts: StallTimeouts, callbacks: StallCallbacks) {
		this.#apiserverCheck = apiserverCheck;
		this.#timeouts = timeouts;
		this.#callbacks = callbacks;
		this.#verifyAt = this.#lastReceivedAt + timeouts.verifyAfterMs;
		this.#timer = setInterval(
			() => {
				if (!this.#isChecking && !this.#isPaused && this.#silentForMs >= timeouts.checkApiserverAfterMs && Date.now() >= this.#checkAt) {
					void this.#check();
				}
			},
			Math.min(1000, timeouts.checkApiserverAfterMs / 4),
		);
	}

	dataReceived(): void {
		this.#isPaused = false;
		this.#lastReceivedAt = Date.now();
		this.#verifyAt = this.#lastReceivedAt + this.#timeouts.verifyAfterMs;
	}

	pause(): void {
		this.#isPaused = true;
	}

	stop(): void {
		this.#isStopped = true;
		clearInterval(this.#timer);
	}

	get #silentForMs(): number {
		return Date.now() - this.#lastReceivedAt;
	}

	/** First the leg that is quickly asked, then the log itself. What came meanwhile makes either answer void. */
	async #check(): Promise<void> {
		const since = this.#lastReceivedAt;
		const onStalled = (leg: 1 | 2 | null, error: SpokeError) => {
			if (this.#isSilentSince(since)) {
				this.#hasStalled = true;
				this.#callbacks.onStalled(leg, this.#silentForMs, error);
			}
		};

		let isReported = false;
		const reportTimer = setTimeout(() => {
			if (this.#isSilentSince(since)) {
				isReported = true;
				this.#callbacks.onChecking();
			}
		}, reportCheckingAfterMs);
		this.#isChecking = true;
		try {
			await this.#apiserverCheck.check();
			if (this.#isSilentSince(since) && Date.now() >= this.#verifyAt) {
				await this.#verify(onStalled);
			}
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (error.code === 'ERR_APISERVER_TIMEOUT' || error.code === 'ERR_APISERVER_UNREACHABLE') {
				onStalled(1, error);
			} else {
				// Credentials or a certificate that fail a new connection say nothing of one that is open.
				this.#checkAt = Date.now() + this.#timeouts.verifyIntervalMs;
			}
		} finally {
			clearTimeout(reportTimer);
			this.#isChecking = false;
			if (isReported && !this.#isStopped && !this.#hasStalled) {
				this.#callbacks.onChecked();
			}
		}
	}

	/** Never throws: what fails here fails behind an apiserver that has just answered. */
	async #verify(onStalled: (leg: 2 | null, error: SpokeError) => void): Promise<void> {
		this.#verifyAt = Date.now() + this.#timeouts.verifyIntervalMs * (0.75 + Math.random() / 2);
		try {
			if (await this.#callbacks.hasNewLines()) {
				// A line may have been written just now.
				await sleep(this.#timeouts.deliveryTimeoutMs, undefined, {ref: false});
				// Lost on either leg: a connection that is dropped in silence looks the same on both.
				onStalled(null, new SpokeError('ERR_STREAM_LOST', 'the server has lines that did not arrive on this stream'));
			}
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (indicatesStall(error)) {
				onStalled(error.legKnown ? 2 : null, silentKubeletError(error));
			}
		}
	}

	#isSilentSince(since: number): boolean {
		return !this.#isStopped && !this.#isPaused && this.#lastReceivedAt === since;
	}
}

/** The apiserver has just answered for itself, so its silence about a log is the kubelet's, or of the way there. */
function silentKubeletError(error: SpokeError): SpokeError {
	return error.code === 'ERR_APISERVER_TIMEOUT'
		? new SpokeError('ERR_SECOND_LEG', 'the apiserver responds, but nothing arrives from the kubelet', {cause: error})
		: error;
}
