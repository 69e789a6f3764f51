/** Relays a local connection over a stream pair, preserving FIN and RST. */
import type {Socket} from 'node:net';
import {afterTurns, type MonotonicClock, monotonicMs, systemClock} from '../../base/async/clock.ts';
import {isSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import {StreamLostError, StreamResetError} from '../../wire/protocol-error.ts';
import {resetSocket} from '../../wire/end-socket.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import type {ConnectionEnd} from './forward-event.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';

export type ConnectionOutcome = {end: ConnectionEnd; error: null} | {end: null; error: SpokeError};

export type ForwardedConnection = {
	readonly up: number;
	readonly down: number;
	/** `monotonicMs()` of the first end, or of the last byte from the pod after it; `undefined` before. */
	readonly endedAt: number | undefined;
	/** Settles when both sides have ended; never rejects. */
	readonly outcome: Promise<ConnectionOutcome>;
	/** Sends RST to both sides. */
	abort(end: 'moved' | 'shutdown' | 'pod-reset'): void;
};

/** The runtime ends the data stream before it writes to the error stream. */
const errorTextTimeoutMs = 250;
/** Time for a client to close when its data can no longer arrive. */
const lingerMs = 2000;
/** The runtime answers SYN_STREAM before it dials. */
const replyTimeoutMs = 15_000;
const replyCheckMs = 1000;

const maxErrorTextBytes = 64 * 1024;

/**
Relays FIN as FIN and RST as RST in each direction. If the client disappears, resets the data stream, because the runtime would block the
tunnel.
Text on the error stream is a failure, even after the data (containerd ends data first).
*/
export function forwardConnection(
	socket: Socket,
	streams: {data: SpdyStream; error: SpdyStream},
	clock: MonotonicClock = systemClock,
): ForwardedConnection {
	return new Forwarding(socket, streams, clock);
}

class Forwarding implements ForwardedConnection {
	readonly outcome: Promise<ConnectionOutcome>;
	up = 0;
	down = 0;
	endedAt: number | undefined;
	readonly #socket: Socket;
	readonly #data: SpdyStream;
	readonly #errorStream: SpdyStream;
	readonly #errorText: Promise<string>;
	readonly #resolve: (outcome: ConnectionOutcome) => void;
	readonly #clock: MonotonicClock;
	#cancelReplyCheck = () => {};
	#firstEnd: 'client-fin' | 'pod-fin' | undefined;
	#isRuntimeDone = false;
	#isSettled = false;

	constructor(socket: Socket, {data, error: errorStream}: {data: SpdyStream; error: SpdyStream}, clock: MonotonicClock) {
		({promise: this.outcome, resolve: this.#resolve} = Promise.withResolvers<ConnectionOutcome>());
		this.#socket = socket;
		this.#data = data;
		this.#errorStream = errorStream;
		this.#errorText = readErrorStream(errorStream);
		this.#clock = clock;
		this.#awaitReply(replyTimeoutMs, data.sessionLoad.sentWrites);
		data.once('reply', () => {
			this.#cancelReplyCheck();
		});
		this.#pipeUp();
		this.#pipeDown();
		this.#handleRuntime();
		this.#handleClient();
		socket.resume();
	}

	abort(end: 'moved' | 'shutdown' | 'pod-reset'): void {
		this.#abort({end, error: null});
	}

	/** Counts only time in which a reply could be read: other connections of the tunnel can hold up the request or the reply. */
	#awaitReply(remainingMs: number, sentBefore: number): void {
		this.#cancelReplyCheck = this.#clock.after(replyCheckMs, () => {
			const {isReadingPaused, hasUnsentBytes, sentWrites} = this.#data.sessionLoad;
			const isHeldUp = isReadingPaused || (hasUnsentBytes && sentWrites > sentBefore);
			const remaining = remainingMs - (isHeldUp ? 0 : replyCheckMs);
			if (remaining > 0) {
				this.#awaitReply(remaining, sentWrites);
				return;
			}

			this.#abort({
				end: null,
				error: new StreamLostError(`the container runtime did not confirm the connection within ${replyTimeoutMs / 1000} s`, {
					kind: 'not-confirmed',
				}),
			});
		});
	}

	#pipeUp(): void {
		this.#socket.on('data', (chunk: Buffer) => {
			if (this.#isSettled || this.#data.writableEnded || this.#data.destroyed) {
				return;
			}

			this.up += chunk.length;
			if (!this.#data.write(chunk)) {
				this.#socket.pause();
			}
		});
		this.#data.on('drain', () => {
			this.#socket.resume();
		});
		this.#socket.on('end', () => {
			this.#noteEnd('client-fin');
			this.#data.end();
		});
	}

	#pipeDown(): void {
		this.#data.on('data', (chunk: Buffer) => {
			this.down += chunk.length;
			if (this.endedAt !== undefined) {
				this.endedAt = monotonicMs();
			}

			if (!this.#socket.write(chunk)) {
				this.#data.pause();
			}
		});
		this.#socket.on('drain', () => {
			this.#data.resume();
		});
		this.#data.on('end', async () => {
			this.#noteEnd('pod-fin');
			await this.#errorTextInTime();
			this.#endClient();
		});
	}

	/** The runtime ends its side up to 1 s later than the client, and sends nothing in between. */
	#noteEnd(end: 'client-fin' | 'pod-fin'): void {
		this.#firstEnd ??= end;
		this.endedAt ??= monotonicMs();
	}

	#handleRuntime(): void {
		void this.#errorText.then(text => {
			this.#isRuntimeDone = true;
			if (text !== '') {
				this.#abort(classifyRuntimeError(text, this.up + this.down > 0));
			}
		});
		this.#data.on('error', async (error: Error) => {
			// The runtime's message is more specific than the reset.
			const text = error instanceof StreamResetError ? await this.#errorTextInTime() : '';
			if (text === '') {
				this.#abort(isSpokeError(error) ? {end: null, error} : {end: 'pod-reset', error: null});
			}
		});
		this.#data.on('close', () => {
			if (this.#data.errored === null && this.#socket.writableFinished && this.#data.readableEnded) {
				this.#settle({end: this.#firstEnd ?? 'pod-fin', error: null});
			}
		});
		// The data stream reports a lost session.
		this.#errorStream.on('error', () => undefined);
	}

	#handleClient(): void {
		this.#socket.on('error', () => {
			this.#abort({end: 'client-reset', error: null});
		});
		this.#socket.on('close', hadError => {
			if (this.#data.readableEnded && this.#data.writableFinished && !hadError) {
				this.#settle({end: this.#firstEnd ?? 'pod-fin', error: null});
			}

			// Both directions are done, but the client's data may still be on its way to the pod.
			const bothEnded = !hadError && this.#socket.readableEnded && this.#socket.writableFinished;
			if (!bothEnded || this.#data.destroyed) {
				this.#abort({end: 'client-reset', error: null});
			}
		});
	}

	#endClient(): void {
		if (this.#isSettled && this.#socket.destroyed) {
			return;
		}

		const end = this.#firstEnd ?? 'pod-fin';
		this.#socket.end();
		if (!this.#isRuntimeDone) {
			return;
		}

		// The client's data can no longer arrive, so close like a program that closes its socket.
		this.#data.destroy();
		whenFinished(this.#socket, () => {
			this.#settle({end, error: null});
			const timer = setTimeout(() => {
				this.#socket.destroy();
			}, lingerMs).unref();
			// Most clients have closed: the timer would keep a burst's sockets in memory.
			this.#socket.once('close', () => {
				clearTimeout(timer);
			});
		});
	}

	/** Empty without a message. */
	async #errorTextInTime(): Promise<string> {
		const {promise: timeout, resolve} = Promise.withResolvers<string>();
		const cancel = afterTurns(systemClock, errorTextTimeoutMs, () => {
			resolve('');
		});
		const text = await Promise.race([this.#errorText, timeout]);
		cancel();
		return text;
	}

	#settle(outcome: ConnectionOutcome): void {
		if (this.#isSettled) {
			return;
		}

		this.#isSettled = true;
		this.#cancelReplyCheck();
		this.#resolve(outcome);
	}

	#abort(outcome: ConnectionOutcome): void {
		this.#settle(outcome);
		this.#data.destroy();
		this.#errorStream.destroy();
		resetSocket(this.#socket);
	}
}

