/** Control socket of a detached forward: one line of JSON as request, one as response. */
import {once} from 'node:events';
import {chmodSync} from 'node:fs';
import {mkdtemp} from 'node:fs/promises';
import {connect, createServer, type Server, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ClusterIdentity, Path, ResolvedTarget} from '../evidence/evidence.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import type {ErrorObject} from '../errors/spoke-error.ts';
import {socketPath} from './detached-forward-state.ts';
import type {BoundAddress} from '../streams/port-forward/forward-event.ts';

export type ForwardStatus = {
	/** `f1`. */
	forward: string;
	state: 'starting' | 'ready' | 'interrupted';
	/** The pod of new connections; `null` until the forward is ready. */
	target: ResolvedTarget | null;
	remotePort: number | null;
	listen: readonly BoundAddress[];
	host: string | null;
	connections: {open: number; total: number; failed: number};
	/** Of the open tunnels, as known now: one of each pod and path. `null` with --path=never. */
	paths: readonly Path[] | null;
	/** Why it is interrupted. */
	error: ErrorObject | null;
};

export type ControlResponse = {
	status: {context: ClusterIdentity['context']; forwards: readonly ForwardStatus[]};
	/** The forward ends now. */
	stop: {pid: number};
};

export type ControlRequest = keyof ControlResponse;

/** macOS has 104 bytes for the path and a final zero byte, Linux 108. A longer path is truncated without a word. */
const maxPathBytes = 103;
const maxRequestBytes = 1024;
const maxResponseBytes = 16 * 1024 * 1024;
const responseTimeoutMs = 5000;

/** In `directory`, or in a new private directory if the path would be too long. @throws SpokeError ERR_LOCAL_FILE */
export async function chooseSocketPath(directory: string, id: string, temporary = tmpdir()): Promise<string> {
	const fits = (path: string) => Buffer.byteLength(path) <= maxPathBytes;
	const path = socketPath(directory, id);
	if (fits(path)) {
		return path;
	}

	// mkdtemp adds six letters.
	if (!fits(join(temporary, 'spoke-XXXXXX', `${id}.sock`))) {
		throw new SpokeError('ERR_LOCAL_FILE', `the path of a control socket would be longer than ${maxPathBytes} bytes: ${path}`, {
			remedy: 'set XDG_STATE_HOME to a directory with a shorter path',
		});
	}

	return join(await mkdtemp(join(temporary, 'spoke-')), `${id}.sock`);
}

export type ControlServer = {close(): void};

type ControlHandlers = {[Request in ControlRequest]: () => ControlResponse[Request]};

/** Only this user can connect (mode 0600). @throws the system error */
export async function serveControl(path: string, handlers: ControlHandlers): Promise<ControlServer> {
	const sockets = new Set<Socket>();
	const server: Server = createServer(socket => {
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
		void respond(socket, handlers);
	});
	server.listen(path);
	await once(server, 'listening');
	// The directory is private, so nobody else can connect before this.
	chmodSync(path, 0o600);
	return {
		close() {
			server.close();
			for (const socket of sockets) {
				socket.destroy();
			}
		},
	};
}

async function respond(socket: Socket, handlers: ControlHandlers): Promise<void> {
	try {
		const {request} = JSON.parse(await readLine(socket, maxRequestBytes)) as {request: ControlRequest};
		socket.end(`${JSON.stringify(handlers[request]())}\n`);
	} catch {
		// No request of spoke.
		socket.destroy();
	}
}

/** @throws Error if the forward does not respond in time */
export async function sendControlRequest<Request extends ControlRequest>(
	path: string,
	request: Request,
): Promise<ControlResponse[Request]> {
	// The reader below gets its errors.
	const socket = connect(path).on('error', () => undefined);
	socket.setTimeout(responseTimeoutMs, () => socket.destroy(new Error(`no response within ${responseTimeoutMs / 1000} s`)));
	socket.write(`${JSON.stringify({request})}\n`);
	try {
		return JSON.parse(await readLine(socket, maxResponseBytes)) as ControlResponse[Request];
	} finally {
		socket.destroy();
	}
}

async function readLine(socket: Socket, maxBytes: number): Promise<string> {
	let text = '';
	socket.setEncoding('utf8');
	for await (const chunk of socket.iterator({destroyOnReturn: false}) as AsyncIterable<string>) {
		text += chunk;
		if (text.includes('\n')) {
			return text.slice(0, text.indexOf('\n'));
		}

		if (text.length > maxBytes) {
			break;
		}
	}

	throw new Error('no complete line');
}
