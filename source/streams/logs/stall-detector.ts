/** Detects a stalled follow by other requests, because logs have no pings. */
import {setTimeout as delay} from 'node:timers/promises';
import {continuousMs, monotonicMs, anySignal} from '../../base/async/clock.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {withTimeout} from '../../cluster/with-abort-signal.ts';
import {toSpokeError, SpokeError, isSpokeError} from '../../base/errors/spoke-error.ts';
import {indicatesStall} from '../locate-loss.ts';
import type {SecondReadTimeouts} from './second-read.ts';
import type {EmitLogEvent, LogSource} from './log-events.ts';
import {LogInterruptedError, type OpenLog, type OpenLogOptions} from './open-log.ts';

export type StallTimeouts = SecondReadTimeouts & {
	checkApiserverAfterMs: number;
	apiserverTimeoutMs: number;
	/** Time without data before the log is read a second time. */
	secondReadAfterMs: number;
	/** Time within which a line of the second read must arrive. */
	deliveryTimeoutMs: number;
	secondReadIntervalMs: number;
};

export const defaultStallTimeouts: StallTimeouts = {
	checkApiserverAfterMs: 10_000,
	apiserverTimeoutMs: 8000,
	secondReadAfterMs: 15_000,
	deliveryTimeoutMs: 2000,
	secondReadIntervalMs: 60_000,
	responseTimeoutMs: 8000,
	silenceTimeoutMs: 4000,
};

const reportCheckingAfterMs = 1000;

type FollowReadOptions = {
	source: LogSource;
	emit: EmitLogEvent;
	signal: AbortSignal | undefined;
	apiserverCheck: ApiserverCheck;
	stallTimeouts: StallTimeouts;
	/** No longer needed. */
	hasEnded(): boolean;
	/** No response for 1 s. */
	onUnanswered(): Promise<void>;
	/** @throws if the second read fails */
	hasNewLines(hasResponse: boolean): Promise<boolean>;
};

/** A kubelet sends existing lines within this time; a longer wait is for a new line. */
const emptyLogAfterMs = 3000;
const unansweredAfterMs = 1000;

/** Shared by all follows of a cluster. */
export class ApiserverCheck {
	readonly #cluster: ClusterClient;
	readonly #timeoutMs: number;
	#running: Promise<void> | null = null;
	#respondedAt = 0;

	constructor(cluster: ClusterClient, timeoutMs: number) {
		this.#cluster = cluster;
		this.#timeoutMs = timeoutMs;
	}

	/** @throws SpokeError ERR_APISERVER_TIMEOUT after two requests without response; other request errors */
	async check(): Promise<void> {
		if (continuousMs() - this.#respondedAt < this.#timeoutMs) {
			return;
		}

		this.#running ??= this.#checkTwice().finally(() => {
			this.#running = null;
		});
		await this.#running;
	}

	async #checkTwice(): Promise<void> {
		// A slow credential plugin is no silence of the apiserver.
		await this.#cluster.logIn();
		await this.#request().catch(async () => this.#request());
	}

	async #request(): Promise<void> {
		const timeoutMs = this.#timeoutMs / 2;
		const message = `the apiserver did not respond within ${timeoutMs / 1000} s`;
		await withTimeout({timeoutMs, message}, async signal => {
			const {body} = await this.#cluster.request({path: '/readyz', timeoutMs, signal});
			body.resume();
			this.#respondedAt = continuousMs();
		});
	}
}

type StallCallbacks = {
	/** @throws if the second read fails */
	hasNewLines(): Promise<boolean>;
	/** The checks are slow. */
	onChecking(): void;
	/** The server responded and the follow continues. */
	onChecked(): void;
	/** `leg` is `null` if either is possible. */
	onStalled(leg: 1 | 2 | null, silentForMs: number, error: SpokeError): void;
};

/** Must be stopped. */
export class StallDetector {
	readonly #apiserverCheck: ApiserverCheck;
	readonly #timeouts: StallTimeouts;
	readonly #callbacks: StallCallbacks;
	readonly #timer: NodeJS.Timeout;
	#lastReceivedAt = continuousMs();
	#secondReadAt: number;
	/** Delayed after a failure that proved nothing. */
	#checkAt = 0;
	#isChecking = false;
	#isPaused = false;
	#isStopped = false;
	#hasStalled = false;

