/** Programs by image name; other images cannot be pulled. */
import {Writable} from 'node:stream';
import {createServer, type RequestListener} from 'node:http';
import {createServer as createTlsServer, type Server as TlsServer} from 'node:https';
import type {Socket} from 'node:net';
import type {KeyPair} from '../certificates/issuer.ts';
import {noop} from '../network/sockets.ts';
import {aborted, abortableDelay, option, type Program} from './container.ts';
import {startProcess} from './shell/shell.ts';
import {requestUrl} from '../network/request-url.ts';

export type FindProgram = (image: string) => Program | undefined;

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
	const {args, env, files, stdin, stdout, stderr, terminal, signal} = io;
	if (!terminal && args.length === 0) {
		return waiter(io);
	}

	const writerTo = (output: (bytes: Uint8Array) => void) =>
		new Writable({
			write(chunk: Buffer, _encoding, done) {
				output(chunk);
				done();
			},
		});
	const streams = {stdin, stdout: writerTo(stdout), stderr: writerTo(stderr)};
	return startProcess({...streams, argv: ['sh', ...args], env, files, terminal, signal, mainCommand: 'sh'});
};

const logWriter: Program = async ({args, env, stdout, stderr, signal}) => {
	const rate = Number(option(args, 'rate') ?? 1);
	const line = lines[option(args, 'format') ?? 'plain']!;
	const stderrEvery = Number(option(args, 'stderr-every') ?? 0);
	const started = Date.now();
	stdout(`starting on ${env['HOSTNAME'] ?? 'unknown'}\n`);
	for (let sequence = 1; !signal.aborted;) {
		// A timer per line would be too much for high rates.
		const due = Math.floor(((Date.now() - started) / 1000) * rate);
		for (; sequence <= due; sequence++) {
			(stderrEvery > 0 && sequence % stderrEvery === 0 ? stderr : stdout)(line(servedRequest(sequence)));
		}

		await abortableDelay(Math.max(10, 1000 / rate), signal);
	}

	stdout('caught SIGTERM, shutting down\n');
	return 0;
};

const paths = ['/', '/cart', '/products/17', '/healthz', '/login', '/search?q=lamp'];
const levels = ['info', 'info', 'info', 'debug', 'info', 'warn', 'info', 'info', 'error'];

type ServedRequest = {time: string; level: string; isServed: boolean; path: string; durationMs: number; request: number};

function servedRequest(sequence: number): ServedRequest {
	const level = levels[sequence % levels.length]!;
	return {
		time: new Date().toISOString(),
		level,
		isServed: level !== 'error',
		path: paths[sequence % paths.length]!,
		durationMs: 3 + ((sequence * 7) % 40),
		request: sequence,
	};
}

const lines: Readonly<Record<string, (request: ServedRequest) => string>> = {
	plain: ({time, level, isServed, path, durationMs, request}) =>
		`${time} ${level.toUpperCase().padEnd(5)} GET ${path} ${isServed ? 200 : 502} ${durationMs}ms request=${request}\n`,
	json: ({time, level, isServed, path, ...rest}) =>
		`${JSON.stringify({time, level, msg: isServed ? 'request served' : 'upstream timed out', path, status: isServed ? 200 : 504, ...rest})}\n`,
};

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
	await aborted(signal);
	return 0;
};

/** `/` says hello, `/healthz` is ok. `--port=8080`, `--tls-port=8443` for TLS with a self-signed certificate. */
function httpService(certificate: (host: string) => Promise<KeyPair>): Program {
	return async ({args, env, stdout, listen, signal}) => {
		const port = Number(option(args, 'port') ?? 8080);
		const tlsPort = Number(option(args, 'tls-port') ?? 0);
		const host = env['HOSTNAME'] ?? 'unknown';
		const respond: RequestListener = (request, response) => {
			const {pathname} = requestUrl(request);
			const body = pathname === '/' ? `hello from ${host}\n` : pathname === '/healthz' ? 'ok\n' : undefined;
			response.on('finish', () => {
				stdout(`${request.method} ${request.url} ${response.statusCode} from ${request.socket.remoteAddress}\n`);
			});
			response
				.writeHead(body === undefined ? 404 : 200, {'content-type': 'text/plain; charset=utf-8', server: 'sandbox-http'})
				.end(body ?? '404 page not found\n');
		};

		const server = createServer(respond);
		await listen(port, socket => void server.emit('connection', socket));
		stdout(`listening on :${port} as ${host}\n`);
		// Most services never get a TLS connection.
		let tls: Promise<TlsServer> | undefined;
		const startTls = async () => {
			const {chain, key} = await certificate(host);
			return createTlsServer({cert: chain, key}, respond).on('tlsClientError', (_error: Error, socket: Socket) => void socket.destroy());
		};

		if (tlsPort > 0) {
			await listen(tlsPort, socket => {
				sniffPlainHttp(socket, async () => {
					tls ??= startTls();
					(await tls).emit('connection', socket);
				});
			});
			stdout(`listening with TLS on :${tlsPort}\n`);
		}

		await aborted(signal);

		server.close();
		(await tls)?.close();
		return 0;
	};
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
