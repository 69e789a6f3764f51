/** One request of a local client, passed to the apiserver, and its answer back. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {pipeline} from 'node:stream/promises';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ApiResponse, RequestOptions} from '../../cluster/connection.ts';
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {truncatedResponseError} from '../proxy/truncated-response.ts';
import {connectObserved} from '../observed-connection.ts';
import {clientDisconnectedError} from './request-error.ts';
import {headersToApiserver, headersToClient} from './relayed-headers.ts';
import type {RelayedTarget, RelayedTargets} from './relayed-targets.ts';
import {observeResponse} from './observe-response.ts';

export type RelayContext = {
	cluster: ClusterClient;
	targets: RelayedTargets;
	witness: ConnectionObserver | undefined;
	keepaliveMs: number;
	allowsCommands: boolean;
};

/**
The client that goes away ends the request, and nothing else does: an upload, a followed log without a line or a backend may take any time.
@throws SpokeError when the apiserver was not reached; ERR_STREAM_LOST when its answer was cut, which is no word on how the connection went; `clientDisconnectedError`
*/
export async function relayRequest(
	{cluster, targets, witness}: RelayContext,
	path: string,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const gone = new AbortController();
	response.once('close', () => {
		gone.abort(clientDisconnectedError());
	});
	const asked: RequestOptions = {
		method: request.method ?? 'GET',
		path,
		headers: headersToApiserver(request.headers),
		timeoutMs: 0,
		signal: gone.signal,
		...(hasBody(request) && {body: request}),
	};
	const proxied = await targets.find(path);
	if (proxied) {
		await passProxied({cluster, witness}, proxied, asked, response);
	} else {
		await passAnswer(response, await cluster.request(asked));
	}
}

/** On a connection of its own, which is labelled for as long as its answer is passed on. */
async function passProxied(
	{cluster, witness}: Pick<RelayContext, 'cluster' | 'witness'>,
	target: RelayedTarget,
	asked: RequestOptions,
	response: ServerResponse,
): Promise<void> {
	const {purpose, base, behind} = target;
	const {signal} = asked;
	const connection = await connectObserved(cluster, purpose, witness, signal);
	let cut: SpokeError | undefined;
	try {
		const answer = await connection.request({...asked, path: base + behind});
		const tellRest = observeResponse(witness, connection, target, answer);
		await passAnswer(response, answer).catch((error: unknown) => {
			cut = toSpokeError(error);
		});
		tellRest();
	} catch (thrown) {
		if (!signal?.aborted) {
			witness?.failed?.(connection, purpose, toSpokeError(thrown));
		}

		throw thrown;
	} finally {
		witness?.closed?.(connection, purpose);
		connection.close();
	}

	if (cut) {
		throw cut;
	}
}

/** How the end of a client shows on an answer that is on its way to it. */
const ofClient: ReadonlySet<string | undefined> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_OUTPUT_CLOSED']);

/** @throws SpokeError ERR_STREAM_LOST when it was cut; a client that is gone needs nothing */
async function passAnswer(response: ServerResponse, {status, statusText, headers, body}: ApiResponse): Promise<void> {
	response.writeHead(status, statusText, headersToClient(headers));
	response.flushHeaders();
	try {
		await pipeline(body, response);
	} catch (error) {
		// It must not look whole.
		response.destroy();
		if (!ofClient.has((error as NodeJS.ErrnoException).code)) {
			throw truncatedResponseError(error);
		}
	}
}

function hasBody({headers}: IncomingMessage): boolean {
	return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
