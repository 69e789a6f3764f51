/** Streams of a client, by WebSocket or SPDY/3.1. */
import {type IncomingMessage, STATUS_CODES} from 'node:http';
import {type Duplex, PassThrough, type Readable, Writable} from 'node:stream';
import type {V1Status} from '@kubernetes/client-node';
import {type WebSocket, WebSocketServer} from 'ws';
import type {Json} from '../../wire/json.ts';
import type {TerminalSize} from '../containers/container.ts';
import {noop} from '../network/join-streams.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import {SpdyServerSession} from './spdy-server-session.ts';

export type Upgrade = {request: IncomingMessage; socket: Duplex; head: Buffer};

export type Refusal = {status: number; text: string};

export type RemoteStreams = {
	stdin: Readable | null;
	stdout: Writable | null;
	/** `null` with a terminal. */
	stderr: Writable | null;
	onResize(listener: (size: TerminalSize) => void): void;
	gone: AbortSignal;
	/** Sends the status and ends the streams. */
	finish(status: Json<V1Status>): void;
};

export type StreamOptions = {stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean};

const channels = {stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255} as const;

const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

const streamsTimeoutMs = 30_000;

/** Parses `input=1&output=1&error=1&tty=1`. */
export function parseStreamOptions(query: URLSearchParams): StreamOptions {
	const isRequested = (name: string) => query.get(name) === '1' || query.get(name) === 'true';
	const tty = isRequested('tty');
	return {stdin: isRequested('input'), stdout: isRequested('output'), stderr: isRequested('error') && !tty, tty};
}

/** Status of a finished command, as in the kubelet's remotecommand. */
export function exitStatus(code: number): Json<V1Status> {
	return code === 0
		? {metadata: {}, status: 'Success'}
		: {
				metadata: {},
				status: 'Failure',
				message: `command terminated with non-zero exit code: exit status ${code}`,
				reason: 'NonZeroExitCode',
				details: {causes: [{reason: 'ExitCode', message: String(code)}]},
			};
}

/** Status of a command that could not start. */
export function internalError(message: string): Json<V1Status> {
	return {
		metadata: {},
		status: 'Failure',
		message: `Internal error occurred: ${message}`,
		reason: 'InternalError',
		details: {causes: [{message}]},
		code: 500,
	};
}

function parseResize(text: string): TerminalSize | undefined {
	try {
		const {Width: columns, Height: rows} = JSON.parse(text) as {Width?: number; Height?: number};
		return typeof columns === 'number' && typeof rows === 'number' ? {columns, rows} : undefined;
	} catch {
		return undefined;
	}
}

/**
`undefined` if no protocol of the client is supported. @see
https://github.com/kubernetes/kubernetes/blob/v1.36.0/staging/src/k8s.io/streaming/pkg/httpstream/wsstream/conn.go
*/
export async function acceptChannels(upgrade: Upgrade, options: StreamOptions): Promise<RemoteStreams | undefined> {
	const client = await acceptWebSocket(upgrade, protocols);
	if (!client) {
		return undefined;
	}

	const gone = new AbortController();
	const stdin = options.stdin ? new PassThrough() : null;
	let onResize: (size: TerminalSize) => void = () => {};
	client.on('message', (data: Buffer) => {
		const [channel] = data;
		const payload = data.subarray(1);
		if (channel === channels.stdin && stdin) {
			writeStdin(payload, stdin, client);
		} else if (channel === channels.resize) {
			const size = parseResize(payload.toString());
			if (size) {
				onResize(size);
			}
		} else if (channel === channels.close && payload[0] === channels.stdin) {
			stdin?.end();
		}
	});
	client.on('close', () => {
		gone.abort();
		stdin?.destroy();
	});

	// Measured on 1.36.3: the first message is empty, on stdout.
	client.send(Buffer.of(channels.stdout));
	return {
		stdin,
		stdout: options.stdout ? channelWriter(client, channels.stdout) : null,
		stderr: options.stderr ? channelWriter(client, channels.stderr) : null,
		onResize(listener) {
			onResize = listener;
		},
		gone: gone.signal,
		finish(status) {
			client.send(Buffer.concat([Buffer.of(channels.status), Buffer.from(JSON.stringify(status))]), () => {
				client.close(1000);
			});
		},
	};
}

function writeStdin(payload: Buffer, stdin: PassThrough, client: WebSocket): void {
	if (!stdin.writableEnded && !stdin.write(payload)) {
		client.pause();
		stdin.once('drain', () => {
			client.resume();
		});
	}
}

