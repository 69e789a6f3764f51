/** Relays a local client's request to the apiserver. */
import type {IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse} from 'node:http';
import type {Readable, Duplex, Writable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {Socket} from 'node:net';
import type {ClusterClient, ApiResponse, Connection, RequestOptions, UpgradeOptions, UpgradeResult} from '../../cluster/cluster-client.ts';
import type {ErrorCode} from '../../base/errors/error-table.ts';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {errorFromLogResponse, podOnNoNode} from '../logs/open-log.ts';
import {connectObserved, reportNotOpened} from '../observed-connection.ts';
import {
	apiserverErrorIn,
	isApiserverRedirect,
	maxErrorBytes,
	mayBeFromApiserver,
	truncatedResponseError,
} from '../proxy/response-origin.ts';
import type {RelayedTarget, RelayedTargets} from './relayed-targets.ts';
import {webSocketAccept} from '../../wire/response-head.ts';
import {kubeletLogRefusal} from '../../cluster/server-messages/explain-message.ts';

type RelayContext = {
	cluster: ClusterClient;
	targets: RelayedTargets;
	observer: ConnectionObserver | undefined;
	keepaliveMs: number;
	allowsCommands: boolean;
};

/** `answer`: headers of the 101. */
type UpgradeRequest = Pick<UpgradeOptions, 'method' | 'upgrade' | 'protocols'> & {answer: readonly string[]; protocolHeader: string};

/**
Only the client can end the request: an upload, an empty followed log or a backend can take any time.
@throws SpokeError if the apiserver is not reached; ERR_STREAM_LOST for a truncated response; ERR_OUTPUT_CLOSED
*/
export async function relayRequest(
	{cluster, targets, observer}: RelayContext,
	path: string,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const options: RequestOptions = {
		method: request.method ?? 'GET',
		path,
		headers: headersToApiserver(request.headers),
		timeoutMs: 0,
		signal: signalOfClose(response),
		...(hasBody(request) && {body: request}),
	};
	const target = await targets.find(path);
	if (target) {
		await relayObserved({cluster, observer}, target, options, response);
	} else {
		// As kubectl proxy, leaves retries to the client.
		await relayResponse(response, await cluster.request({...options, shouldHonorRetryAfter: false}));
	}
}

async function relayObserved(
	{cluster, observer}: Pick<RelayContext, 'cluster' | 'observer'>,
	target: RelayedTarget,
	options: RequestOptions,
	response: ServerResponse,
): Promise<void> {
	const {purpose, base, rest} = target;
	const {signal} = options;
	const connection = await connectObserved(cluster, purpose, observer, {signal});
	try {
		const apiResponse = await connection.request({...options, path: base + rest}).catch((thrown: unknown) => {
			if (!signal?.aborted) {
				observer?.onFailed?.(connection, purpose, toSpokeError(thrown));
			}

			throw thrown;
		});
		const reportAfterBody = observeResponse(observer, connection, target, apiResponse);
		await relayResponse(response, apiResponse).finally(reportAfterBody);
	} finally {
		observer?.onClosed?.(connection, purpose);
		connection.close();
	}
}

const clientClosedCodes: ReadonlySet<string | undefined> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_OUTPUT_CLOSED']);

/** @throws SpokeError ERR_STREAM_LOST if truncated */
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

/** Call the returned function after the body, whose text shows the origin of an error; the client does not wait for this. */
function observeResponse(
	observer: ConnectionObserver | undefined,
	connection: Connection,
	{purpose, rest}: RelayedTarget,
	{status, headers, body}: ApiResponse,
): () => void {
	const isLog = purpose.feature === 'logs';
	const reportOpened = (bodyStart: Buffer) => {
		if (isLog && status === 204) {
			observer?.onApiserverAnswered?.(connection, purpose, podOnNoNode);
			return;
		}

		// Only a log's 200 is the kubelet's: the apiserver turns others into a Status.
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

/** `undefined` if too short to decide. */
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

/** Hop-by-hop (RFC 9110 section 7.6.1), or set by the connection to the apiserver. */
const hopByHopHeaders = new Set([
	'connection',
	'keep-alive',
	'proxy-connection',
	'proxy-authenticate',
	'proxy-authorization',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
	'host',
	'expect',
	'accept-encoding',
]);

/** Only the kubeconfig decides the identity. */
const identityHeaders = /^(?:authorization|impersonate-.*|x-remote-.*)$/;

export function headersToApiserver(headers: IncomingHttpHeaders): Record<string, string> {
	return Object.fromEntries(
		Object.entries(headers).flatMap(([name, value]) => {
			const isDropped =
				value === undefined || isHopByHop(name, headers) || identityHeaders.test(name) || name === 'origin' || name.startsWith('sec-');
			return isDropped ? [] : [[name, [value].flat().join(name === 'cookie' ? '; ' : ', ')]];
		}),
	);
}

export function headersToClient(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !isHopByHop(name, headers)));
}

function isHopByHop(name: string, {connection}: IncomingHttpHeaders): boolean {
	const connectionTokens = (connection ?? '')
		.toLowerCase()
		.split(',')
		.map(one => one.trim());
	return hopByHopHeaders.has(name) || connectionTokens.includes(name);
}

function clientDisconnectedError(): SpokeError {
	return new SpokeError('ERR_OUTPUT_CLOSED', 'the client disconnected before the response was complete');
}

/** Aborted when the client disconnects. */
function signalOfClose(client: Writable): AbortSignal {
	const controller = new AbortController();
	client.once('close', () => {
		controller.abort(clientDisconnectedError());
	});
	return controller.signal;
}

/** 499 is nginx's status for a disconnected client. */
export function httpStatusForError({code}: SpokeError): number {
	return statuses[code] ?? 502;
}

const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
	ERR_USAGE: 400,
	ERR_FORBIDDEN: 403,
	ERR_REQUIRE_NOT_MET: 403,
	ERR_REQUIRE_UNDECIDED: 403,
	ERR_NOT_FOUND: 404,
	ERR_OUTPUT_CLOSED: 499,
};

