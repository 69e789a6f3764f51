/** Is the other side of a WebSocket still there, when it says nothing? */
import {silenceError, StreamLostError} from '../../wire/protocol-error.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import type {WebSocketMessages} from '../../wire/websocket-messages.ts';
import {mayHaveEndedNotice} from './detect-silent-end.ts';

export type SilenceTiming = {pingEveryMs: number; silenceMs: number};

type Excuses = {
	/** We do not read, so we cannot hear. */
	deaf(): boolean;
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
	readonly #silenceMs: number;
	readonly #excuses: Excuses;
	readonly #onSilence: (error: SpokeError) => void;
	readonly #timer: NodeJS.Timeout;
	#heardAt: number;
	#sentSinceHeard = 0;
	#toldBlocked = false;
	#isOver = false;

	constructor(
		messages: WebSocketMessages,
		{pingEveryMs, silenceMs}: SilenceTiming,
		excuses: Excuses,
		onSilence: (error: SpokeError) => void,
	) {
		this.#messages = messages;
		this.#silenceMs = silenceMs;
		this.#excuses = excuses;
		this.#onSilence = onSilence;
		this.#heardAt = messages.lastHeardAt;
		messages.ping();
		this.#timer = setInterval(() => {
			this.#tick();
		}, pingEveryMs).unref();
	}

	sent(bytes: number): void {
		this.#sentSinceHeard += bytes;
	}

	stop(): void {
		this.#isOver = true;
		clearInterval(this.#timer);
	}

	#tick(): void {
		const {lastHeardAt} = this.#messages;
		if (lastHeardAt !== this.#heardAt) {
			this.#heardAt = lastHeardAt;
			this.#sentSinceHeard = 0;
		}

		if (this.#isSilent()) {
			// A process that stood still, suspended or on a machine that was, has not read what came meanwhile: that comes first.
			setImmediate(() => {
				if (!this.#isOver && this.#isSilent()) {
					this.#onSilence(this.#isBlocked() ? inputBlocked(this.#silence()) : silenceError(this.#silence()));
				}
			});
			return;
		}

		this.#messages.ping();
		if (this.#isBlocked() && !this.#excuses.deaf() && this.#silence() > this.#silenceMs / 3) {
			this.#tellBlocked(this.#silence());
		}
	}

	#isSilent(): boolean {
		return !this.#excuses.deaf() && this.#silence() > this.#silenceMs * (this.#isBlocked() ? 10 : 1);
	}

	#isBlocked(): boolean {
		return this.#messages.bufferedBytes > 0 || this.#sentSinceHeard >= this.#excuses.blockingBytes;
	}

	#silence(): number {
		return performance.now() - this.#messages.lastHeardAt;
	}

	#tellBlocked(silence: number): void {
		if (!this.#toldBlocked) {
			this.#toldBlocked = true;
			this.#excuses.onBlocked?.(`no input was taken and nothing was answered for ${seconds(silence)}; ${mayHaveEndedNotice}`);
		}
	}
}

/** Measured: a kubelet whose command ended before its input was read may send no status, by neither carrier. */
function inputBlocked(silence: number): SpokeError {
	return new StreamLostError(`the far side took no more input and answered nothing for ${seconds(silence)}`, {
		how: 'input-refused',
		remedy: 'a command that ends before its input does may end like this: give it no more than it reads',
	});
}

function seconds(milliseconds: number): string {
	return `${Math.round(milliseconds / 1000)} s`;
}
