/** A scripted apiserver with one pod, for exec and attach. */
import {once} from 'node:events';
import type {IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';
import {type Readable, PassThrough} from 'node:stream';
import type {ExecutionContext} from 'ava';
import type {WebSocket} from 'ws';
import type {SpdyStream} from '../../source/wire/spdy-stream.ts';
import {acceptWebSocket} from '../../source/sandbox/kubelet/remote-streams.ts';
import {SpdyServerSession} from '../../source/sandbox/kubelet/spdy-server-session.ts';
import {type ByHand, type ScriptedServer, serve} from './api-server.ts';

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
	/** A status and a close. */
	end(status?: string | object): void;
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

export type CommandScript = (far: FarSide) => unknown;

export type CommandOptions = {refuse?: (request: IncomingMessage) => Refusal | null; pod?: object; tty?: boolean};

/** A command that prints and ends. */
export function ends(status: string | object = success, stdout = '', stderr = ''): CommandScript {
	return far => {
		far.stdout(stdout);
		far.stderr(stderr);
		far.end(status);
	};
}

/** `upgrades` names those that were asked for. */
export async function startCommandServer(
	t: Pick<ExecutionContext, 'teardown'>,
	script: CommandScript = () => undefined,
	{refuse: refuses = () => null, pod = {}, tty = false}: CommandOptions = {},
): Promise<ScriptedServer & {upgrades: string[]}> {
	const upgrades: string[] = [];
	const podRead: ByHand = (_, response) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(podObject(tty, pod)));
	const server = await serve(
		t,
		{'/api/v1/namespaces/default/pods/web': podRead},
		{
			async upgrade(request, socket, head) {
				upgrades.push(upgradeOf(request));
				const refusal = refuses(request);
				if (refusal) {
					refuseUpgrade(socket, refusal);
					return;
				}

				socket.on('error', () => {});
				const open = request.headers.upgrade === 'websocket' ? overWebSocket : overSpdy;
				await script(await open(request, socket, head));
			},
		},
	);
	return Object.assign(server, {upgrades});
}

export function upgradeOf({method, headers}: IncomingMessage): string {
	return `${method} ${headers.upgrade} ${String(headers['sec-websocket-protocol'] ?? headers['x-stream-protocol-version'])}`;
}

export function refuseUpgrade(socket: Socket, {status, body, contentType = 'application/json'}: Refusal): void {
	socket.end(`HTTP/1.1 ${status} No\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
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
	const webSocket = (await acceptWebSocket({request, socket, head}, [protocol]))!;
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
	const send = (channel: number) => (bytes: string | Uint8Array) => {
		webSocket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(bytes as string)]));
	};

	send(1)('');
	return withEnd({
		carrier: 'websocket',
		url: new URL(request.url!, 'http://x'),
		socket,
		stdin,
		sizes,
		webSocket,
		backlog: () => socket.writableLength,
		stdout: send(1),
		stderr: send(2),
		status: value => send(3)(typeof value === 'string' ? value : JSON.stringify(value)),
		close: (code = 1000) => webSocket.close(code),
	});
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

	return withEnd({
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
		async close() {
			const outputs = ['error', 'stdout', 'stderr'].flatMap(name => streams.get(name) ?? []);
			await Promise.allSettled(outputs.map(async stream => once(stream.end(), 'finish')));
			setTimeout(() => {
				session.end();
			}, 20);
		},
	});
}

function withEnd(far: Omit<FarSide, 'end'>): FarSide {
	return {
		...far,
		end(status = success) {
			far.status(status);
			far.close();
		},
	};
}
