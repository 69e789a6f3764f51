/** Sends one request through the apiserver proxy. */
import type {Readable} from 'node:stream';
import type {ApiResponse, ClusterClient, Connection, UpgradeResult} from '../../cluster/cluster-client.ts';
import {toSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';
import {connectObserved, reportNotOpened} from '../observed-connection.ts';
import type {ResolvedProxyTarget} from './resolve-proxy-target.ts';
import {noResponseError, apiserverErrorIn, maxErrorBytes, mayBeFromApiserver} from './response-origin.ts';

export type ProxyRequest = {
	method: string;
	path: string;
	/** Validated by `parseHeader`. */
	headers: Readonly<Record<string, string>>;
	body?: string | Uint8Array | Readable;
	/**
	Size of `body`, sent as Content-Length. Without Content-Length, an apiserver that has started to respond drops up to 256 KiB of the body
	that is not sent yet (net/http server.go, maxPostHandlerReadBytes). A backend that responds while it still reads then misses that part.
	*/
	bodyBytes?: number;
	/** Time for the response headers; 0 means no limit. */
	timeoutMs: number;
};

export type ProxyResponse = Pick<ApiResponse, 'status' | 'statusText' | 'headers' | 'body'> & {
	/** Precedes `body`, which must be read or destroyed. */
	bodyStart: Buffer;
	connection: Connection;
};

/**
Never follows redirects, which would send credentials elsewhere.
@throws SpokeError ERR_SECOND_LEG and others for the apiserver's own errors; ERR_STREAM_LOST without a response
*/
export async function sendProxyRequest(
	cluster: ClusterClient,
	{base, purpose}: ResolvedProxyTarget,
	request: ProxyRequest,
	{observer, signal}: {observer?: ConnectionObserver | undefined; signal?: AbortSignal} = {},
): Promise<ProxyResponse> {
	const connection = await connectObserved(cluster, purpose, observer, {signal});
	try {
		const {path, method, headers, body, bodyBytes, timeoutMs} = request;
		const response = await connection
			.request({
				method,
				path: base + path,
				headers: {
					Accept: '*/*',
					'Accept-Encoding': 'identity',
					...headers,
					...(bodyBytes !== undefined && {'Content-Length': String(bodyBytes)}),
				},
				timeoutMs,
				...(body !== undefined && {body}),
				...(signal && {signal}),
			})
			.catch((error: unknown) => {
				throw noResponseError(error, timeoutMs);
			});
		const bodyStart = response.status >= 400 ? await readBodyStart(response.body) : Buffer.alloc(0);
		const error = apiserverErrorIn(response.status, response.headers, bodyStart, purpose);
		if (error) {
			response.body.destroy();
			throw error;
		}

		observer?.onOpened?.(connection, purpose, {
			carrier: 'http',
			protocol: null,
			mayBeFromApiserver: mayBeFromApiserver(response.status, response.headers, bodyStart),
		});

		const onBodyClosed = () => {
			observer?.onClosed?.(connection, purpose);
			connection.close();
		};

		if (response.body.closed) {
			onBodyClosed();
		} else {
			response.body.once('close', onBodyClosed);
		}

		return {...response, bodyStart, connection};
	} catch (thrown) {
		reportNotOpened(observer, connection, purpose, {thrown, signal});
		connection.close();
		throw toSpokeError(thrown);
	}
}

/** @throws SpokeError the apiserver's refusal, or ERR_UPGRADE_REFUSED with the backend's status and message */
export async function openProxyWebSocket(
	cluster: ClusterClient,
	{base, purpose}: ResolvedProxyTarget,
	{path, headers, protocols}: {path: string; headers: Readonly<Record<string, string>>; protocols: readonly string[]},
	{observer, signal}: {observer?: ConnectionObserver | undefined; signal?: AbortSignal} = {},
): Promise<{upgraded: Extract<UpgradeResult, {upgraded: true}>; closed: () => void}> {
	const connection = await connectObserved(cluster, purpose, observer, {signal});
	try {
		const outcome = await connection.upgrade({
			method: 'GET',
			path: base + path,
			upgrade: 'websocket',
			protocols,
			headers,
			...(signal && {signal}),
		});
		if (!outcome.upgraded) {
			throw (
				apiserverErrorIn(outcome.status, outcome.headers, Buffer.from(outcome.body), purpose) ??
				new SpokeError(
					'ERR_UPGRADE_REFUSED',
					`the backend responded ${outcome.status} ${outcome.statusText} to the upgrade to a WebSocket`,
					{
						// The backend itself responded, so legs 1 and 2 work.
						leg: 3,
						text: outcome.body,
					},
				)
			);
		}

		observer?.onOpened?.(connection, purpose, {carrier: 'websocket', protocol: outcome.protocol});
		return {
			upgraded: outcome,
			closed() {
				observer?.onClosed?.(connection, purpose);
			},
		};
	} catch (thrown) {
		reportNotOpened(observer, connection, purpose, {thrown, signal});
		connection.close();
		throw toSpokeError(thrown);
	}
}

async function readBodyStart(body: Readable): Promise<Buffer> {
	const start = new ByteCollector();
	try {
		for await (const chunk of body.iterator({destroyOnReturn: false}) as AsyncIterable<Buffer>) {
			start.add(chunk);
			if (start.length >= maxErrorBytes) {
				break;
			}
		}
	} catch {
		// What reads the rest gets the error.
	}

	return start.take();
}

const reservedHeaders =
	/^(?:authorization|impersonate-.*|host|connection|content-length|transfer-encoding|te|trailer|upgrade|sec-websocket-.*|proxy-.*|x-remote-.*)$/i;

/** @throws SpokeError ERR_USAGE for an invalid header, or one that spoke sets */
export function parseHeader(line: string): [name: string, value: string] {
	const [, name, value] = /^([!#$%&'*+\-.^\w`|~]+):[ \t]*([^\u0000-\u0008\u000A-\u001F\u007F]*)$/.exec(line) ?? [];
	if (name === undefined || value === undefined) {
		throw new SpokeError('ERR_USAGE', `invalid header ${JSON.stringify(line)}: it must be "Name: value"`);
	}

	if (reservedHeaders.test(name)) {
		throw new SpokeError('ERR_USAGE', `header ${name} cannot be set: it belongs to the connection to the apiserver`);
	}

	return [name, value];
}
