/** How does one local connection become a stream in a pod, with every ending kept what it was? */
import type {Socket} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import {SpokeError} from '../../errors/spoke-error.ts';
import {StreamLostError, StreamResetError} from '../../wire/protocol-error.ts';
import {resetSocket} from '../../wire/reset-socket.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import type {ConnectionEnd} from './forward-event.ts';
import {classifyRuntimeError, readErrorStream} from './runtime-error.ts';

export type ConnectionOutcome = {end: ConnectionEnd; error: null} | {end: null; error: SpokeError};

export type ForwardedConnection = {
	readonly up: number;
	readonly down: number;
	/** Settles once, when both ends are over; never rejects. */
	readonly outcome: Promise<ConnectionOutcome>;
	/** Cuts both ends: RST to either side. */
	cut(end: 'moved' | 'shutdown' | 'pod-reset'): void;
};

/** The runtime ends data before it says on the error stream whether all went well; words come within this time, milliseconds. */
const wordsMs = 250;
/** A client that was sent the end is given so long to end, too, when nothing of it can arrive any more, milliseconds. */
const lingerMs = 2000;
/** The runtime must answer SYN_STREAM within this time, milliseconds: it does so before it dials. */
const replyMs = 15_000;

/**
FIN stays FIN and RST stays RST, each way on its own. A local end that dies resets the data stream, or the runtime would hold the whole tunnel up.
Words on the error stream are a failure, even if data had ended before (containerd ends data first).
*/
export function forwardConnection(socket: Socket, streams: {data: SpdyStream; error: SpdyStream}): ForwardedConnection {
	return new Forwarding(socket, streams);
}

class Forwarding implements ForwardedConnection {
	readonly outcome: Promise<ConnectionOutcome>;
	up = 0;
	down = 0;
	readonly #socket: Socket;
	readonly #data: SpdyStream;
	readonly #words: SpdyStream;
	/** All that the runtime says on the error stream, once it is done. */
	readonly #said: Promise<string>;
	readonly #resolve: (outcome: ConnectionOutcome) => void;
	readonly #replyTimer: NodeJS.Timeout;
	/** Which side sent FIN first. */
	#firstEnd: 'client-fin' | 'pod-fin' | undefined;
	#isRuntimeDone = false;
	#isSettled = false;

	constructor(socket: Socket, {data, error: words}: {data: SpdyStream; error: SpdyStream}) {
		({promise: this.outcome, resolve: this.#resolve} = Promise.withResolvers<ConnectionOutcome>());
		this.#socket = socket;
		this.#data = data;
		this.#words = words;
		this.#said = readErrorStream(words);
		this.#replyTimer = setTimeout(() => {
			this.#cut({
				end: null,
				error: new StreamLostError(`the container runtime was not heard to take the connection within ${replyMs / 1000} s`, {
					how: 'not-taken',
				}),
			});
		}, replyMs);
		data.once('reply', () => {
			clearTimeout(this.#replyTimer);
		});
		this.#carryUp();
		this.#carryDown();
		this.#heedRuntime();
		this.#heedClient();
		socket.resume();
	}

	cut(end: 'moved' | 'shutdown' | 'pod-reset'): void {
		this.#cut({end, error: null});
	}

	#carryUp(): void {
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
			this.#firstEnd ??= 'client-fin';
			this.#data.end();
		});
	}

	#carryDown(): void {
		this.#data.on('data', (chunk: Buffer) => {
			this.down += chunk.length;
			if (!this.#socket.write(chunk)) {
				this.#data.pause();
			}
		});
		this.#socket.on('drain', () => {
			this.#data.resume();
		});
		this.#data.on('end', async () => {
			this.#firstEnd ??= 'pod-fin';
			await this.#saidSoon();
			this.#endLocally();
		});
	}

	#heedRuntime(): void {
		void this.#said.then(text => {
			this.#isRuntimeDone = true;
			if (text !== '') {
				this.#cut(classifyRuntimeError(text, this.up + this.down > 0));
			}
		});
		this.#data.on('error', async (error: Error) => {
			// The runtime's own words, if there are any, tell more than the reset.
			const text = error instanceof StreamResetError ? await this.#saidSoon() : '';
			if (text === '') {
				this.#cut(error instanceof SpokeError ? {end: null, error} : {end: 'pod-reset', error: null});
			}
		});
		this.#data.on('close', () => {
			if (this.#data.errored === null && this.#socket.writableFinished && this.#data.readableEnded) {
				this.#settle({end: this.#firstEnd ?? 'pod-fin', error: null});
			}
		});
		// The session's loss reaches both streams; the data stream's is told.
		this.#words.on('error', () => undefined);
	}

	#heedClient(): void {
		this.#socket.on('error', () => {
			this.#cut({end: 'client-reset', error: null});
		});
		this.#socket.on('close', hadError => {
			if (this.#data.readableEnded && this.#data.writableFinished && !hadError) {
				this.#settle({end: this.#firstEnd ?? 'pod-fin', error: null});
			}

			// A client that ended and was sent the end is done, but what it sent may still be on its way up.
			const bothEnded = !hadError && this.#socket.readableEnded && this.#socket.writableFinished;
			if (!bothEnded || this.#data.destroyed) {
				this.#cut({end: 'client-reset', error: null});
			}
		});
	}

	/** The pod sent its end, which goes on to the client. */
	#endLocally(): void {
		if (this.#isSettled && this.#socket.destroyed) {
			return;
		}

		const end = this.#firstEnd ?? 'pod-fin';
		this.#socket.end();
		if (!this.#isRuntimeDone) {
			return;
		}

		// Nothing that the client still sends can arrive: like a program that closed its socket, once the client has taken what was sent.
		this.#data.destroy();
		whenFinished(this.#socket, () => {
			this.#settle({end, error: null});
			setTimeout(() => {
				this.#socket.destroy();
			}, lingerMs).unref();
		});
	}

	/** The runtime's words; empty when none come in time. */
	async #saidSoon(): Promise<string> {
		return Promise.race([this.#said, delay(wordsMs, '', {ref: false})]);
	}

	/** The first outcome counts. */
	#settle(outcome: ConnectionOutcome): void {
		if (this.#isSettled) {
			return;
		}

		this.#isSettled = true;
		clearTimeout(this.#replyTimer);
		this.#resolve(outcome);
	}

	#cut(outcome: ConnectionOutcome): void {
		this.#settle(outcome);
		this.#data.destroy();
		this.#words.destroy();
		resetSocket(this.#socket);
	}
}

function whenFinished(socket: Socket, then: () => void): void {
	if (socket.writableFinished) {
		then();
	} else {
		socket.once('finish', then);
	}
}