function channelWriter(client: WebSocket, channel: number): Writable {
	return new Writable({
		write(chunk: Buffer, _encoding, done) {
			client.send(Buffer.concat([Buffer.of(channel), chunk]), error => {
				done(error ?? null);
			});
		},
	}).on('error', noop);
}

/** Resolves when all streams are open. @see k8s.io/cri-streaming pkg/streaming/remotecommand/httpstream.go */
export async function acceptSpdyChannels(upgrade: Upgrade, options: StreamOptions): Promise<RemoteStreams | undefined> {
	const session = acceptSpdy(upgrade, protocols);
	if (!session) {
		return undefined;
	}

	const gone = new AbortController();
	session.on('close', () => {
		gone.abort();
	});
	const wanted = [
		'error',
		...(options.stdin ? ['stdin'] : []),
		...(options.stdout ? ['stdout'] : []),
		...(options.stderr ? ['stderr'] : []),
		...(options.tty ? ['resize'] : []),
	];
	const open = await waitForStreams(session, wanted);
	if (!open) {
		session.destroy();
		return undefined;
	}

	return remoteStreams(session, open, gone.signal);
}

async function waitForStreams(session: SpdyServerSession, wanted: readonly string[]): Promise<ReadonlyMap<string, SpdyStream> | undefined> {
	const open = new Map<string, SpdyStream>();
	const {promise, resolve} = Promise.withResolvers<boolean>();
	const timer = setTimeout(resolve, streamsTimeoutMs, false);
	session.on('stream', stream => {
		stream.on('error', noop);
		session.reply(stream);
		open.set(String(stream.headers['streamtype']), stream);
		if (wanted.every(name => open.has(name))) {
			resolve(true);
		}
	});
	session.on('close', () => {
		resolve(false);
	});
	const isComplete = await promise;
	clearTimeout(timer);
	return isComplete ? open : undefined;
}

function remoteStreams(session: SpdyServerSession, open: ReadonlyMap<string, SpdyStream>, gone: AbortSignal): RemoteStreams {
	let onResize: (size: TerminalSize) => void = () => {};
	open.get('resize')?.on('data', (chunk: Buffer) => {
		for (const line of chunk.toString().split('\n')) {
			const size = parseResize(line);
			if (size) {
				onResize(size);
			}
		}
	});
	const output = (name: string) => {
		const stream = open.get(name);
		stream?.resume();
		return stream ?? null;
	};

	return {
		stdin: open.get('stdin') ?? null,
		stdout: output('stdout'),
		stderr: output('stderr'),
		onResize(listener) {
			onResize = listener;
		},
		gone,
		finish(status) {
			open.get('stdout')?.end();
			open.get('stderr')?.end();
			open.get('error')!.end(JSON.stringify(status), () => {
				// The client should end the session after it reads the status.
				setTimeout(() => {
					session.end();
				}, 1000).unref();
			});
		},
	};
}

/** Returns `undefined` if it refused the upgrade, with the text of k8s.io/streaming httpstream.Handshake. */
export function acceptSpdy({request, socket, head}: Upgrade, supported: readonly string[]): SpdyServerSession | undefined {
	const offered = namesIn(request.headers['x-stream-protocol-version']);
	const protocol = offered.find(name => supported.includes(name));
	if (protocol === undefined) {
		const text = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${supported.join(' ')}]`;
		writeRefusal(socket, {status: 403, text});
		return undefined;
	}

	socket.write(
		`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
	);
	if (head.length > 0) {
		socket.unshift(head);
	}

	return new SpdyServerSession(socket);
}

/**
`undefined` if no protocol of the client is supported, and then sends no response. Some protocol names of Kubernetes contain `/`, which
RFC 6455 forbids and ws rejects, so ws does not get the header.
*/
export async function acceptWebSocket({request, socket, head}: Upgrade, supported: readonly string[]): Promise<WebSocket | undefined> {
	const protocol = namesIn(request.headers['sec-websocket-protocol']).find(name => supported.includes(name));
	if (protocol === undefined) {
		return undefined;
	}

	const server = new WebSocketServer({noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: 32 * 1024 * 1024});
	delete request.headers['sec-websocket-protocol'];
	server.on('headers', headers => {
		headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
	});
	const {promise, resolve} = Promise.withResolvers<WebSocket>();
	server.handleUpgrade(request, socket, head, resolve);
	const client = await promise;
	return client.on('error', noop);
}

function namesIn(header: string | string[] | undefined): string[] {
	return [header ?? []]
		.flat()
		.flatMap(text => text.split(','))
		.map(name => name.trim())
		.filter(Boolean);
}

export function writeRefusal(socket: Duplex, {status, text}: Refusal): void {
	const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8`;
	socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`);
}
