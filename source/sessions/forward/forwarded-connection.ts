/** How does one local connection become a stream in a pod, with every ending kept what it was? */
import type {Socket} from 'node:net';
import {SpokeError} from '../../errors/spoke-error.ts';
import {StreamReset} from '../../wire/protocol-error.ts';
import {resetSocket} from '../../wire/reset-socket.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import type {ConnectionEnd} from './forward-event.ts';

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
const longestWords = 64 * 1024;
/** The runtime must answer SYN_STREAM within this time, milliseconds: it does so before it dials. */
const replyMs = 15_000;

/**
FIN stays FIN and RST stays RST, each way on its own. A local end that dies resets the data stream, or the runtime would hold the whole tunnel up.
Words on the error stream are a failure, even if data had ended before (containerd ends data first).
*/
export function forwardConnection(socket: Socket, {data, error: words}: {data: SpdyStream; error: SpdyStream}): ForwardedConnection {
	let [up, down] = [0, 0];
	let first: 'client-fin' | 'pod-fin' | undefined;
	let settled = false;
	const {promise: outcome, resolve} = Promise.withResolvers<ConnectionOutcome>();
	const settle = (result: ConnectionOutcome) => {
		if (settled) {
			return;
		}

		settled = true;
		clearTimeout(replyTimer);
		resolve(result);
	};

	const cutWith = (result: ConnectionOutcome) => {
		settle(result);
		data.destroy();
		words.destroy();
		resetSocket(socket);
	};

	const replyTimer = setTimeout(() => {
		cutWith({end: null, error: new SpokeError('ERR_STREAM_LOST', `the container runtime did not take the connection within ${replyMs / 1000} s`, {leg: 2})});
	}, replyMs);
	data.once('reply', () => {
		clearTimeout(replyTimer);
	});

	socket.on('data', (chunk: Buffer) => {
		if (settled || data.writableEnded || data.destroyed) {
			return;
		}

		up += chunk.length;
		if (!data.write(chunk)) {
			socket.pause();
		}
	});
	data.on('drain', () => {
		socket.resume();
	});
	socket.on('end', () => {
		first ??= 'client-fin';
		data.end();
	});
	data.on('data', (chunk: Buffer) => {
		down += chunk.length;
		if (!socket.write(chunk)) {
			data.pause();
		}
	});
	socket.on('drain', () => {
		data.resume();
	});

	const said = new Promise<string>(resolveWords => {
		const chunks: Buffer[] = [];
		let length = 0;
		words.on('data', (chunk: Buffer) => {
			if (!(length < longestWords)) {
				return;
			}

			chunks.push(chunk);
			length += chunk.length;
		});
		const tell = () => {
			resolveWords(Buffer.concat(chunks).toString('utf8', 0, longestWords).trim());
		};

		words.once('end', tell).once('error', tell).once('close', tell);
	});
	let runtimeIsDone = false;
	void said.then(text => {
		runtimeIsDone = true;
		if (text !== '') {
			cutWith(failureOf(text, up + down > 0));
		}
	});

	const endLocally = () => {
		if (settled && socket.destroyed) {
			return;
		}

		first ??= 'pod-fin';
		const end = first;
		socket.end();
		if (!runtimeIsDone) {
			return;
		}

		// Nothing that the client still sends can arrive: like a program that closed its socket, once the client has taken what was sent.
		data.destroy();
		whenFinished(socket, () => {
			settle({end, error: null});
			setTimeout(() => {
				socket.destroy();
			}, lingerMs).unref();
		});
	};

	data.on('end', () => {
		first ??= 'pod-fin';
		void Promise.race([said, new Promise(done => {
			setTimeout(done, wordsMs).unref();
		})]).then(endLocally);
	});
	data.on('error', async (error: Error) => {
		// The runtime's own words, if there are any, tell more than the reset.
		const text = error instanceof StreamReset
			? await Promise.race([said, new Promise<string>(done => {
				setTimeout(done, wordsMs, '').unref();
			})])
			: '';
		if (text === '') {
			cutWith(error instanceof SpokeError ? {end: null, error} : {end: 'pod-reset', error: null});
		}
	});
	data.on('close', () => {
		if (data.errored === null && socket.writableFinished && data.readableEnded) {
			settle({end: first ?? 'pod-fin', error: null});
		}
	});
	socket.on('error', () => {
		cutWith({end: 'client-reset', error: null});
	});
	socket.on('close', hadError => {
		if (data.readableEnded && data.writableFinished && !hadError) {
			settle({end: first ?? 'pod-fin', error: null});
		}

		// A client that ended and was sent the end is done, but what it sent may still be on its way up.
		const bothEnded = !hadError && socket.readableEnded && socket.writableFinished;
		if (!bothEnded || data.destroyed) {
			cutWith({end: 'client-reset', error: null});
		}
	});
	// The session's loss reaches both streams; the data stream's is told.
	words.on('error', () => undefined);
	socket.resume();

	return {
		get up() {
			return up;
		},
		get down() {
			return down;
		},
		outcome,
		cut(end) {
			cutWith({end, error: null});
		},
	};
}

function whenFinished(socket: Socket, then: () => void): void {
	if (socket.writableFinished) {
		then();
	} else {
		socket.once('finish', then);
	}
}

/** What the runtime's words are about: a pod that reset a running connection, or one that never took it. */
function failureOf(text: string, flowed: boolean): ConnectionOutcome {
	if (flowed && /connection reset by peer|broken pipe/.test(text)) {
		return {end: 'pod-reset', error: null};
	}

	if (text.includes('connection refused')) {
		return {end: null, error: new SpokeError('ERR_PORT_REFUSED', 'nothing listens on the port inside the pod (connection refused)', {text})};
	}

	if (sandboxIsGone(text)) {
		return {end: null, error: new SpokeError('ERR_TARGET_GONE', 'the pod’s network is not the one that the tunnel was opened to', {text})};
	}

	return {end: null, error: new SpokeError('ERR_PORT_REFUSED', `the connection inside the pod failed: ${text.replaceAll(/\s*\n\s*/g, ' ').slice(0, 500)}`, {text})};
}

/** The pod's sandbox was made anew, or is gone: containerd's and cri-o's words. */
export function sandboxIsGone(text: string): boolean {
	return /network namespace for sandbox .* is closed|sandbox .* is not running|(?:sandbox|container) .*not found|not found in (?:store|sandbox)|failed to find sandbox/i.test(text);
}
