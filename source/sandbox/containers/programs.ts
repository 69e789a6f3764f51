/** Programs by image name; other images cannot be pulled. */
import {createHash} from 'node:crypto';
import {Writable} from 'node:stream';
import {createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import type {Socket} from 'node:net';
import type {KeyPair} from '../../certificates/issuer.ts';
import {noop} from '../network/join-streams.ts';
import {abortableDelay, option, type Program, type ProcessIo} from './container.ts';
import {startProcess} from './shell/shell.ts';
import {requestUrl} from '../network/request-url.ts';

export type FindProgram = (image: string) => Program | undefined;

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

export function programsByImage(
	certificate: (host: string) => Promise<KeyPair>,
	more: Readonly<Record<string, Program>> = {},
): FindProgram {
	const programs = new Map(
		Object.entries<Program>({
			'sandbox/http-service': httpService(certificate),
			'sandbox/log-writer': logWriter,
			'sandbox/echo-server': echoServer,
			'sandbox/crasher': crasher,
			'sandbox/finisher': finisher,
			'sandbox/waiter': waiter,
			'sandbox/shell': interactiveShell,
			// The usual image of `debug`.
			busybox: interactiveShell,
			...more,
		}),
	);
	return image => programs.get(image.replace(/^(docker\.io\/)?(library\/)?/, '').replace(/(:[^:/]+)?(@.*)?$/, ''));
}

const interactiveShell: Program = async io => {
	const {args, env, stdin, stdout, stderr, terminal, signal} = io;
	if (!terminal && args.length === 0) {
		return waiter(io);
	}

	const writerTo = (write: (bytes: Uint8Array) => void) =>
		new Writable({
			write(chunk: Buffer, _encoding, done) {
				write(chunk);
				done();
			},
		});
	return startProcess({
		argv: ['sh', ...args],
		env,
		stdin,
		stdout: writerTo(stdout),
		stderr: writerTo(stderr),
		terminal,
		signal,
		mainCommand: 'sh',
	});
};

const logWriter: Program = async ({args, env, stdout, stderr, signal}) => {
	const rate = Number(option(args, 'rate') ?? 1);
	const line = lines[option(args, 'format') ?? 'plain'] ?? plainLine;
	const stderrEvery = Number(option(args, 'stderr-every') ?? 0);
	const started = Date.now();
	stdout(`starting on ${env['HOSTNAME'] ?? 'unknown'}\n`);
	for (let sequence = 1; !signal.aborted;) {
		// A timer per line would be too much for high rates.
		const due = Math.floor(((Date.now() - started) / 1000) * rate);
		for (; sequence <= due; sequence++) {
			(stderrEvery > 0 && sequence % stderrEvery === 0 ? stderr : stdout)(line(sequence));
		}

		await abortableDelay(Math.max(10, 1000 / rate), signal);
	}

	stdout('caught SIGTERM, shutting down\n');
	return 0;
};

const paths = ['/', '/cart', '/products/17', '/healthz', '/login', '/search?q=lamp'];
const levels = ['info', 'info', 'info', 'debug', 'info', 'warn', 'info', 'info', 'error'];

const plainLine = (sequence: number) => {
	const level = levels[sequence % levels.length]!;
	return `${new Date().toISOString()} ${level.toUpperCase().padEnd(5)} GET ${paths[sequence % paths.length]} ${level === 'error' ? 502 : 200} ${3 + ((sequence * 7) % 40)}ms request=${sequence}\n`;
};

const jsonLine = (sequence: number) => {
	const level = levels[sequence % levels.length]!;
	return `${JSON.stringify({
		time: new Date().toISOString(),
		level,
		msg: level === 'error' ? 'upstream timed out' : 'request served',
		path: paths[sequence % paths.length],
		status: level === 'error' ? 504 : 200,
		durationMs: 3 + ((sequence * 7) % 40),
		request: sequence,
	})}\n`;
};

/** The digest shows missing, duplicate and corrupt lines. */
const numberedLine = (sequence: number) => `${sequence} ${createHash('sha256').update(String(sequence)).digest('hex').slice(0, 16)}\n`;

const lines: Readonly<Record<string, (sequence: number) => string>> = {plain: plainLine, json: jsonLine, numbered: numberedLine};

/** Echoes bytes, even over half-closed connections. `--port=7000`. */
const echoServer: Program = async ({args, stdout, listen, signal}) => {
	const port = Number(option(args, 'port') ?? 7000);
	await listen(port, socket => {
		socket.on('error', noop);
		socket.pipe(socket);
	});
	stdout(`echo on :${port}\n`);
	for (let beat = 1; !signal.aborted; beat++) {
		await abortableDelay(5000, signal);
		stdout(`checkpoint ${beat} complete\n`);
	}

	return 0;
};

/** Fails after `--after=SECONDS`. */
const crasher: Program = async ({args, stdout, stderr, signal}) => {
	stdout('reading configuration from /etc/app/config.yaml\n');
	await abortableDelay(Number(option(args, 'after') ?? 2) * 1000, signal);
	stderr('fatal: cannot connect to database "orders": connection refused\n');
	return signal.aborted ? 143 : 1;
};

/** Prints `--lines=N`, one per `--pace=MILLISECONDS`. */
const finisher: Program = async ({args, stdout, signal}) => {
	const lines = Number(option(args, 'lines') ?? 5);
	const intervalMs = Number(option(args, 'pace') ?? 0);
	for (let line = 1; line <= lines && !signal.aborted; line++) {
		stdout(`step ${line} of ${lines} done\n`);
		if (intervalMs > 0) {
			await abortableDelay(intervalMs, signal);
		}
	}

	return 0;
};

const waiter: Program = async ({stdout, signal}) => {
	stdout('ready\n');
	while (!signal.aborted) {
		await abortableDelay(60_000, signal);
	}

	return 0;
};

function httpService(certificate: (host: string) => Promise<KeyPair>): Program {
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
