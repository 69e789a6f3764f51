/** Detects a WebSocket peer that no longer responds, and a silent command that may have ended. */
import {monotonicMs, delayUpTo} from '../../base/async/clock.ts';
import {isSpokeError, type SpokeError} from '../../base/errors/spoke-error.ts';
import {silenceError, StreamLostError} from '../../wire/protocol-error.ts';
import type {WebSocketMessages} from '../../wire/websocket-messages.ts';
import type {CommandChannels} from './command-channels.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';
import {probeSecondLeg, secondLegError, unansweredMs} from '../locate-loss.ts';

export type SilenceTiming = {pingIntervalMs: number; silenceTimeoutMs: number};

type SilenceWatchOptions = SilenceTiming & {
	/** Nothing is read while paused. */
	isPaused(): boolean;
	/** Unanswered input from which a server can be blocked. */
	blockingBytes: number;
	/** Called once, long before the stream counts as lost. */
	onBlocked?: ((notice: string) => void) | undefined;
	onSilence(error: SpokeError): void;
};

/** One failed request can have another cause than the command's connection: an agent that drains, an overloaded apiserver. */
const probeCount = 2;

/**
A server that cannot relay input stops reading and answers no pings (measured), so after input that can fill the far end the timeout is ten
times as long.
*/
export class SilenceWatch {
	readonly #messages: WebSocketMessages;
	readonly #options: SilenceWatchOptions;
	readonly #timer: NodeJS.Timeout;
	#lastReceivedAt: number;
	#sentSinceReceived = 0;
	#hasReportedBlocked = false;
	#hasEnded = false;

	constructor(messages: WebSocketMessages, options: SilenceWatchOptions) {
		this.#messages = messages;
		this.#options = options;
		this.#lastReceivedAt = messages.lastReceivedAt;
		messages.ping();
		this.#timer = setInterval(() => {
			this.#tick();
		}, options.pingIntervalMs).unref();
	}

	sent(bytes: number): void {
		this.#sentSinceReceived += bytes;
	}

	stop(): void {
		this.#hasEnded = true;
		clearInterval(this.#timer);
	}

	#tick(): void {
		const {lastReceivedAt} = this.#messages;
		if (lastReceivedAt !== this.#lastReceivedAt) {
			this.#lastReceivedAt = lastReceivedAt;
			this.#sentSinceReceived = 0;
		}

		if (this.#isSilent()) {
			// After a suspension, read the received data first.
			setImmediate(() => {
				if (!this.#hasEnded && this.#isSilent()) {
					const silentForMs = this.#silentForMs();
					this.#options.onSilence(this.#isBlocked() ? inputBlockedError(silentForMs) : silenceError(silentForMs));
				}
			});
			return;
		}

		this.#messages.ping();
		const {isPaused, silenceTimeoutMs, onBlocked} = this.#options;
		const silentForMs = this.#silentForMs();
		if (!this.#hasReportedBlocked && this.#isBlocked() && !isPaused() && silentForMs > silenceTimeoutMs / 3) {
			this.#hasReportedBlocked = true;
			onBlocked?.(`no input was accepted and nothing was received for ${seconds(silentForMs)}; ${mayHaveEndedNotice}`);
		}
	}

	#isSilent(): boolean {
		return !this.#options.isPaused() && this.#silentForMs() > this.#options.silenceTimeoutMs * (this.#isBlocked() ? 10 : 1);
	}

	#isBlocked(): boolean {
		return this.#messages.bufferedBytes > 0 || this.#sentSinceReceived >= this.#options.blockingBytes;
	}

	#silentForMs(): number {
		return monotonicMs() - this.#messages.lastReceivedAt;
	}
}

/** Measured: the kubelet may send no status if the command ended before its input was read. */
function inputBlockedError(silentForMs: number): SpokeError {
	return new StreamLostError(`the far end accepted no more input and sent nothing for ${seconds(silentForMs)}`, {
		kind: 'input-refused',
		remedy: 'a command that exits before reading all its input can cause this; send no more than it reads',
	});
}

function seconds(milliseconds: number): string {
	return `${Math.round(milliseconds / 1000)} s`;
}

const mayHaveEndedNotice =
	'still waiting: the command may be busy, or it may have exited before reading all input (not every runtime reports this)';

/** A Linux pipe: less input cannot block a runtime. */
const pipeBytes = 65_536;

/**
Measured: containerd that still relays input to an ended command waits forever, as does kubectl, and no carrier shows this. Calls
`onWaiting` once.
*/
export function detectSilentEnd(
	channels: Pick<CommandChannels, 'received' | 'sent'>,
	onWaiting: ((notice: string) => void) | undefined,
	silentForMs = 30_000,
): {stop: () => void} {
	let lastCounts = '';
	let changedAt = monotonicMs();
	const timer = setInterval(
		() => {
			const counts = `${channels.sent} ${channels.received}`;
			if (counts !== lastCounts) {
				lastCounts = counts;
				changedAt = monotonicMs();
			} else if (channels.sent > pipeBytes && monotonicMs() - changedAt >= silentForMs) {
				clearInterval(timer);
				onWaiting?.(`no data for ${seconds(silentForMs)} after its input; ${mayHaveEndedNotice}`);
			}
		},
		Math.min(silentForMs / 3, 5000),
	);
	timer.unref();
	return {
		stop() {
			clearInterval(timer);
		},
	};
}

/**
After 35 s without output, requests one byte of the container's log. Only two stalls of leg 2 in a row count: users without permission for
logs keep the command, and a kubelet that refuses new connections would have refused the command's at once. `failed`
never resolves.
*/
export function detectUnstartedCommand(
	cluster: Pick<ClusterClient, 'request'>,
	target: ResolvedTarget,
	channels: Pick<CommandChannels, 'received'>,
	timing = {silentMs: unansweredMs, probeTimeoutMs: unansweredMs, againMs: 10_000},
): {failed: Promise<never>; stop: () => void} {
	const {promise: failed, reject} = Promise.withResolvers<never>();
	failed.catch(() => {});
	const stopped = new AbortController();
	const {signal} = stopped;
	const timer = setTimeout(async () => {
		for (let failures = 0; channels.received === 0 && !signal.aborted;) {
			const error = await probeSecondLeg(cluster, target, {what: 'output', timeoutMs: timing.probeTimeoutMs, signal}).catch(silenceOf);
			if (error === null || channels.received > 0) {
				return;
			}

			failures++;
			if (failures === probeCount) {
				reject(error);
				return;
			}

			await delayUpTo(timing.againMs, signal);
		}
	}, timing.silentMs);
	timer.unref();
	return {
		failed,
		stop() {
			clearTimeout(timer);
			stopped.abort();
		},
	};
}

/** The command's own connection responds to pings, so the apiserver does. */
function silenceOf(thrown: unknown): SpokeError | null {
	return isSpokeError(thrown) && thrown.code === 'ERR_APISERVER_TIMEOUT'
		? secondLegError('output', 'nothing arrives from the kubelet for two other requests either')
		: null;
}
