/** A scripted apiserver with one pod, for exec and attach. */
import {once} from 'node:events';
import type {IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';
import {type Readable, PassThrough} from 'node:stream';
import type {WebSocket} from 'ws';
import type {SpdyStream} from '../../source/wire/spdy-stream.ts';
import {acceptWebSocket} from '../../source/sandbox/kubelet/accept-upgrade.ts';
import {SpdyServerSession} from '../../source/sandbox/kubelet/spdy-server-session.ts';
import {startServer, type ScriptedServer} from './api-server.ts';

export type FarSide = {
	carrier: 'websocket' | 'spdy';
	url: URL;
	socket: Socket;
	stdin: Readable;
	sizes: Array<{Width: number; Height: number}>;
	stdout(bytes: string | Uint8Array): void;
	stderr(bytes: string | Uint8Array): void;
	/** Bytes on the error channel; an object becomes JSON. */
	status(status: string | object): void;
	/** Ends the outputs (SPDY) and the connection. */
	close(code?: number): void;
	backlog(): number;
	/** `null` for SPDY. */
	webSocket: WebSocket | null;
};

export const success = {metadata: {}, status: 'Success'};

export function exitCode(code: number): object {
	return {
		metadata: {},
		status: 'Failure',
		message: `command terminated with non-zero exit code: exit status ${code}`,
		reason: 'NonZeroExitCode',
		details: {causes: [{reason: 'ExitCode', message: String(code)}]},
	};
}

export function failure(message: string, code = 500): object {
	return {metadata: {}, status: 'Failure', message, reason: 'InternalError', details: {causes: [{message}]}, code};
}

export type Refusal = {status: number; body: string; contentType?: string};

export async function startCommandServer(
	script: (far: FarSide) => void | Promise<void>,
	{refuse = () => null, pod = {}, tty = false}: {refuse?: (request: IncomingMessage) => Refusal | null; pod?: object; tty?: boolean} = {},
): Promise<ScriptedServer & {upgrades: string[]}> {
	const upgrades: string[] = [];
	const server = await startServer({
		request(request, response) {
			const {pathname} = new URL(request.url!, 'http://x');
			const found = pathname === '/api/v1/namespaces/default/pods/web';
			response
				.writeHead(found ? 200 : 404, {'Content-Type': 'application/json'})
				.end(JSON.stringify(found ? podObject(tty, pod) : status(404, `${pathname} not found`)));
		},
		async upgrade(request, socket, head) {
			upgrades.push(
				`${request.method} ${request.headers.upgrade} ${String(request.headers['sec-websocket-protocol'] ?? request.headers['x-stream-protocol-version'])}`,
			);
			const refusal = refuse(request);
			if (refusal) {
				socket.end(
					`HTTP/1.1 ${refusal.status} No\r\nContent-Type: ${refusal.contentType ?? 'application/json'}\r\nContent-Length: ${Buffer.byteLength(refusal.body)}\r\n\r\n${refusal.body}`,
				);
				return;
			}

			socket.on('error', () => {});
			const far =
				request.headers.upgrade === 'websocket' ? await overWebSocket(request, socket, head) : await overSpdy(request, socket, head);
			await script(far);
		},
	});
	return Object.assign(server, {upgrades});
}

export function status(code: number, message: string, reason = ''): object {
	return {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code};
}

function podObject(tty: boolean, more: object): object {
	return {
		kind: 'Pod',
		apiVersion: 'v1',
		metadata: {name: 'web', namespace: 'default', uid: 'u1'},
		spec: {nodeName: 'n1', containers: [{name: 'app', image: 'x', tty, stdin: true}]},
		status: {phase: 'Running'},
		...more,
	};
}

export async function overWebSocket(request: IncomingMessage, socket: Socket, head: Buffer): Promise<FarSide> {
	const protocol = request.headers['sec-websocket-protocol']!;
	const {client: webSocket} = (await acceptWebSocket(request, socket, head, [protocol]))!;
	const stdin = new PassThrough();
	const sizes: FarSide['sizes'] = [];
	webSocket.on('message', (message: Buffer) => {
		if (message[0] === 0) {
			if (!stdin.write(message.subarray(1))) {
				webSocket.pause();
				stdin.once('drain', () => {
					webSocket.resume();
				});
			}
		} else if (message[0] === 4) {
			sizes.push(JSON.parse(message.subarray(1).toString()) as {Width: number; Height: number});
		} else if (message[0] === 255 && message[1] === 0) {
			stdin.end();
		}
	});
	const send = (channel: number, bytes: string | Uint8Array) => {
		webSocket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(bytes as string)]));
	};

	send(1, '');
	return {
		carrier: 'websocket',
		url: new URL(request.url!, 'http://x'),
		socket,
		stdin,
		sizes,
		webSocket,
		backlog: () => socket.writableLength,
		stdout(bytes) {
			send(1, bytes);
		},
		stderr(bytes) {
			send(2, bytes);
		},
		status(value) {
			send(3, typeof value === 'string' ? value : JSON.stringify(value));
		},
		close(code = 1000) {
			webSocket.close(code);
		},
	};
}

async function overSpdy(request: IncomingMessage, socket: Socket, head: Buffer): Promise<FarSide> {
	socket.write(
		'HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n',
	);
	socket.unshift(head);
	const url = new URL(request.url!, 'http://x');
	const session = new SpdyServerSession(socket);
	const wanted = 1 + ['stdin', 'stdout', 'stderr', 'tty'].filter(name => url.searchParams.get(name) === 'true').length;
	const streams = new Map<string, SpdyStream>();
	const sizes: FarSide['sizes'] = [];
	session.on('stream', stream => {
		session.reply(stream);
		stream.on('error', () => {});
		streams.set(stream.headers['streamtype']!, stream);
		if (stream.headers['streamtype'] === 'resize') {
			let text = '';
			stream.on('data', (piece: Buffer) => {
				const parts = (text + piece.toString()).split(/(?<=\})/);
				text = parts.at(-1)!.endsWith('}') ? '' : parts.pop()!;
				sizes.push(...parts.map(part => JSON.parse(part) as {Width: number; Height: number}));
			});
		}
	});
	while (streams.size < wanted) {
		await once(session, 'stream');
	}

	return {
		carrier: 'spdy',
		url,
		socket,
		stdin: streams.get('stdin') ?? new PassThrough(),
		sizes,
		webSocket: null,
		backlog: () => socket.writableLength + streams.get('stdout')!.writableLength,
		stdout: bytes => streams.get('stdout')!.write(bytes),
		stderr: bytes => streams.get('stderr')!.write(bytes),
		status: value => streams.get('error')!.write(typeof value === 'string' ? value : JSON.stringify(value)),
		close() {
			const outputs = ['error', 'stdout', 'stderr'].flatMap(name => streams.get(name) ?? []);
			void Promise.all(
				outputs.map(
					async stream =>
						new Promise<void>(resolve => {
							stream.end(resolve);
						}),
				),
			).then(() => {
				setTimeout(() => {
					session.end();
				}, 20);
			});
		},
	};
}