	constructor(apiserverCheck: ApiserverCheck, timeouts: StallTimeouts, callbacks: StallCallbacks) {
		this.#apiserverCheck = apiserverCheck;
		this.#timeouts = timeouts;
		this.#callbacks = callbacks;
		this.#secondReadAt = this.#lastReceivedAt + timeouts.secondReadAfterMs;
		this.#timer = setInterval(
			() => {
				if (
					!this.#isChecking &&
					!this.#isPaused &&
					this.#silentForMs >= timeouts.checkApiserverAfterMs &&
					continuousMs() >= this.#checkAt
				) {
					void this.#check();
				}
			},
			Math.min(1000, timeouts.checkApiserverAfterMs / 4),
		);
	}

	dataReceived(): void {
		this.#isPaused = false;
		this.#lastReceivedAt = continuousMs();
		this.#secondReadAt = this.#lastReceivedAt + this.#timeouts.secondReadAfterMs;
	}

	/** Suspends the checks until `dataReceived`, because a slow reader on this side also causes silence. */
	pause(): void {
		this.#isPaused = true;
	}

	stop(): void {
		this.#isStopped = true;
		clearInterval(this.#timer);
	}

	get #silentForMs(): number {
		return continuousMs() - this.#lastReceivedAt;
	}

	/** Data in the meantime invalidates the result. */
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
			if (this.#isSilentSince(since) && continuousMs() >= this.#secondReadAt) {
				await this.#readAgain(onStalled);
			}
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (error.code === 'ERR_APISERVER_TIMEOUT' || error.code === 'ERR_APISERVER_UNREACHABLE') {
				onStalled(1, error);
			} else {
				// A credential or certificate error says nothing about an open connection.
				this.#checkAt = continuousMs() + this.#timeouts.secondReadIntervalMs;
			}
		} finally {
			clearTimeout(reportTimer);
			this.#isChecking = false;
			if (isReported && !this.#isStopped && !this.#hasStalled) {
				this.#callbacks.onChecked();
			}
		}
	}

	/** Never throws: the apiserver has just responded, so failures are beyond it. */
	async #readAgain(onStalled: (leg: 2 | null, error: SpokeError) => void): Promise<void> {
		this.#secondReadAt = continuousMs() + this.#timeouts.secondReadIntervalMs * (0.75 + Math.random() / 2);
		try {
			if (await this.#callbacks.hasNewLines()) {
				// The line may have been written just now: wait for it. `onStalled` does nothing if it arrived.
				await delay(this.#timeouts.deliveryTimeoutMs, undefined, {ref: false});
				// Silently dropped connections look the same on both legs.
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

/** The apiserver has just responded, so the silence is on leg 2 or at the kubelet. */
function silentKubeletError(error: SpokeError): SpokeError {
	return error.code === 'ERR_APISERVER_TIMEOUT'
		? new SpokeError('ERR_SECOND_LEG', 'the apiserver responds, but nothing arrives from the kubelet', {cause: error})
		: error;
}

/** Must be closed. */
export class FollowRead {
	/** Aborted after a stall, or when the follow is no longer needed. */
	readonly stopSignal: AbortSignal;
	readonly stallDetector: StallDetector;
	readonly #options: FollowReadOptions;
	readonly #stop = new AbortController();
	readonly #unansweredTimer: NodeJS.Timeout;
	#open: OpenLog | null = null;
	#requestedAt: number | null = null;

	constructor(options: FollowReadOptions) {
		this.#options = options;
		this.stopSignal = this.#stop.signal;
		this.stallDetector = this.#watchForStall();
		this.#unansweredTimer = setTimeout(() => {
			void options.onUnanswered();
		}, unansweredAfterMs);
	}

	/** `null` before the request. */
	get requestedAt(): number | null {
		return this.#requestedAt;
	}

	/** @throws as `open` */
	async open(open: (options: Pick<OpenLogOptions, 'signal' | 'onRequest'>) => Promise<OpenLog>): Promise<OpenLog> {
		this.#open = await open({
			signal: anySignal(this.stopSignal, this.#options.signal),
			onRequest: () => {
				this.#requestedAt = monotonicMs();
			},
		});
		clearTimeout(this.#unansweredTimer);
		return this.#open;
	}

	/** Returns whether it has ended. */
	stopIfEnded(): boolean {
		const hasEnded = this.#options.hasEnded();
		if (hasEnded) {
			this.#stop.abort(new SpokeError('ERR_STREAM_LOST', 'no longer needed'));
		}

		return hasEnded;
	}

	/** A follow of an empty log has no response yet. `null` if it had one, was refused or was lost at once. */
	interruptionBeforeResponse(error: unknown): SpokeError | null {
		if (this.#open !== null) {
			return null;
		}

		if (this.stopSignal.aborted) {
			return toSpokeError(this.stopSignal.reason);
		}

		const isInterruption =
			this.#requestedAt !== null &&
			monotonicMs() - this.#requestedAt > emptyLogAfterMs &&
			isSpokeError(error) &&
			error.code === 'ERR_APISERVER_UNREACHABLE';
		return isInterruption
			? new LogInterruptedError(`the log of ${this.#options.source.pod} was interrupted before its first line`, error)
			: null;
	}

	close(): void {
		clearTimeout(this.#unansweredTimer);
		this.stallDetector.stop();
		this.#open?.close();
	}

	/** Detects stalls. Before a response, waits for the apiserver's message and emits nothing. */
	#watchForStall(): StallDetector {
		const {source, emit, apiserverCheck, stallTimeouts, hasNewLines} = this.#options;
		const emitIfOpen = (type: 'checking' | 'checked') => {
			if (this.#open !== null) {
				void emit({type, source});
			}
		};

		return new StallDetector(apiserverCheck, stallTimeouts, {
			hasNewLines: async () => hasNewLines(this.#open !== null),
			onChecking() {
				emitIfOpen('checking');
			},
			onChecked() {
				emitIfOpen('checked');
			},
			onStalled: (leg, silentForMs, error) => {
				void emit({type: 'stalled', source, leg, silentForMs});
				this.#stop.abort(error);
			},
		});
	}
}
