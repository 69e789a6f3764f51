/** Relays one request of a local client to the apiserver. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ApiResponse, Connection, RequestOptions} from '../../cluster/connection.ts';
import {type SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {kubeletLogRefusal} from '../../server-messages/kubelet-log-refusal.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {errorFromLogResponse} from '../logs/log-error.ts';
import {connectObserved} from '../observed-connection.ts';
import {apiserverErrorIn, isApiserverRedirect, maxErrorBytes, mayBeFromApiserver} from '../proxy/response-origin.ts';
import {truncatedResponseError} from '../proxy/truncated-response.ts';
import {headersToApiserver, headersToClient} from './relayed-headers.ts';
import type {RelayedTarget, RelayedTargets} from './relayed-targets.ts';
import {clientDisconnectedError} from './request-error.ts';

export type RelayContext = {
	cluster: ClusterClient;
	targets: RelayedTargets;
	observer: ConnectionObserver | undefined;
	keepaliveMs: number;
	allowsCommands: boolean;
};

/**
The client that goes away ends the request, and nothing else does: an upload, a followed log without a line or a backend may take any time.
@throws SpokeError when the apiserver was not reached; ERR_STREAM_LOST when its answer was cut, which is no word on how the connection
went; `clientDisconnectedError`
*/
export async function relayRequest(
	{cluster, targets, observer}: RelayContext,
	path: string,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const clientClosed = new AbortController();
	response.once('close', () => {
		clientClosed.abort(clientDisconnectedError());
	});
	const options: RequestOptions = {
		method: request.method ?? 'GET',
		path,
		headers: headersToApiserver(request.headers),
		timeoutMs: 0,
		signal: clientClosed.signal,
		...(hasBody(request) && {body: request}),
	};
	const target = await targets.find(path);
	if (target) {
		await relayObserved({cluster, observer}, target, options, response);
	} else {
		await relayResponse(response, await cluster.request(options));
	}
}

/** On a connection of its own, which is labelled for as long as its answer is passed on. */
async function relayObserved(
	{cluster, observer}: Pick<RelayContext, 'cluster' | 'observer'>,
	target: RelayedTarget,
	options: RequestOptions,
	response: ServerResponse,
): Promise<void> {
	const {purpose, base, rest} = target;
	const {signal} = options;
	const connection = await connectObserved(cluster, purpose, observer, signal);
	let interruption: SpokeError | undefined;
	try {
		const apiResponse = await connection.request({...options, path: base + rest});
		const reportAfterBody = observeResponse(observer, connection, target, apiResponse);
		await relayResponse(response, apiResponse).catch((error: unknown) => {
			interruption = toSpokeError(error);
		});
		reportAfterBody();
	} catch (thrown) {
		if (!signal?.aborted) {
			observer?.onFailed?.(connection, purpose, toSpokeError(thrown));
		}

		throw thrown;
	} finally {
		observer?.onClosed?.(connection, purpose);
		connection.close();
	}

	if (interruption) {
		throw interruption;
	}
}

/** How the end of a client shows on an answer that is on its way to it. */
const clientClosedCodes: ReadonlySet<string | undefined> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_OUTPUT_CLOSED']);

/** @throws SpokeError ERR_STREAM_LOST when it was cut; a client that is gone needs nothing */
async function relayResponse(response: ServerResponse, {status, statusText, headers, body}: ApiResponse): Promise<void> {
	response.writeHead(status, statusText, headersToClient(headers));
	response.flushHeaders();
	try {
		await pipeline(body, response);
	} catch (error) {
		// Abort, so that the client does not take the response for complete.
		response.destroy();
		if (!clientClosedCodes.has((error as NodeJS.ErrnoException).code)) {
			throw truncatedResponseError(error);
		}
	}
}

function hasBody({headers}: IncomingMessage): boolean {
	return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/**
Tells what the head of the answer says, before its body is passed on. Gives a function to be called behind the body: whose refusal it is
shows
in its words only, and the client does not wait for them.
*/
function observeResponse(
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
