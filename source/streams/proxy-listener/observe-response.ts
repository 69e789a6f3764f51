/** Whose is an answer that is passed on, and what does whoever labels its connection hear of it? */
import type {Readable} from 'node:stream';
import type {ApiResponse, Connection} from '../../cluster/connection.ts';
import {kubeletLogRefusal} from '../../server-messages/kubelet-log-refusal.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {errorFromLogResponse} from '../logs/error-from-log-response.ts';
import {isApiserverRedirect, mayBeFromApiserver, maxErrorBytes, apiserverErrorIn} from '../proxy/response-origin.ts';
import type {RelayedTarget} from './relayed-targets.ts';

/**
Tells what the head of the answer says, before its body is passed on. Gives a function to be called behind the body: whose refusal it is shows
in its words only, and the client does not wait for them.
*/
export function observeResponse(
	witness: ConnectionObserver | undefined,
	connection: Connection,
	{purpose, behind}: RelayedTarget,
	{status, headers, body}: ApiResponse,
): () => void {
	const isLog = purpose.feature === 'logs';
	const tellOpened = (words: Buffer) => {
		// Of a log's answers only a 200 is the kubelet's as it came: a 204 says that the pod is on no node yet, and of any other the apiserver makes a Status.
		witness?.opened?.(connection, purpose, {
			carrier: 'http',
			protocol: null,
			mayBeApiservers: isLog ? status !== 200 : mayBeFromApiserver(status, headers, words),
		});
	};

	if (status < 400) {
		if (!isApiserverRedirect(status, behind)) {
			tellOpened(nothing);
		}

		return () => {};
	}

	const begun = beginningOf(body);
	return () => {
		const words = begun();
		if (!words) {
			return;
		}

		const said = apiserverErrorIn(status, headers, words, purpose);
		if (isLog && kubeletLogRefusal(status, words.toString('utf8')) !== null) {
			witness?.answered?.(connection, purpose);
			witness?.failed?.(connection, purpose, errorFromLogResponse({status, headers, body: words.toString('utf8')}));
		} else if (said) {
			witness?.failed?.(connection, purpose, said);
		} else {
			tellOpened(words);
		}
	};
}

const nothing = Buffer.alloc(0);

/** Gathers while the body is passed on; gives what came, or `undefined` where that is not enough to judge by. */
function beginningOf(body: Readable): () => Buffer | undefined {
	const pieces: Buffer[] = [];
	let bytes = 0;
	body.on('data', (piece: Buffer) => {
		if (bytes < maxErrorBytes) {
			pieces.push(piece);
		}

		bytes += piece.length;
	});
	return () => (body.readableEnded || bytes >= maxErrorBytes ? Buffer.concat(pieces) : undefined);
}
