/** Detects a WebSocket peer that no longer responds, and a silent command that may have ended. */
import type {SpokeError} from '../../errors/spoke-error.ts';
import {silenceError, StreamLostError} from '../../wire/protocol-error.ts';
import type {WebSocketMessages} from '../../wire/websocket-messages.ts';
import type {CommandChannels} from './command-channels.ts';

export type SilenceTiming = {pingIntervalMs: number; silenceTimeoutMs: number};

type BlockingContext = {
	/** Nothing is read, so nothing can be received. */
	isPaused(): boolean;
	/** Bytes sent since `heardAt` changed, from which on a server may be blocked. */
	blockingBytes: number;
	/** Called once when input of ours seems to hold the other side up; long before it counts as lost. */
	onBlocked?: ((notice: string) => void) | undefined;
};

/**
Pings, and tells once when nothing at all was heard for too long. A server that cannot pass on our input stops reading,
and so answers no ping, without being gone (measured): after input that may have filled the far side, ten times as long is allowed.
*/
export class SilenceWatch {
	readonly #messages: WebSocketMessages;
	readonly #silenceTimeoutMs: number;
	readonly #context: BlockingContext;
	readonly #onSilence: (error: SpokeError) => void;
	readonly #timer: NodeJS.Timeout;
	#lastReceivedAt: number;
	#sentSinceReceived = 0;
	#hasReportedBlocked = false;
	#hasEnded = false;

	constructor(
		messages: WebSocketMessages,
		{pingIntervalMs, silenceTimeoutMs}: SilenceTiming,
		context: BlockingContext,
		onSilence: (error: SpokeError) => void,
	) {
		this.#messages = messages;
		this.#silenceTimeoutMs = silenceTimeoutMs;
		this.#context = context;
		this.#onSilence = onSilence;
		this.#lastReceivedAt = messages.lastReceivedAt;
		messages.ping();
		this.#timer = setInterval(() => {
			this.#tick();
		}, pingIntervalMs).unref();
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
			// A process that stood still, suspended or on a machine that was, has not read what came meanwhile: that comes first.
			setImmediate(() => {
				if (!this.#hasEnded && this.#isSilent()) {
					this.#onSilence(this.#isBlocked() ? inputBlockedError(this.#silentForMs()) : silenceError(this.#silentForMs()));
				}
			});
			return;
		}

		this.#messages.ping();
		if (this.#isBlocked() && !this.#context.isPaused() && this.#silentForMs() > this.#silenceTimeoutMs / 3) {
			this.#reportBlocked(this.#silentForMs());
		}
	}

	#isSilent(): boolean {
		return !this.#context.isPaused() && this.#silentForMs() > this.#silenceTimeoutMs * (this.#isBlocked() ? 10 : 1);
	}

	#isBlocked(): boolean {
		return this.#messages.bufferedBytes > 0 || this.#sentSinceReceived >= this.#context.blockingBytes;
	}

	#silentForMs(): number {
		return performance.now() - this.#messages.lastReceivedAt;
	}

	#reportBlocked(silentForMs: number): void {
		if (!this.#hasReportedBlocked) {
			this.#hasReportedBlocked = true;
			this.#context.onBlocked?.(`no input was accepted and nothing was received for ${seconds(silentForMs)}; ${mayHaveEndedNotice}`);
		}
	}
}

/** Measured: a kubelet whose command ended before its input was read may send no status, by neither carrier. */
function inputBlockedError(silentForMs: number): SpokeError {
	return new StreamLostError(`the far end accepted no more input and sent nothing for ${seconds(silentForMs)}`, {
		kind: 'input-refused',
		remedy: 'a command that exits before reading all its input can cause this; send no more than it reads',
	});
}

function seconds(milliseconds: number): string {
	return `${Math.round(milliseconds / 1000)} s`;
}

/** Where nothing comes behind input. */
const mayHaveEndedNotice =
	'still waiting: the command may be busy, or it may have exited before reading all input (not every runtime reports this)';

/** A pipe of Linux holds as much: less cannot hold a runtime up. */
const pipeBytes = 65_536;

/**
Measured: containerd that still passes input on to a command which has ended waits for good, and so does kubectl; by no carrier is there
a sign of it.
`onWaiting` is told once, when for `quietMs` no byte went either way.
*/
export function detectSilentEnd(
	channels: Pick<CommandChannels, 'received' | 'sent'>,
	onWaiting: ((notice: string) => void) | undefined,
	silentForMs = 30_000,
): {stop: () => void} {
	let lastCounts = '';
	let changedAt = performance.now();
	const timer = setInterval(
		() => {
			const counts = `${channels.sent} ${channels.received}`;
			if (counts !== lastCounts) {
				lastCounts = counts;
				changedAt = performance.now();
			} else if (channels.sent > pipeBytes && performance.now() - changedAt >= silentForMs) {
				clearInterval(timer);
				onWaiting?.(`no data for ${Math.round(silentForMs / 1000)} s after its input; ${mayHaveEndedNotice}`);
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
