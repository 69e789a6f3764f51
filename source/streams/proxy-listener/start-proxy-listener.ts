/** Serves the API locally, filtered, labeled and reported. */
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {descriptorLimitError, hasFreeDescriptors} from '../../cluster/transport/descriptor-limit.ts';
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {rejectUpgrade, httpStatusForError} from './request-error.ts';
import {listenOnEndpoint, type ListenEndpoint} from './listen-endpoint.ts';
import {relayRequest} from './relay-request.ts';
import {relayUpgrade} from './relay-upgrade.ts';
import {RelayedTargets} from './relayed-targets.ts';
import {createRequestFilter, type FilterOptions, type RequestFilter} from './request-filter.ts';
import {serveFile} from './static-files.ts';

export type ListenerOptions = {
	endpoint: ListenEndpoint;
	/** `null` for `--disable-filter`. */
	filter: FilterOptions | null;
	/** Exec, attach, port-forward and the kubelet's run, also as SPDY upgrades. */
	allowsCommands: boolean;
	/** The kubeconfig's server path, or empty if spoke appends it. */
	serverPath: string;
	/** `/` or `/x/`. Removed unless it starts with `/api`, as in kubectl. */
	apiPrefix: string;
	files: {directory: string; prefix: string} | null;
	/** Keepalive interval of upgraded connections; 0 means the system's default. */
	keepaliveMs: number;
};

/** `status` is what the client received, even with an `error`. */
export type ListenerEvent = {method: string; path: string; status: number; milliseconds: number; error: SpokeError | null};

export type ProxyListener = {
	readonly address: string;
	close(): void;
};

/** @throws SpokeError ERR_PORT_IN_USE, ERR_LOCAL_FILE, ERR_USAGE */
export async function startProxyListener(
	cluster: ClusterClient,
	options: ListenerOptions,
	{
		observer,
		onEvent,
		onDropped,
	}: {
		observer?: ConnectionObserver | undefined;
		onEvent?: (event: ListenerEvent) => void;
		/** A connection was closed before its first request. */
		onDropped?: (error: SpokeError) => void;
	} = {},
): Promise<ProxyListener> {
	const filter = createRequestFilter(options.filter, options);
	const targets = new RelayedTargets(cluster);
	const context = {cluster, targets, observer, keepaliveMs: options.keepaliveMs, allowsCommands: options.allowsCommands};
	const open = new Set<Duplex>();
	const server = createServer({
		requestTimeout: 0,
		// Answers clients that offer an upgrade to HTTP/2, as Go does. Node before 24.9 refuses them.
		shouldUpgradeCallback: ({headers: {upgrade = ''}}) => upgrade.toLowerCase() !== 'h2c',
	});
	const report = (request: IncomingMessage, startedAt: number, status: number, error: SpokeError | null = null) => {
		onEvent?.({method: request.method ?? '', path: request.url ?? '', status, milliseconds: performance.now() - startedAt, error});
	};

	server.on('request', async (request, response) => {
		const startedAt = performance.now();
		try {
			const path = await admitRequest(request, response, filter, options);
			if (path !== null) {
				await relayRequest(context, path, request, response);
			}

			report(request, startedAt, response.statusCode);
		} catch (thrown) {
			const error = toSpokeError(thrown);
			const status = httpStatusForError(error);
			const hadStarted = response.headersSent;
			refuse(response, status, error.text ?? error.message);
			report(request, startedAt, hadStarted ? response.statusCode : status, error.code === 'ERR_OUTPUT_CLOSED' ? null : error);
		}
	});
	server.on('upgrade', async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		const startedAt = performance.now();
		const verdict = checkRequest(request, filter, options);
		if (typeof verdict === 'string') {
			report(request, startedAt, ...(await relayUpgrade(context, verdict, request, socket, head)));
		} else {
			rejectUpgrade(socket, verdict.status, verdict.reason);
			report(request, startedAt, verdict.status);
		}
	});
	// CONNECT would make the listener an open proxy.
	server.on('connect', (request, socket: Duplex) => {
		rejectUpgrade(socket, 403, 'CONNECT is refused');
		report(request, performance.now(), 403);
	});
	server.on('connection', socket => {
		if (!hasFreeDescriptors(socket)) {
			onDropped?.(descriptorLimitError());
			socket.destroy();
			return;
		}

		open.add(socket);
		socket.on('error', () => {});
		socket.once('close', () => open.delete(socket));
	});
	const address = await listenOnEndpoint(server, options.endpoint);
	return {
		address,
		close() {
			server.close();
			for (const socket of open) {
				socket.destroy();
			}
		},
	};
}

/** `null` if answered here. */
async function admitRequest(
	request: IncomingMessage,
	response: ServerResponse,
	filter: RequestFilter,
	options: ListenerOptions,
): Promise<string | null> {
	const {apiPrefix, files} = options;
	const verdict = checkRequest(request, filter, options);
	const withSlash = typeof verdict === 'string' || verdict.status === 404 ? withFinalSlash(request.url, [apiPrefix, files?.prefix]) : null;
	if (withSlash !== null) {
		response.writeHead(307, {Location: withSlash}).end();
		return null;
	}

	if (files && request.url?.startsWith(files.prefix) && (typeof verdict === 'string' || verdict.status === 404)) {
		await serveFile(files.directory, decodeOnce(request.url.slice(files.prefix.length)), request, response);
		return null;
	}

	if (typeof verdict === 'string') {
		return verdict;
	}

	refuse(response, verdict.status, verdict.reason);
	return null;
}

/** The URL of a prefix that was requested without its final slash, as Go's ServeMux redirects it. `null` for any other. */
function withFinalSlash(url = '', prefixes: ReadonlyArray<string | undefined>): string | null {
	const [path = ''] = url.split('?', 1);
	return path !== '' && prefixes.includes(`${path}/`) ? `${path}/${url.slice(path.length)}` : null;
}

function checkRequest(
	request: IncomingMessage,
	filter: RequestFilter,
	{apiPrefix, serverPath}: ListenerOptions,
): string | {status: number; reason: string} {
	const {url = '', method = '', headersDistinct} = request;
	if (!url.startsWith('/')) {
		return {status: 400, reason: 'the request must name a path, not a URL'};
	}

	const inPrefix = url.startsWith(apiPrefix);
	const path = inPrefix && !apiPrefix.startsWith('/api') ? `/${url.slice(apiPrefix.length)}` : url;
	const {host: hosts = [], origin: origins = [], 'sec-fetch-site': fetchSites = []} = headersDistinct;
	const refusal = filter({method, path, hosts, origins, fetchSites});
	if (refusal !== null || !inPrefix) {
		return refusal ?? {status: 404, reason: 'not found'};
	}

	// The cluster client adds the server path again.
	return path.startsWith(`${serverPath}/`)
		? path.slice(serverPath.length)
		: {status: 404, reason: `the server path ${serverPath} is not in the request: add it, or pass --append-server-path`};
}

function refuse(response: ServerResponse, status: number, reason: string): void {
	if (response.headersSent) {
		response.destroy();
	} else {
		// The rest of a refused upload is not read, so the connection must close.
		response.writeHead(status, {'Content-Type': 'text/plain; charset=utf-8', Connection: 'close'}).end(`${reason}\n`);
	}
}

function decodeOnce(path: string): string {
	const [plain = ''] = path.split('?', 1);
	try {
		return decodeURIComponent(plain);
	} catch {
		return plain;
	}
}
