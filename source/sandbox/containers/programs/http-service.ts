/** HTTP service: `--port=8080`, `--tls-port=8443` for TLS with a self-signed certificate. */
import {createHash} from 'node:crypto';
import {createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import type {Socket} from 'node:net';
import type {KeyPair} from '../../../certificates/issuer.ts';
import {abortableDelay, option, type ProcessIo, type Program} from '../program.ts';
import {noop} from '../../network/join-streams.ts';
import {requestUrl} from '../../network/request-url.ts';

export function httpService(certificate: (host: string) => Promise<KeyPair>): Program {
	return async io => {
		const {args, env, stdout, listen, signal} = io;
		const port = Number(option(args, 'port') ?? 8080);
		const tlsPort = Number(option(args, 'tls-port') ?? 0);
		const host = env['HOSTNAME'] ?? 'unknown';
		const handler = (request: IncomingMessage, response: ServerResponse) => {
			try {
				respond(io, request, response);
			} catch (error) {
				// The request asked for an invalid status or header.
				response.writeHead(400, {'content-type': 'text/plain; charset=utf-8'}).end(`${(error as Error).message}\n`);
			}
		};

		const server = createServer(handler);
		await listen(port, socket => void server.emit('connection', socket));
		stdout(`listening on :${port} as ${host}\n`);
		const tls = tlsPort > 0 ? new LazyTlsServer(async () => certificate(host), handler) : null;
		if (tls) {
			await listen(tlsPort, socket => {
				sniffPlainHttp(socket, async () => tls.accept(socket));
			});
			stdout(`listening with TLS on :${tlsPort}\n`);
		}

		while (!signal.aborted) {
			await abortableDelay(60_000, signal);
		}

		server.close();
		tls?.close();
		return 0;
	};
}

/** Most services never get a TLS connection. */
class LazyTlsServer {
	readonly #keys: () => Promise<KeyPair>;
	readonly #handler: RequestListener;
	#created: Promise<Server> | undefined;
	#server: Server | undefined;

	constructor(keys: () => Promise<KeyPair>, handler: RequestListener) {
		this.#keys = keys;
		this.#handler = handler;
	}

	async accept(socket: Socket): Promise<void> {
		this.#created ??= this.#create();
		(await this.#created).emit('connection', socket);
	}

	close(): void {
		this.#server?.close();
	}

	async #create(): Promise<Server> {
		const {chain, key} = await this.#keys();
		this.#server = createTlsServer({cert: chain, key}, this.#handler);
		this.#server.on('tlsClientError', (_error: Error, socket: Socket) => {
			socket.destroy();
		});
		return this.#server;
	}
}

type RequestContext = {request: IncomingMessage; response: ServerResponse; host: string; url: URL};

const handlers: Readonly<Record<string, (context: RequestContext) => void>> = {
	'/'({response, host}) {
		response.setHeader('content-type', 'text/plain; charset=utf-8').end(`hello from ${host}\n`);
	},
	'/healthz'({response}) {
		response.end('ok\n');
	},
	'/json'({request, response, host, url}) {
		response.setHeader('content-type', 'application/json').end(JSON.stringify({host, path: url.pathname, headers: request.headers}));
	},
	'/echo'({request, response}) {
		response.setHeader('content-type', request.headers['content-type'] ?? 'application/octet-stream');
		request.pipe(response);
	},
	'/sha256'({request, response}) {
		request.pipe(createHash('sha256')).on('data', (digest: Buffer) => void response.end(`${digest.toString('hex')}\n`));
	},
	'/bytes'({response, url}) {
		sendBytes(response, Number(url.searchParams.get('n') ?? 1024));
	},
	'/redirect'({response, url}) {
		response.writeHead(302, {location: url.searchParams.get('to') ?? '/'}).end();
	},
	'/status'({response, url}) {
		const code = Number(url.searchParams.get('code') ?? 200);
		response.writeHead(code).end(`status ${code}\n`);
	},
};

function respond({stdout, env}: ProcessIo, request: IncomingMessage, response: ServerResponse): void {
	const url = requestUrl(request);
	response.on('finish', () => {
		stdout(`${request.method} ${request.url} ${response.statusCode} from ${request.socket.remoteAddress}\n`);
	});
	response.setHeader('server', 'sandbox-http');
	const handler = Object.hasOwn(handlers, url.pathname) ? handlers[url.pathname] : undefined;
	if (handler) {
		handler({request, response, host: env['HOSTNAME'] ?? 'unknown', url});
	} else {
		response.statusCode = 404;
		response.end('404 page not found\n');
	}
}

function sendBytes(response: ServerResponse, count: number): void {
	if (!Number.isSafeInteger(count) || count < 0) {
		throw new RangeError(`${count} bytes cannot be sent`);
	}

	response.setHeader('content-length', count);
	const block = Buffer.alloc(64 * 1024, 'spoke sandbox ');
	let remaining = count;
	const more = () => {
		while (remaining > 0 && !response.destroyed) {
			const part = remaining < block.length ? block.subarray(0, remaining) : block;
			remaining -= part.length;
			if (!response.write(part) && remaining > 0) {
				response.once('drain', more);
				return;
			}
		}

		response.end();
	};

	more();
}

/** Go's response, which points users to `https:`. */
export function sniffPlainHttp(socket: Socket, onTls: () => void): void {
	socket.once('readable', () => {
		const first = socket.read() as Buffer | null;
		if (first === null) {
			return;
		}

		if (first[0] === 0x16) {
			socket.unshift(first);
			onTls();
			return;
		}

		socket.on('error', noop);
		socket.end('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n');
		socket.resume();
	});
}