/** SPDY requires allowed commands, because nothing else uses it. */
export async function relayUpgrade(
	context: RelayContext,
	path: string,
	request: IncomingMessage,
	client: Duplex,
	head: Buffer,
): Promise<[status: number, error: SpokeError | null]> {
	const wanted = parseUpgradeRequest(request, context.allowsCommands);
	if (wanted === null) {
		rejectUpgrade(client, 403, 'only WebSocket upgrades are accepted');
		return [403, null];
	}

	const signal = signalOfClose(client);
	try {
		const {answer, protocolHeader, ...options} = wanted;
		const headers = headersToApiserver(request.headers);
		const outcome = await openUpgrade(context, {...options, path, headers, signal}, client);
		if (!outcome.upgraded) {
			rejectUpgrade(client, outcome.status, outcome.body, outcome.headers['content-type']);
			return [outcome.status, null];
		}

		if (context.keepaliveMs > 0) {
			(outcome.socket as Socket).setKeepAlive?.(true, context.keepaliveMs);
		}

		const protocol = outcome.protocol === null ? [] : [`${protocolHeader}: ${outcome.protocol}`];
		client.write(['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', ...answer, ...protocol, '', ''].join('\r\n'));
		client.unshift(head);
		passOn(client, outcome.socket);
		passOn(outcome.socket, client);
		return [101, null];
	} catch (thrown) {
		const error = toSpokeError(thrown);
		const status = httpStatusForError(error);
		rejectUpgrade(client, status, error.text ?? error.message);
		return [status, error.code === 'ERR_OUTPUT_CLOSED' ? null : error];
	}
}

export function rejectUpgrade(client: Duplex, status: number, body: string, contentType = 'text/plain; charset=utf-8'): void {
	client.end(
		`HTTP/1.1 ${status} Refused\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
	);
}

/** `null`: not relayed. */
function parseUpgradeRequest({method, headers, headersDistinct}: IncomingMessage, allowsCommands: boolean): UpgradeRequest | null {
	const {'sec-websocket-key': key = ''} = headers;
	const upgrade = headers.upgrade?.toLowerCase();
	const protocolsIn = (header: string) =>
		(headersDistinct[header.toLowerCase()] ?? []).flatMap(value => value.split(',')).flatMap(name => name.trim() || []);
	if (upgrade === 'websocket' && key !== '') {
		const protocolHeader = 'Sec-WebSocket-Protocol';
		const answer = ['Upgrade: websocket', `Sec-WebSocket-Accept: ${webSocketAccept(key)}`];
		return {method: 'GET', upgrade, protocols: protocolsIn(protocolHeader), answer, protocolHeader};
	}

	const protocolHeader = 'X-Stream-Protocol-Version';
	return allowsCommands && upgrade === 'spdy/3.1'
		? {
				method: method === 'POST' ? 'POST' : 'GET',
				upgrade: 'SPDY/3.1',
				protocols: protocolsIn(protocolHeader),
				answer: ['Upgrade: SPDY/3.1'],
				protocolHeader,
			}
		: null;
}

/** @throws ERR_OUTPUT_CLOSED and connection errors; leaves nothing open then */
async function openUpgrade(
	{cluster, targets, observer}: RelayContext,
	options: UpgradeOptions & {signal: AbortSignal},
	client: Duplex,
): Promise<UpgradeResult> {
	const {signal, upgrade} = options;
	const target = await targets.find(options.path, {isUpgrade: true});
	const connection = target ? await connectObserved(cluster, target.purpose, observer, {signal}) : await cluster.connect({signal});
	try {
		const outcome = await connection.upgrade({...options, path: target ? target.base + target.rest : options.path});
		if (outcome.upgraded && client.destroyed) {
			outcome.socket.destroy();
			throw clientDisconnectedError();
		}

		const purpose = target?.purpose;
		if (purpose && outcome.upgraded) {
			observer?.onOpened?.(connection, purpose, {carrier: upgrade === 'websocket' ? 'websocket' : 'spdy', protocol: outcome.protocol});
			client.once('close', () => observer?.onClosed?.(connection, purpose));
		} else if (purpose && !outcome.upgraded) {
			// For exec, attach and port-forward, the message does not show who refused.
			const error = purpose.request && apiserverErrorIn(outcome.status, outcome.headers, Buffer.from(outcome.body), purpose);
			if (error) {
				observer?.onFailed?.(connection, purpose, error);
			}

			observer?.onClosed?.(connection, purpose);
		}

		if (!outcome.upgraded) {
			connection.close();
		}

		return outcome;
	} catch (thrown) {
		connection.close();
		if (target) {
			reportNotOpened(observer, connection, target.purpose, {thrown, signal});
		}

		throw thrown;
	}
}

/** A reset of `from` destroys `to`. */
function passOn(from: Duplex, to: Duplex): void {
	from.pipe(to);
	from.on('error', () => to.destroy());
	from.on('close', () => {
		if (!from.readableEnded) {
			to.destroy();
		}
	});
}
