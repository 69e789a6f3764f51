/** The read of a followed log. Other requests detect its stall, because logs have no pings. */
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
	signal?: AbortSignal | undefined;
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

/** Before a response, waits for the apiserver's message and emits no check. Must be closed. */
export class FollowRead {
	/** `null` before the request. */
	requestedAt: number | null = null;
	readonly #options: FollowReadOptions;
	/** Aborted after a stall, or when the follow is no longer needed. */
	readonly #stop = new AbortController();
	readonly #timer: NodeJS.Timeout;
	readonly #unansweredTimer: NodeJS.Timeout;
	#open: OpenLog | null = null;
	#lastReceivedAt = continuousMs();
	#secondReadAt = 0;
	/** Delayed after a failure that proved nothing. */
	#checkAt = 0;
	#isChecking = false;
	#isPaused = false;
	#isClosed = false;

	constructor(options: FollowReadOptions) {
		const {checkApiserverAfterMs} = options.stallTimeouts;
		this.#options = options;
		this.dataReceived();
		this.#timer = setInterval(
			() => {
				const isDue = this.#silentForMs >= checkApiserverAfterMs && continuousMs() >= this.#checkAt;
				if (isDue && !this.#isChecking && !this.#isPaused) {
					void this.#check();
				}
			},
			Math.min(1000, checkApiserverAfterMs / 4),
		);
		this.#unansweredTimer = setTimeout(() => {
			void options.onUnanswered();
		}, unansweredAfterMs);
	}

	/** @throws as `open` */
	async open(open: (options: Pick<OpenLogOptions, 'signal' | 'onRequest'>) => Promise<OpenLog>): Promise<OpenLog> {
		this.#open = await open({
			signal: anySignal(this.#stop.signal, this.#options.signal),
			onRequest: () => {
				this.requestedAt = monotonicMs();
			},
		});
		clearTimeout(this.#unansweredTimer);
		return this.#open;
	}

	dataReceived(): void {
		this.#isPaused = false;
		this.#lastReceivedAt = continuousMs();
		this.#secondReadAt = this.#lastReceivedAt + this.#options.stallTimeouts.secondReadAfterMs;
	}

	/** Suspends the checks until `dataReceived`, because a slow reader on this side also causes silence. */
	pause(): void {
		this.#isPaused = true;
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

		if (this.#stop.signal.aborted) {
			return toSpokeError(this.#stop.signal.reason);
		}

		const isInterruption =
			this.requestedAt !== null &&
			monotonicMs() - this.requestedAt > emptyLogAfterMs &&
			isSpokeError(error) &&
			error.code === 'ERR_APISERVER_UNREACHABLE';
		return isInterruption
			? new LogInterruptedError(`the log of ${this.#options.source.pod} was interrupted before its first line`, error)
			: null;
	}

	close(): void {
		this.#isClosed = true;
		clearTimeout(this.#unansweredTimer);
		clearInterval(this.#timer);
		this.#open?.close();
	}

	get #silentForMs(): number {
		return continuousMs() - this.#lastReceivedAt;
	}

	/** Data in the meantime invalidates the result. */
	async #check(): Promise<void> {
		const {source, emit, apiserverCheck, stallTimeouts} = this.#options;
		const since = this.#lastReceivedAt;
		let isReported = false;
		const reportTimer = setTimeout(() => {
			if (this.#isSilentSince(since) && this.#open !== null) {
				isReported = true;
				void emit({type: 'checking', source});
			}
		}, reportCheckingAfterMs);
		this.#isChecking = true;
		try {
			await apiserverCheck.check();
			if (this.#isSilentSince(since) && continuousMs() >= this.#secondReadAt) {
				await this.#readAgain(since);
			}
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (error.code === 'ERR_APISERVER_TIMEOUT' || error.code === 'ERR_APISERVER_UNREACHABLE') {
				this.#stalled(since, 1, error);
			} else {
				// A credential or certificate error says nothing about an open connection.
				this.#checkAt = continuousMs() + stallTimeouts.secondReadIntervalMs;
			}
		} finally {
			clearTimeout(reportTimer);
			this.#isChecking = false;
			if (isReported && !this.#isClosed && !this.#stop.signal.aborted) {
				void emit({type: 'checked', source});
			}
		}
	}

	/** Never throws: the apiserver has just responded, so failures are beyond it. */
	async #readAgain(since: number): Promise<void> {
		const {hasNewLines, stallTimeouts} = this.#options;
		this.#secondReadAt = continuousMs() + stallTimeouts.secondReadIntervalMs * (0.75 + Math.random() / 2);
		try {
			if (await hasNewLines(this.#open !== null)) {
				// The line may have been written just now: wait for it. `#stalled` does nothing if it arrived.
				await delay(stallTimeouts.deliveryTimeoutMs, undefined, {ref: false});
				// Silently dropped connections look the same on both legs.
				this.#stalled(since, null, new SpokeError('ERR_STREAM_LOST', 'the server has lines that did not arrive on this stream'));
			}
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (indicatesStall(error)) {
				this.#stalled(since, error.legKnown ? 2 : null, silentKubeletError(error));
			}
		}
	}

	/** `leg` is `null` if either is possible. */
	#stalled(since: number, leg: 1 | 2 | null, error: SpokeError): void {
		if (this.#isSilentSince(since)) {
			void this.#options.emit({type: 'stalled', source: this.#options.source, leg, silentForMs: this.#silentForMs});
			this.#stop.abort(error);
		}
	}

	#isSilentSince(since: number): boolean {
		return !this.#isClosed && !this.#isPaused && this.#lastReceivedAt === since;
	}
}

/** The apiserver has just responded, so the silence is on leg 2 or at the kubelet. */
function silentKubeletError(error: SpokeError): SpokeError {
	return error.code === 'ERR_APISERVER_TIMEOUT'
		? new SpokeError('ERR_SECOND_LEG', 'the apiserver responds, but nothing arrives from the kubelet', {cause: error})
		: error;
}