function whenFinished(socket: Socket, callback: () => void): void {
	if (socket.writableFinished) {
		callback();
	} else {
		socket.once('finish', callback);
	}
}

/** Reads the error text; empty on success. Never rejects: if the stream is lost, returns the text so far. */
async function readErrorStream(stream: SpdyStream): Promise<string> {
	const {promise, resolve} = Promise.withResolvers<string>();
	const collected = new ByteCollector(maxErrorTextBytes);
	stream.on('data', (chunk: Buffer) => {
		collected.add(chunk.subarray(0, maxErrorTextBytes - collected.length));
	});
	const finish = () => {
		resolve(collected.take().toString('utf8').trim());
	};

	stream.once('end', finish).once('error', finish).once('close', finish);
	return promise;
}

function classifyRuntimeError(text: string, hadData: boolean): ConnectionOutcome {
	if (hadData && /connection reset by peer|broken pipe/.test(text)) {
		return {end: 'pod-reset', error: null};
	}

	const [code, message] = text.includes('connection refused')
		? (['ERR_PORT_REFUSED', 'nothing listens on the port inside the pod (connection refused)'] as const)
		: isPodSandboxGone(text)
			? (['ERR_TARGET_GONE', 'the pod’s network is no longer the one that the tunnel was opened to'] as const)
			: (['ERR_PORT_REFUSED', `the connection inside the pod failed: ${text.replaceAll(/\s*\n\s*/g, ' ').slice(0, 500)}`] as const);
	return {end: null, error: new SpokeError(code, message, {text})};
}

/** Whether containerd or CRI-O reports that the pod sandbox (the network namespace of the pod) is gone. */
export function isPodSandboxGone(text: string): boolean {
	return /network namespace for sandbox .* is closed|sandbox .* is not running|(?:sandbox|container) .*not found|not found in (?:store|sandbox)|failed to find sandbox/i.test(
		text,
	);
}
