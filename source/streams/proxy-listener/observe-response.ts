/** Reports a relayed response to the observer of its connection. */
import type {Readable} from 'node:stream';
import type {ApiResponse, Connection} from '../../cluster/connection.ts';
import {kubeletLogRefusal} from '../../server-messages/kubelet-log-refusal.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {errorFromLogResponse} from '../logs/error-from-log-response.ts';
import {isApiserverRedirect, mayBeFromApiserver, maxErrorBytes, apiserverErrorIn} from '../proxy/response-origin.ts';
import type {RelayedTarget} from './relayed-targets.ts';

/**
Tells what the head of the answer says, before its body is passed on. Gives a function to be called behind the body: whose refusal it is
shows
in its words only, and the client does not wait for them.
*/
export function observeResponse(
	observer: ConnectionObserver | undefined,
	connection: Connection,
	{purpose, rest}: RelayedTarget,
	{status, headers, body}: ApiResponse,
): () => void {
	const isLog = purpose.feature === 'logs';
	const reportOpened = (bodyStart: Buffer) => {
		// Of a log's answers only a 200 is the kubelet's as it came: a 204 says that the pod is on no node yet, and of any other the apiserver
		// makes a Status.
		observer?.onOpened?.(connection, purpose, {
			carrier: 'http',
			protocol: null,
			mayBeFromApiserver: isLog ? status !== 200 : mayBeFromApiserver(status, headers, bodyStart),
		});
	};

	if (status < 400) {
		if (!isApiserverRedirect(status, rest)) {
			reportOpened(empty);
		}

		return () => {};
	}

	const collectedStart = collectBodyStart(body);
	return () => {
		const bodyStart = collectedStart();
		if (!bodyStart) {
			return;
		}

		const error = apiserverErrorIn(status, headers, bodyStart, purpose);
		if (isLog && kubeletLogRefusal(status, bodyStart.toString('utf8')) !== null) {
			observer?.onFarEndAnswered?.(connection, purpose);
			observer?.onFailed?.(connection, purpose, errorFromLogResponse({status, headers, body: bodyStart.toString('utf8')}));
		} else if (error) {
			observer?.onFailed?.(connection, purpose, error);
		} else {
			reportOpened(bodyStart);
		}
	};
}

const empty = Buffer.alloc(0);

/** Gathers while the body is passed on; gives what came, or `undefined` where that is not enough to judge by. */
function collectBodyStart(body: Readable): () => Buffer | undefined {
	const chunks: Buffer[] = [];
	let bytes = 0;
	body.on('data', (chunk: Buffer) => {
		if (bytes < maxErrorBytes) {
			chunks.push(chunk);
		}

		bytes += chunk.length;
	});
	return () => (body.readableEnded || bytes >= maxErrorBytes ? Buffer.concat(chunks) : undefined);
}
