/** A remote command's channels as streams of one SPDY session (`v4.channel.k8s.io`). */
import type {Readable, Writable} from 'node:stream';
import {SpokeError} from '../../errors/spoke-error.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';
import {streamLostError, StreamResetError} from '../../wire/protocol-error.ts';
import {maxStatusBytes, parseStatusMessage, statusTooLong} from '../../wire/status-message.ts';
import type {SpdySession} from '../../wire/spdy-session.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import type {ChannelsResult, CommandChannels, RoundTripListener, TerminalSize} from './command-channels.ts';

/** The server ends or resets its outputs right behind the status; how long one that does not is waited for. */
const afterStatusMs = 10_000;

/** A status says all: how long its stream's own end is waited for, which a server that is held up by our input may never send. */
const statusEndMs = 2000;

/** @see k8s.io/api/core/v1 StreamType headers; k8s.io/cri-streaming remotecommand httpstream.go (streams must come within 30 s) */
export class SpdyChannels implements CommandChannels {
	readonly stdin: Writable | null;
	readonly stdout: Readable;
	readonly stderr: Readable | null;
	readonly ended: Promise<ChannelsResult>;
	readonly #session: SpdySession;
	readonly #input: SpdyStream | null;
	readonly #outputs: readonly SpdyStream[];
	readonly #resizes: SpdyStream | null;
	#size: TerminalSize | null = null;
	#sendsSize = false;
	/** We ended the session, long behind the last byte that came. */
	#endedStill = false;

	constructor(
		session: SpdySession,
		{stdin, tty, onRoundTrip, onLate}: {stdin: boolean; tty: boolean; onRoundTrip: RoundTripListener; onLate?: RoundTripListener},
	) {
		this.#session = session;
		session.on('roundTrip', milliseconds => {
			onRoundTrip({runtime: milliseconds});
		});
		session.on('late', milliseconds => {
			onLate?.({runtime: milliseconds});
		});
		const open = (streamtype: string) => session.open({streamtype});
		const error = open('error');
		const input = stdin ? open('stdin') : null;
		const stdout = open('stdout');
		const stderr = tty ? null : open('stderr');
		this.#resizes = tty ? open('resize') : null;
		this.#outputs = stderr ? [stdout, stderr] : [stdout];
		this.#input = input;
		this.stdin = input;
		this.stdout = stdout;
		this.stderr = stderr;
		// The far side may end or reset its input at any time: its readers are gone, which is no failure.
		for (const stream of [input, this.#resizes]) {
			stream?.on('error', () => {});
			stream?.resume();
		}

		this.ended = this.#watch(error);
	}

	get sent(): number {
		return this.#input?.bytesSent ?? 0;
	}

	get received(): number {
		let bytes = 0;
		for (const output of this.#outputs) {
			bytes += output.bytesReceived;
		}

		return bytes;
	}

	/** Only the last of the sizes that come while one is being sent matters. */
	resize(size: TerminalSize): void {
		this.#size = size;
		if (!this.#sendsSize) {
			this.#sendSize(size);
		}
	}

	close(): void {
		this.#session.end();
	}

	#sendSize(size: TerminalSize): void {
		this.#sendsSize = true;
		this.#resizes?.write(JSON.stringify({Width: size.columns, Height: size.rows}), () => {
			this.#sendsSize = false;
			if (this.#size && this.#size !== size) {
				this.#sendSize(this.#size);
			}
		});
	}

	async #watch(error: SpdyStream): Promise<ChannelsResult> {
		const outputs = this.#outputs.map(async output => endingOf(output));
		const {status, lost} = await readStatus(error);
		if (status.length > 0 && lost?.code !== 'ERR_PROTOCOL') {
			this.#endSoon();
		} else {
			// Without a status, or with one that never ends, there is nothing to wait for, but what has come may still be read.
			this.#session.end();
		}

		const endings = await Promise.all(outputs);
		this.#session.end();
		// A server that ends the session resets what is open, after all of it was sent: behind a status that is an end, and so is a long silence there, since the status is said last.
		const cut = endings.find(ending => ending !== null && !(status.length > 0 && (ending instanceof StreamResetError || this.#endedStill)));
		return {status, lost: lost ?? (cut ? asLost(cut) : null)};
	}

	/** Ends the session some time after the last byte, unless our own reader is what takes so long. */
	#endSoon(): void {
		const before = this.received;
		setTimeout(() => {
			if (this.received === before && this.#outputs.every(({readableLength}) => readableLength === 0)) {
				this.#endedStill = true;
				this.#session.end();
			} else {
				this.#endSoon();
			}
		}, afterStatusMs).unref();
	}
}

async function readStatus(stream: SpdyStream): Promise<{status: Buffer; lost: SpokeError | null}> {
	const collected = new ByteCollector(maxStatusBytes);
	const told = Promise.withResolvers<SpokeError | null>();
	let timer: NodeJS.Timeout | undefined;
	stream.on('data', (piece: Buffer) => {
		if (!collected.add(piece)) {
			told.resolve(statusTooLong());
			return;
		}

		// Once nothing more comes: whoever sends it byte by byte must not have it parsed for each of them.
		timer =
			timer?.refresh() ??
			setTimeout(() => {
				if (parseStatusMessage(collected.bytes).kind !== 'unreadable') {
					told.resolve(null);
				}
			}, statusEndMs);
	});
	const ending = await Promise.race([endingOf(stream), told.promise]);
	clearTimeout(timer);
	const status = collected.take();
	return {
		status,
		lost:
			ending === null || (ending instanceof StreamResetError && status.length > 0) || isCutBehind(status, ending) ? null : asLost(ending),
	};
}

/** A server that has said all may reset the connection, for input that it did not read, before the stream's own end has left. */
function isCutBehind(status: Buffer, ending: Error): boolean {
	return asLost(ending).code === 'ERR_STREAM_LOST' && parseStatusMessage(status).kind !== 'unreadable';
}

/** `null` once its FIN was read, or what cut it. An output is only told to be ended when its reader has read it. */
async function endingOf(stream: SpdyStream): Promise<Error | null> {
	return new Promise(resolve => {
		stream.on('end', () => {
			resolve(null);
		});
		stream.on('error', resolve);
		stream.on('close', () => {
			resolve(streamLostError('the stream was closed before its end'));
		});
	});
}

function asLost(error: Error): SpokeError {
	return error instanceof SpokeError ? error : streamLostError(error.message, error);
}
