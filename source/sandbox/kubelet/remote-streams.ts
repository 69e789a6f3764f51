/** Streams of a client, by WebSocket or SPDY/3.1. */
import {once} from 'node:events';
import {PassThrough, type Readable, Writable} from 'node:stream';
import type {V1Status} from '@kubernetes/client-node';
import {type WebSocket, WebSocketServer} from 'ws';
import type {Json} from '../../wire/json.ts';
import {noop, rejectUpgrade, type Upgrade} from '../network/sockets.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import {SpdyServerSession} from './spdy-server-session.ts';

export type RemoteStreams = {
	stdin: Readable | null;
	stdout: Writable | null;
	/** `null` with a terminal. */
	stderr: Writable | null;
	/** One JSON object in a chunk: `{"Width": 80, "Height": 24}`. */
	resize: Readable | null;
	gone: AbortSignal;
	/** Sends the status and ends the streams. */
	finish(status: Json<V1Status>): void;
};

export type StreamOptions = {stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean};

/** By number. */
const channels = ['stdin', 'stdout', 'stderr', 'error', 'resize'];
const closeChannel = 255;

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
	const [stdin, resize] = [new PassThrough(), new PassThrough({objectMode: true})];
	client.on('message', (data: Buffer) => {
		const [channel, ended] = data;
		const name = channels[channel!];
		if (name === 'stdin' && options.stdin) {
			writeStdin(data.subarray(1), stdin, client);
		} else if (name === 'resize') {
			resize.write(data.subarray(1));
		} else if (channel === closeChannel && channels[ended!] === 'stdin') {
			stdin.end();
		}
	});
	client.on('close', () => {
		gone.abort();
		stdin.destroy();
	});
	const output = (name: string) =>
		new Writable({
			write(chunk: Buffer, _encoding, done) {
				client.send(Buffer.concat([Buffer.of(channels.indexOf(name)), chunk]), error => {
					done(error ?? null);
				});
			},
		}).on('error', noop);

	// Measured on 1.36.3: the first message is empty, on stdout.
	client.send(Buffer.of(channels.indexOf('stdout')));
	return {
		stdin: options.stdin ? stdin : null,
		stdout: options.stdout ? output('stdout') : null,
		stderr: options.stderr ? output('stderr') : null,
		resize,
		gone: gone.signal,
		finish(status) {
			output('error').end(JSON.stringify(status), () => {
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
	const {tty, ...wanted} = {...options, error: true, resize: options.tty};
	const open = new Map<string, SpdyStream>();
	session.on('stream', stream => {
		stream.on('error', noop);
		session.reply(stream);
		open.set(String(stream.headers['streamtype']), stream);
	});
	const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(streamsTimeoutMs)]);
	while (Object.entries(wanted).some(([name, isWanted]) => isWanted && !open.has(name))) {
		await once(session, 'stream', {signal}).catch(noop);
		if (signal.aborted) {
			session.destroy();
			return undefined;
		}
	}

	return {
		stdin: open.get('stdin') ?? null,
		stdout: open.get('stdout')?.resume() ?? null,
		stderr: open.get('stderr')?.resume() ?? null,
		resize: open.get('resize') ?? null,
		gone: gone.signal,
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
		rejectUpgrade(socket, {status: 403, text});
		return undefined;
	}

	socket.write(
		`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
	);
	socket.unshift(head);
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

function namesIn(header: string | string[] = []): string[] {
	return [header].flat().flatMap(text => text.split(/\s*,\s*/));
}
