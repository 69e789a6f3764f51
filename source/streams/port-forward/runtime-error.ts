/** What does a container runtime say of a connection, on its error stream, and what is meant? */
import {SpokeError} from '../../errors/spoke-error.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import type {ConnectionOutcome} from './forwarded-connection.ts';

const longestWords = 64 * 1024;

/** All that is said, trimmed; empty when all went well. Never rejects: of a stream that is lost it is what came before. */
export async function readErrorStream(stream: SpdyStream): Promise<string> {
	const {promise, resolve} = Promise.withResolvers<string>();
	const collected = new ByteCollector(longestWords);
	stream.on('data', (chunk: Buffer) => {
		collected.add(chunk.subarray(0, longestWords - collected.length));
	});
	const tell = () => {
		resolve(collected.take().toString('utf8').trim());
	};

	stream.once('end', tell).once('error', tell).once('close', tell);
	return promise;
}

/** What the runtime's words are about: a pod that reset a running connection, or one that never took it. */
export function classifyRuntimeError(text: string, flowed: boolean): ConnectionOutcome {
	if (flowed && /connection reset by peer|broken pipe/.test(text)) {
		return {end: 'pod-reset', error: null};
	}

	if (text.includes('connection refused')) {
		return {
			end: null,
			error: new SpokeError('ERR_PORT_REFUSED', 'nothing listens on the port inside the pod (connection refused)', {text}),
		};
	}

	if (isPodSandboxGone(text)) {
		return {end: null, error: new SpokeError('ERR_TARGET_GONE', 'the pod’s network is not the one that the tunnel was opened to', {text})};
	}

	return {
		end: null,
		error: new SpokeError('ERR_PORT_REFUSED', `the connection inside the pod failed: ${text.replaceAll(/\s*\n\s*/g, ' ').slice(0, 500)}`, {
			text,
		}),
	};
}

/** The pod's sandbox was made anew, or is gone: containerd's and cri-o's words. */
export function isPodSandboxGone(text: string): boolean {
	return /network namespace for sandbox .* is closed|sandbox .* is not running|(?:sandbox|container) .*not found|not found in (?:store|sandbox)|failed to find sandbox/i.test(
		text,
	);
}
