/** The runtime's message on an error stream. */
import {SpokeError} from '../../errors/spoke-error.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import type {ConnectionOutcome} from './forwarded-connection.ts';

const maxErrorTextBytes = 64 * 1024;

/** Reads the error text; empty on success. Never rejects: if the stream is lost, returns the text so far. */
export async function readErrorStream(stream: SpdyStream): Promise<string> {
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

export function classifyRuntimeError(text: string, hadData: boolean): ConnectionOutcome {
	if (hadData && /connection reset by peer|broken pipe/.test(text)) {
		return {end: 'pod-reset', error: null};
	}

	if (text.includes('connection refused')) {
		return {
			end: null,
			error: new SpokeError('ERR_PORT_REFUSED', 'nothing listens on the port inside the pod (connection refused)', {text}),
		};
	}

	if (isPodSandboxGone(text)) {
		return {
			end: null,
			error: new SpokeError('ERR_TARGET_GONE', 'the pod’s network is no longer the one that the tunnel was opened to', {text}),
		};
	}

	return {
		end: null,
		error: new SpokeError('ERR_PORT_REFUSED', `the connection inside the pod failed: ${text.replaceAll(/\s*\n\s*/g, ' ').slice(0, 500)}`, {
			text,
		}),
	};
}

/** Whether containerd or CRI-O reports that the pod sandbox (the network namespace of the pod) is gone. */
export function isPodSandboxGone(text: string): boolean {
	return /network namespace for sandbox .* is closed|sandbox .* is not running|(?:sandbox|container) .*not found|not found in (?:store|sandbox)|failed to find sandbox/i.test(
		text,
	);
}
