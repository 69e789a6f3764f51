/** A remote command's channels over WebSocket messages (`v5.channel.k8s.io`, `v4.channel.k8s.io`). */
import {Writable, type Readable} from 'node:stream';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';
import {channel, decodeChannelMessage, resizeMessage, stdinEndMessage, stdinMessage} from '../../wire/channel-frame.ts';
import {protocolError, streamLostError} from '../../wire/protocol-error.ts';
import {maxStatusBytes, parseStatusMessage, statusTooLong} from '../../wire/status-message.ts';
import {isNormalClose, type WebSocketCloseResult, type WebSocketMessages} from '../../wire/websocket-messages.ts';
import {
	pingIntervalMs,
	silenceTimeoutMs,
	type ChannelsResult,
	type CommandChannels,
	type RoundTripListener,
	type TerminalSize,
} from './command-channels.ts';
import {PausingOutputs} from './pausing-outputs.ts';
import {SilenceWatch, type SilenceTiming} from './silence-watch.ts';

/** A message larger than the server's buffer only costs memory on both sides. */
const maxStdinBytes = 32 * 1024;

/** The server closes right behind the status; one that does not is closed by us. */
const afterStatusMs = 2000;

/** What a terminal's input queue holds on Linux, and a pipe's at the least. */
const blockingBytes = {tty: 4096, pipe: 1} as const;

export type WebSocketChannelsOptions = {
	stdin: boolean;
	tty: boolean;
	/** Only v5 can say that stdin has ended. */
	canEndStdin: boolean;
	onRoundTrip: RoundTripListener;
	onLate?: RoundTripListener;
	/** The far side was heard for the first time: the apiserver's own 101, its first, empty message and its word on a kubelet that it could not use are not its. */
	onAnswer: () => void;
	/** Told once when the far side seems to be held up by our input. */
	onBlocked?: ((notice: string) => void) | undefined;
	timing?: SilenceTiming;
};

export class WebSocketChannels implements CommandChannels {
	readonly stdin: Writable | null;
	readonly stdout: Readable;
	readonly stderr: Readable | null;
	readonly ended: Promise<ChannelsResult>;
	received = 0;
	sent = 0;
	readonly #messages: WebSocketMessages;
	readonly #outputs: PausingOutputs;
	readonly #silence: SilenceWatch;
	readonly #status = new ByteCollector(maxStatusBytes);
	readonly #onAnswer: () => void;
	#answered = false;
	#afterStatus: NodeJS.Timeout | undefined;
	#failure: SpokeError | null = null;

	constructor(
		messages: WebSocketMessages,
		{
			stdin,
			tty,
			canEndStdin,
			onRoundTrip,
			onLate,
			onAnswer,
			onBlocked,
			timing = {pingEveryMs: pingIntervalMs, silenceMs: silenceTimeoutMs},
		}: WebSocketChannelsOptions,
	) {
		this.#messages = messages;
		this.#onAnswer = onAnswer;
		this.#outputs = new PausingOutputs(messages);
		this.stdout = this.#outputs.open();
		this.stderr = tty ? null : this.#outputs.open();
		this.stdin = stdin ? this.#openStdin(canEndStdin) : null;
		const excuses = {deaf: () => this.#outputs.paused, blockingBytes: blockingBytes[tty ? 'tty' : 'pipe'], onBlocked};
		this.#silence = new SilenceWatch(messages, timing, excuses, error => {
			this.#fail(error);
		});
		messages.on('message', (message, binary) => {
			this.#receive(message, binary);
		});
		messages.on('roundTrip', milliseconds => {
			onRoundTrip({websocket: milliseconds});
		});
		messages.on('late', milliseconds => {
			onLate?.({websocket: milliseconds});
		});
		this.ended = new Promise(resolve => {
			messages.on('close', ending => {
				resolve(this.#end(ending));
			});
		});
	}

	resize({columns, rows}: TerminalSize): void {
		this.#messages.send(resizeMessage(columns, rows));
	}

	close(): void {
		this.#messages.close();
	}

	#receive(message: Buffer, binary: boolean): void {
		// Version 5 lets either side close a channel; a server's own are over with the socket anyway.
		if (binary && message[0] === channel.close) {
			return;
		}

		try {
			if (!binary) {
				throw protocolError('a text message came, where all messages are binary');
			}

			const {channel: name, bytes} = decodeChannelMessage(message);
			if (name === 'error') {
				this.#receiveStatus(bytes);
			} else {
				this.#answers(bytes.length > 0);
				this.received += bytes.length;
				this.#outputs.push(name === 'stderr' && this.stderr ? this.stderr : this.stdout, bytes);
			}
		} catch (error) {
			this.#fail(toSpokeError(error));
		}
	}

	#receiveStatus(bytes: Buffer): void {
		if (!this.#status.add(bytes)) {
			throw statusTooLong();
		}

		// A failure may be the apiserver's own, which never reached the kubelet; how a command ended is not. It comes in one message.
		this.#answers(this.#status.length === bytes.length && ['success', 'exit'].includes(parseStatusMessage(bytes).kind));
		this.#afterStatus ??= setTimeout(() => {
			this.#messages.close();
		}, afterStatusMs);
	}

	#answers(isFarSide: boolean): void {
		if (isFarSide && !this.#answered) {
			this.#answered = true;
			this.#onAnswer();
		}
	}

	#fail(error: SpokeError): void {
		this.#failure ??= error;
		this.#messages.destroy(error);
	}

	#end({code, reason, error}: WebSocketCloseResult): ChannelsResult {
		this.#silence.stop();
		clearTimeout(this.#afterStatus);
		this.#outputs.end();
		const lost =
			this.#failure ??
			error ??
			(isNormalClose(code)
				? null
				: new SpokeError('ERR_STREAM_LOST', `the other side closed the stream with code ${code}`, {text: reason}));
		// Messages come in order: what came before a status is whole, however the socket ended behind it.
		const whole = this.#status.length > 0 && lost?.code !== 'ERR_PROTOCOL';
		return {status: this.#status.take(), lost: whole ? null : lost};
	}

	#openStdin(canEnd: boolean): Writable {
		const messages = this.#messages;
		const stdin = new Writable({
			highWaterMark: 64 * 1024,
			write: (chunk: Buffer, _encoding, done) => {
				let more = true;
				for (let at = 0; at < chunk.length; at += maxStdinBytes) {
					more = messages.send(stdinMessage(chunk.subarray(at, at + maxStdinBytes)));
				}

				this.sent += chunk.length;
				this.#silence.sent(chunk.length);
				if (more) {
					done();
				} else {
					messages.once('drain', done);
				}
			},
			final(done) {
				if (canEnd) {
					messages.send(stdinEndMessage());
					done();
				} else {
					done(streamLostError('this server’s version of the channels cannot tell the far side that the input has ended'));
				}
			},
		});
		messages.on('close', () => {
			stdin.destroy();
		});
		return stdin;
	}
}
