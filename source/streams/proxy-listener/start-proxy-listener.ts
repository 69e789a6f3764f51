/** Serves the API locally, filtered, labeled and reported. */
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {createReadStream, lstatSync, rmSync} from 'node:fs';
import {realpath, stat, chmod, lstat, mkdtemp, rename, rm} from 'node:fs/promises';
import {extname, join, sep, dirname} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {once} from 'node:events';
import type {Server} from 'node:net';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {descriptorLimitError, hasFreeDescriptors} from '../../cluster/transport/dial-tcp.ts';
import {toSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {httpStatusForError, relayRequest, rejectUpgrade, relayUpgrade} from './relay-request.ts';
import {RelayedTargets} from './relayed-targets.ts';
import {listenLocally, parseListenAddresses} from '../port-forward/local-listener.ts';
import {createRequestFilter, decodeOnce, type FilterOptions, type RequestFilter} from './request-filter.ts';
import {joinHostPort} from '../../cluster/transport/server-url.ts';

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

type ProxyListener = {
	readonly address: string;
	close(): void;
};

type Listening = {
	observer?: ConnectionObserver | undefined;
	onEvent?: (event: ListenerEvent) => void;
	/** A connection was closed before its first request. */
	onDropped?: (error: SpokeError) => void;
};

/** What a page cannot use without its type. */
const contentTypes: Readonly<Record<string, string>> = {
	'.html': 'text/html; charset=utf-8',
	'.js': 'text/javascript; charset=utf-8',
	'.mjs': 'text/javascript; charset=utf-8',
	'.css': 'text/css; charset=utf-8',
	'.svg': 'image/svg+xml',
	'.wasm': 'application/wasm',
};

export type ListenEndpoint = {address: string; port: number} | {unixSocket: string};

/** @throws SpokeError ERR_PORT_IN_USE, ERR_LOCAL_FILE, ERR_USAGE */
export async function startProxyListener(
	cluster: ClusterClient,
	options: ListenerOptions,
	{observer, onEvent, onDropped}: Listening = {},
): Promise<ProxyListener> {
	const filter = createRequestFilter(options.filter, options);
	const {keepaliveMs, allowsCommands} = options;
	const context = {cluster, targets: new RelayedTargets(cluster), observer, keepaliveMs, allowsCommands};
	const open = new Set<Duplex>();
	const server = createServer({
		requestTimeout: 0,
		// Answers clients that offer an upgrade to HTTP/2, as Go does. Node before 24.9 refuses them.
		shouldUpgradeCallback: ({headers: {upgrade = ''}}) => upgrade.toLowerCase() !== 'h2c',
	});
	const report = ({method = '', url: path = ''}: IncomingMessage, startedAt: number, status: number, error: SpokeError | null = null) => {
		onEvent?.({method, path, status, milliseconds: performance.now() - startedAt, error});
	};

	server.on('request', async (request, response) => {
		const startedAt = performance.now();
		try {
			const verdict = checkRequest(request, filter, options);
			if (await serveLocally(request, response, verdict, options)) {
				// Only the report is left.
			} else if (verdict.status === 200) {
				await relayRequest(context, verdict.path, request, response);
			} else {
				refuse(response, verdict.status, verdict.reason);
			}

			report(request, startedAt, response.statusCode);
		} catch (thrown) {
			const error = toSpokeError(thrown);
			const hadStarted = response.headersSent;
			const status = hadStarted ? response.statusCode : httpStatusForError(error);
			refuse(response, status, error.text ?? error.message);
			report(request, startedAt, status, error.code === 'ERR_OUTPUT_CLOSED' ? null : error);
		}
	});
	server.on('upgrade', async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		const startedAt = performance.now();
		const verdict = checkRequest(request, filter, options);
		if (verdict.status === 200) {
			report(request, startedAt, ...(await relayUpgrade(context, verdict.path, request, socket, head)));
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
	const {endpoint} = options;
	const listener = 'unixSocket' in endpoint ? await listenOnSocket(server, endpoint.unixSocket) : await listenOnPort(server, endpoint);
	return {
		address: listener.address,
		close() {
			listener.close();
			for (const socket of open) {
				socket.destroy();
			}
		},
	};
}

/** `path`: for the cluster client. */
type Verdict = {status: 200; path: string} | {status: 400 | 403 | 404; reason: string};

function checkRequest(request: IncomingMessage, filter: RequestFilter, {apiPrefix, serverPath}: ListenerOptions): Verdict {
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
		? {status: 200, path: path.slice(serverPath.length)}
		: {status: 404, reason: `the server path ${serverPath} is not in the request: add it, or pass --append-server-path`};
}

/** Redirects to a prefix without its final slash, as Go's ServeMux, and serves files. Resolves to `false` for any other request. */
async function serveLocally(
	{url = ''}: IncomingMessage,
	response: ServerResponse,
	{status}: Verdict,
	{apiPrefix, files}: ListenerOptions,
): Promise<boolean> {
	const [path = ''] = url.split('?', 1);
	if (status !== 200 && status !== 404) {
		return false;
	}

	if ([apiPrefix, files?.prefix].includes(`${path}/`)) {
		response.writeHead(307, {Location: `${path}/${url.slice(path.length)}`}).end();
		return true;
	}

	if (!files || !path.startsWith(files.prefix)) {
		return false;
	}

	if (!(await serveFile(files.directory, decodeOnce(path.slice(files.prefix.length)), response))) {
		refuse(response, 404, 'not found');
	}

	return true;
}

function refuse(response: ServerResponse, status: number, reason: string): void {
	if (response.headersSent) {
		response.destroy();
	} else {
		// The rest of a refused upload is not read, so the connection must close.
		response.writeHead(status, {'Content-Type': 'text/plain; charset=utf-8', Connection: 'close'}).end(`${reason}\n`);
	}
}

/**
`path` is decoded once. Resolves when the file is sent or the client has disconnected; `false` if there is no such file.
@throws SpokeError ERR_LOCAL_FILE if reading fails after the response has started
*/
async function serveFile(directory: string, path: string, response: ServerResponse): Promise<boolean> {
	const file = await findFile(directory, path).catch(() => null);
	if (file === null) {
		return false;
	}

	response.writeHead(200, {
		'Content-Type': contentTypes[extname(file.path)] ?? 'application/octet-stream',
		'Content-Length': file.size,
		'X-Content-Type-Options': 'nosniff',
	});
	try {
		// The file may have grown.
		await pipeline(file.size === 0 ? [] : createReadStream(file.path, {end: file.size - 1}), response);
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		if (code !== 'ERR_STREAM_PREMATURE_CLOSE') {
			throw new SpokeError('ERR_LOCAL_FILE', `the file cannot be served: ${message}`, {cause: error});
		}
	}

	return true;
}

async function findFile(directory: string, path: string): Promise<{path: string; size: number} | null> {
	const root = await realpath(directory);
	const requested = await realpath(join(root, path));
	const file = (await stat(requested)).isDirectory() ? await realpath(join(requested, 'index.html')) : requested;
	const facts = await stat(file);
	return facts.isFile() && file.startsWith(root + sep) ? {path: file, size: facts.size} : null;
}

/** @throws SpokeError as `parseListenAddresses` and `listenLocally` */
async function listenOnPort(server: Server, {address, port}: {address: string; port: number}): Promise<ProxyListener> {
	const listener = await listenLocally(port, parseListenAddresses([address.replace(/^\[(.*)\]$/, '$1')]));
	listener.onConnection(socket => {
		server.emit('connection', socket);
		socket.resume();
	});
	const [first] = listener.bound;
	return {
		address: joinHostPort(first!.address, first!.port),
		close() {
			listener.close();
		},
	};
}

/** @throws SpokeError ERR_LOCAL_FILE, also for a path that is not a socket */
async function listenOnSocket(server: Server, path: string): Promise<ProxyListener> {
	const existing = await lstat(path).catch(() => null);
	if (existing && !existing.isSocket()) {
		throw new SpokeError('ERR_LOCAL_FILE', `${path} exists and is not a socket, so spoke does not replace it`);
	}

	// Created in a private directory and moved after chmod: a mode set in place would come too late.
	let directory: string | undefined;
	try {
		directory = await mkdtemp(join(dirname(path), '.spoke-'));
		const temporaryPath = join(directory, 's');
		server.listen(temporaryPath);
		await once(server, 'listening');
		await chmod(temporaryPath, 0o600);
		await rename(temporaryPath, path);
	} catch (error) {
		server.close();
		throw new SpokeError('ERR_LOCAL_FILE', `cannot create the socket ${path}: ${(error as Error).message}`, {cause: error});
	} finally {
		if (directory !== undefined) {
			await rm(directory, {recursive: true, force: true});
		}
	}

	// Node removes only the original path.
	const {ino} = await lstat(path);
	server.once('close', () => {
		if (lstatSync(path, {throwIfNoEntry: false})?.ino === ino) {
			rmSync(path, {force: true});
		}
	});
	return {
		address: path,
		close() {
			server.close();
		},
	};
}
