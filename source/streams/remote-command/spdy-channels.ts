/** Channels of a remote command over SPDY. */
import type {Readable, Writable} from 'node:stream';
import {isSpokeError, type SpokeError} from '../../base/errors/spoke-error.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';
import {streamLostError, StreamResetError} from '../../wire/protocol-error.ts';
import {maxStatusBytes, parseStatusMessage, statusTooLong} from '../../wire/status-message.ts';
import type {SpdySession} from '../../wire/spdy-session.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import type {ChannelsResult, CommandChannels, RoundTripListener, TerminalSize} from './command-channels.ts';

const closeDelayMs = 10_000;

/** A server blocked by input may never end the error stream. */
const statusEndTimeoutMs = 2000;

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
	#isSendingSize = false;
	#endedAfterSilence = false;

	constructor(
		session: SpdySession,
		{
			stdin,
			tty,
			onRoundTrip,
			onPingOverdue,
		}: {stdin: boolean; tty: boolean; onRoundTrip: RoundTripListener; onPingOverdue?: RoundTripListener},
	) {
		this.#session = session;
		session.on('roundTrip', milliseconds => {
			onRoundTrip({runtime: milliseconds});
		});
		session.on('pingOverdue', milliseconds => {
			onPingOverdue?.({runtime: milliseconds});
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
		// The remote side can end its input at any time, without failure.
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
		return this.#outputs.reduce((sum, {bytesReceived}) => sum + bytesReceived, 0);
	}

	/** Sends only the latest pending size. */
	resize(size: TerminalSize): void {
		this.#size = size;
		if (!this.#isSendingSize) {
			this.#sendSize(size);
		}
	}

	close(): void {
		this.#session.end();
	}

	#sendSize(size: TerminalSize): void {
		this.#isSendingSize = true;
		this.#resizes?.write(JSON.stringify({Width: size.columns, Height: size.rows}), () => {
			this.#isSendingSize = false;
			if (this.#size && this.#size !== size) {
				this.#sendSize(this.#size);
			}
		});
	}

	async #watch(error: SpdyStream): Promise<ChannelsResult> {
		const outputs = this.#outputs.map(async output => endOf(output));
		const {status, lost} = await readStatus(error);
		if (status.length > 0 && lost?.code !== 'ERR_PROTOCOL') {
			this.#endAfterSilence();
		} else {
			// Do not wait without a status; received data can still be read.
			this.#session.end();
		}

		const ends = await Promise.all(outputs);
		this.#session.end();
		// A server that ends the session resets open streams after all data. After a status, which comes last, a reset or a long silence is
		// a normal end.
		const interruption = ends.find(
			end => end !== null && !(status.length > 0 && (end instanceof StreamResetError || this.#endedAfterSilence)),
		);
		return {status, lost: lost ?? (interruption ? toStreamLostError(interruption) : null)};
	}

	/** Waits while the local reader is slow. */
	#endAfterSilence(): void {
		const receivedBefore = this.received;
		setTimeout(() => {
			if (this.received === receivedBefore && this.#outputs.every(({readableLength}) => readableLength === 0)) {
				this.#endedAfterSilence = true;
				this.#session.end();
			} else {
				this.#endAfterSilence();
			}
		}, closeDelayMs).unref();
	}
}

async function readStatus(stream: SpdyStream): Promise<{status: Buffer; lost: SpokeError | null}> {
	const collected = new ByteCollector(maxStatusBytes);
	const earlyResult = Promise.withResolvers<SpokeError | null>();
	let timer: NodeJS.Timeout | undefined;
	stream.on('data', (chunk: Buffer) => {
		if (!collected.add(chunk)) {
			earlyResult.resolve(statusTooLong());
			return;
		}

		// Parse after a pause, not after every byte of a slow sender.
		timer =
			timer?.refresh() ??
			setTimeout(() => {
				if (parseStatusMessage(collected.bytes).kind !== 'unreadable') {
					earlyResult.resolve(null);
				}
			}, statusEndTimeoutMs);
	});
	const end = await Promise.race([endOf(stream), earlyResult.promise]);
	clearTimeout(timer);
	const status = collected.take();
	return {
		status,
		lost:
			end === null || (end instanceof StreamResetError && status.length > 0) || isResetAfterStatus(status, end)
				? null
				: toStreamLostError(end),
	};
}

/** A server may reset the connection because of unread input before it ends the stream. */
function isResetAfterStatus(status: Buffer, end: Error): boolean {
	return toStreamLostError(end).code === 'ERR_STREAM_LOST' && parseStatusMessage(status).kind !== 'unreadable';
}

/** `null` after FIN. An output ends only when read. */
async function endOf(stream: SpdyStream): Promise<Error | null> {
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

function toStreamLostError(error: Error): SpokeError {
	return isSpokeError(error) ? error : streamLostError(error.message, error);
}
