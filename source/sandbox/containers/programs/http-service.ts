/** An HTTP service: `--port=8080`, and with `--tls-port=8443` the same over TLS with a certificate that nobody signed. It logs its requests. */
import {createHash} from 'node:crypto';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import type {Socket} from 'node:net';
import type {KeyPair} from '../../certificates/issuer.ts';
import {option, pause, type ProcessIo, type Program} from '../program.ts';
import {expectedEnd} from '../../network/expected-end.ts';
import {requestUrl} from '../../network/request-url.ts';

/** `certificate` makes the TLS listener's own key pair. */
export function httpService(certificate: (host: string) => Promise<KeyPair>): Program {
	return async io => {
		const {args, env, stdout, listen, signal} = io;
		const port = Number(option(args, 'port') ?? 8080);
		const tlsPort = Number(option(args, 'tls-port') ?? 0);
		const host = env['HOSTNAME'] ?? 'unknown';
		const answer = (request: IncomingMessage, response: ServerResponse) => {
			try {
				respond(io, request, response);
			} catch (error) {
				// A status or a header that there cannot be was asked for.
				response.writeHead(400, {'content-type': 'text/plain; charset=utf-8'}).end(`${(error as Error).message}\n`);
			}
		};

		const server = createServer(answer);
		await listen(port, socket => void server.emit('connection', socket));
		stdout(`listening on :${port} as ${host}\n`);
		let tlsServer: Server | undefined;
		if (tlsPort > 0) {
			// Keys are made for the first connection: most services never get one.
			let made: Promise<Server> | undefined;
			const tls = async () => {
				const {chain, key} = await certificate(host);
				tlsServer = createTlsServer({cert: chain, key}, answer);
				tlsServer.on('tlsClientError', (_error, socket) => {
					socket.destroy();
				});
				return tlsServer;
			};

			await listen(tlsPort, socket => {
				sniffPlainHttp(socket, async () => {
					made ??= tls();
					(await made).emit('connection', socket);
				});
			});
			stdout(`listening with TLS on :${tlsPort}\n`);
		}

		while (!signal.aborted) {
			await pause(60_000, signal);
		}

		server.close();
		tlsServer?.close();
		return 0;
	};
}

function respond({stdout, env}: ProcessIo, request: IncomingMessage, response: ServerResponse): void {
	const {pathname, searchParams} = requestUrl(request);
	const host = env['HOSTNAME'] ?? 'unknown';
	response.on('finish', () => {
		stdout(`${request.method} ${request.url} ${response.statusCode} from ${request.socket.remoteAddress}\n`);
	});
	response.setHeader('server', 'sandbox-http');
	switch (pathname) {
		case '/healthz': {
			response.end('ok\n');

			break;
		}

		case '/json': {
			response.setHeader('content-type', 'application/json').end(JSON.stringify({host, path: pathname, headers: request.headers}));

			break;
		}

		case '/echo': {
			response.setHeader('content-type', request.headers['content-type'] ?? 'application/octet-stream');
			request.pipe(response);

			break;
		}

		case '/sha256': {
			request.pipe(createHash('sha256')).on('data', (digest: Buffer) => void response.end(`${digest.toString('hex')}\n`));

			break;
		}

		case '/bytes': {
			sendBytes(response, Number(searchParams.get('n') ?? 1024));

			break;
		}

		case '/redirect': {
			response.writeHead(302, {location: searchParams.get('to') ?? '/'}).end();

			break;
		}

		case '/status': {
			const code = Number(searchParams.get('code') ?? 200);
			response.writeHead(code).end(`status ${code}\n`);

			break;
		}

		case '/': {
			response.setHeader('content-type', 'text/plain; charset=utf-8').end(`hello from ${host}\n`);

			break;
		}

		default: {
			response.statusCode = 404;
			response.end('404 page not found\n');
		}
	}
}

function sendBytes(response: ServerResponse, count: number): void {
	if (!Number.isSafeInteger(count) || count < 0) {
		throw new RangeError(`${count} bytes cannot be sent`);
	}

	response.setHeader('content-length', count);
	const block = Buffer.alloc(64 * 1024, 'spoke sandbox ');
	let left = count;
	const more = () => {
		while (left > 0 && !response.destroyed) {
			const part = left < block.length ? block.subarray(0, left) : block;
			left -= part.length;
			if (!response.write(part) && left > 0) {
				response.once('drain', more);
				return;
			}
		}

		response.end();
	};

	more();
}

/** Go's servers answer plain HTTP on a TLS port with these words; so do ours, since they are what points people to `https:`. */
export function sniffPlainHttp(socket: Socket, asTls: () => void): void {
	socket.once('readable', () => {
		const first = socket.read() as Buffer | null;
		if (first === null) {
			return;
		}

		if (first[0] === 0x16) {
			socket.unshift(first);
			asTls();
			return;
		}

		socket.on('error', expectedEnd);
		socket.end('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n');
		socket.resume();
	});
}
