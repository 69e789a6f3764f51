/** Is the other side of a WebSocket still there, when it says nothing? */
import {streamLost} from '../../wire/protocol-error.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {WebSocketMessages} from '../../wire/websocket-messages.ts';

export type SilenceTiming = {pingEveryMs: number; silenceMs: number};

type Excuses = {
	/** We do not read, so we cannot hear. */
	deaf(): boolean;
	/** Bytes sent since `heardAt` changed, from which on a server may be blocked. */
	blockingBytes: number;
};

/**
Pings, and tells once when nothing at all was heard for too long. A server that cannot pass on our input stops reading,
and so answers no ping, without being gone (measured): after input that may have filled the far side, ten times as long is allowed.
*/
export class SilenceWatch {
	readonly #timer: NodeJS.Timeout;
	#heardAt: number;
	#sentSinceHeard = 0;

	constructor(messages: WebSocketMessages, timing: SilenceTiming, excuses: Excuses, onSilence: (error: SpokeError) => void) {
		this.#heardAt = messages.lastHeardAt;
		messages.ping();
		this.#timer = setInterval(() => {
			if (messages.lastHeardAt !== this.#heardAt) {
				this.#heardAt = messages.lastHeardAt;
				this.#sentSinceHeard = 0;
			}

			const silence = performance.now() - messages.lastHeardAt;
			const blocked = messages.bufferedBytes > 0 || this.#sentSinceHeard >= excuses.blockingBytes;
			if (!excuses.deaf() && silence > timing.silenceMs * (blocked ? 10 : 1)) {
				onSilence(blocked ? inputBlocked(silence) : streamLost(`nothing was heard from the other side for ${seconds(silence)}`));
			} else {
				messages.ping();
			}
		}, timing.pingEveryMs);
		this.#timer.unref();
	}

	sent(bytes: number): void {
		this.#sentSinceHeard += bytes;
	}

	stop(): void {
		clearInterval(this.#timer);
	}
}

/** Measured: a kubelet whose command ended before its input was read does not send the status over a WebSocket. */
function inputBlocked(silence: number): SpokeError {
	return new SpokeError('ERR_STREAM_LOST', `the far side took no more input and answered nothing for ${seconds(silence)}`, {
		remedy: 'if the command ends before its input does, set KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false: SPDY carries its status',
	});
}

function seconds(milliseconds: number): string {
	return `${Math.round(milliseconds / 1000)} s`;
}
