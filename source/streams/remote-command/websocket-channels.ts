/** Channels of a remote command over WebSocket. */
import {Readable, Writable} from 'node:stream';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';
import {
	channel,
	decodeChannelMessage,
	resizeMessage,
	stdinEndMessage,
	stdinMessage,
	maxStatusBytes,
	parseStatusMessage,
	statusTooLong,
} from '../../wire/status-message.ts';
import {protocolError} from '../../wire/protocol-error.ts';
import {isNormalClose, type WebSocketCloseResult, type WebSocketMessages} from '../../wire/websocket-messages.ts';
import {
	type ChannelsResult,
	type CommandChannels,
	pingIntervalMs,
	type RoundTripListener,
	silenceTimeoutMs,
	type TerminalSize,
} from './command-channels.ts';
import {type SilenceTiming, SilenceWatch} from './silence-watch.ts';

/** Longer messages than the server's buffer only cost memory. */
const maxStdinBytes = 32 * 1024;

/** Time for the server to close after the status. */
const closeDelayMs = 2000;

/** A terminal's input queue on Linux; a pipe can block after 1 byte. */
const blockingBytes = {tty: 4096, pipe: 1} as const;

const unendingInputNotice = 'the protocol v4.channel.k8s.io cannot signal the end of the input: the command may wait for more input';

type WebSocketChannelsOptions = {
	stdin: boolean;
	tty: boolean;
	/** Only in v5. */
	canEndStdin: boolean;
	onRoundTrip: RoundTripListener;
	onPingOverdue?: RoundTripListener;
	/** Excludes the apiserver's own 101, first empty message and error about a kubelet. */
	onFarEndAnswered: () => void;
	/** Each is one line. */
	onNotice?: ((notice: string) => void) | undefined;
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
	readonly #onFarEndAnswered: () => void;
	#farEndAnswered = false;
	#closeTimer: NodeJS.Timeout | undefined;
	#failure: SpokeError | null = null;

	constructor(
		messages: WebSocketMessages,
		{
			stdin,
			tty,
			canEndStdin,
			onRoundTrip,
			onPingOverdue,
			onFarEndAnswered,
			onNotice,
			timing = {pingIntervalMs, silenceTimeoutMs},
		}: WebSocketChannelsOptions,
	) {
		this.#messages = messages;
		this.#onFarEndAnswered = onFarEndAnswered;
		this.#outputs = new PausingOutputs(messages);
		this.stdout = this.#outputs.open();
		this.stderr = tty ? null : this.#outputs.open();
		this.stdin = stdin
			? this.#openStdin(() => {
					if (canEndStdin) {
						messages.send(stdinEndMessage());
					} else {
						onNotice?.(unendingInputNotice);
					}
				})
			: null;
		this.#silence = new SilenceWatch(messages, {
			...timing,
			isPaused: () => this.#outputs.isPaused,
			blockingBytes: blockingBytes[tty ? 'tty' : 'pipe'],
			onBlocked: onNotice,
			onSilence: error => {
				this.#fail(error);
			},
		});
		messages.on('message', (message, binary) => {
			this.#receive(message, binary);
		});
		messages.on('roundTrip', milliseconds => {
			onRoundTrip({websocket: milliseconds});
		});
		messages.on('pingOverdue', milliseconds => {
			onPingOverdue?.({websocket: milliseconds});
		});
		this.ended = new Promise(resolve => {
			messages.on('close', result => {
				resolve(this.#end(result));
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
		// In v5 either side can close a channel; the server's also end with the socket.
		if (binary && message[0] === channel.close) {
			return;
		}

		try {
			if (!binary) {
				throw protocolError('received a text message; all messages must be binary');
			}

			const {channel: name, bytes} = decodeChannelMessage(message);
			if (name === 'error') {
				this.#receiveStatus(bytes);
			} else {
				this.#recordAnswer(bytes.length > 0);
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

		// A failure can be the apiserver's own; an exit status, in one message, cannot.
		this.#recordAnswer(this.#status.length === bytes.length && ['success', 'exit'].includes(parseStatusMessage(bytes).kind));
		this.#closeTimer ??= setTimeout(() => {
			this.#messages.close();
		}, closeDelayMs);
	}

	#recordAnswer(isFarSide: boolean): void {
		if (isFarSide && !this.#farEndAnswered) {
			this.#farEndAnswered = true;
			this.#onFarEndAnswered();
		}
	}

	#fail(error: SpokeError): void {
		this.#failure ??= error;
		this.#messages.destroy(error);
	}

	#end({code, reason, error}: WebSocketCloseResult): ChannelsResult {
		this.#silence.stop();
		clearTimeout(this.#closeTimer);
		this.#outputs.end();
		const lost =
			this.#failure ??
			error ??
			(isNormalClose(code)
				? null
				: new SpokeError('ERR_STREAM_LOST', `the other side closed the stream with code ${code}`, {text: reason}));
		// Messages are ordered: all before the status is complete.
		const isComplete = this.#status.length > 0 && lost?.code !== 'ERR_PROTOCOL';
		return {status: this.#status.take(), lost: isComplete ? null : lost};
	}

	#openStdin(onEnd: () => void): Writable {
		const messages = this.#messages;
		const stdin = new Writable({
			highWaterMark: 64 * 1024,
			write: (chunk: Buffer, _encoding, done) => {
				let canWrite = true;
				for (let offset = 0; offset < chunk.length; offset += maxStdinBytes) {
					canWrite = messages.send(stdinMessage(chunk.subarray(offset, offset + maxStdinBytes)));
				}

				this.sent += chunk.length;
				this.#silence.sent(chunk.length);
				if (canWrite) {
					done();
				} else {
					messages.once('drain', done);
				}
			},
			final(done) {
				onEnd();
				done();
			},
		});
		messages.on('close', () => {
			stdin.destroy();
		});
		return stdin;
	}
}

class PausingOutputs {
	readonly #socket: {pause(): void; resume(): void};
	readonly #all: Readable[] = [];
	readonly #congested = new Set<Readable>();

	constructor(socket: {pause(): void; resume(): void}) {
		this.#socket = socket;
	}

	/** Whether reading is paused, which also delays pongs. */
	get isPaused(): boolean {
		return this.#congested.size > 0;
	}

	open(): Readable {
		const output = new Readable({
			highWaterMark: 64 * 1024,
			read: () => {
				this.#resume(output);
			},
			destroy: (error, done) => {
				// Drop data without a reader.
				this.#resume(output);
				done(error);
			},
		});
		this.#all.push(output);
		return output;
	}

	push(output: Readable, bytes: Buffer): void {
		if (bytes.length === 0 || output.destroyed || output.push(bytes)) {
			return;
		}

		this.#congested.add(output);
		this.#socket.pause();
	}

	/** Readers still receive their unread data. */
	end(): void {
		for (const output of this.#all) {
			if (!output.destroyed) {
				output.push(null);
			}
		}
	}

	#resume(output: Readable): void {
		if (this.#congested.delete(output) && this.#congested.size === 0) {
			this.#socket.resume();
		}
	}
}
