/** Listeners, and the lifetime of connected streams. */
import {once} from 'node:events';
import {type IncomingMessage, type ServerResponse, STATUS_CODES} from 'node:http';
import type {Server} from 'node:net';
import type {Duplex} from 'node:stream';
import type {HostPort} from './address-plan.ts';

/** Resolves to the actual address. Rejects with the system's error. */
export async function listen(server: Server, {address: host, port}: HostPort): Promise<HostPort> {
	await once(server.listen({host, port}), 'listening');
	return server.address() as HostPort;
}

/** Relays an end as an end, and anything else as a loss. */
export function joinStreams(one: Duplex, other: Duplex): void {
	for (const [from, to] of [
		[one, other],
		[other, one],
	] as const) {
		from.pipe(to);
		from.on('error', () => {
			to.destroy();
		});
		from.on('close', () => {
			if (!to.destroyed && !from.readableEnded) {
				to.destroy();
			}
		});
	}
}

/** Destroys it now if the client is gone already. */
export function destroyWithClient(client: Duplex | ServerResponse, backend: Duplex): void {
	if (client.destroyed) {
		backend.destroy();
	} else {
		client.on('close', () => {
			backend.destroy();
		});
	}
}

export type Upgrade = {request: IncomingMessage; socket: Duplex; head: Buffer};

/** An upgrade that is answered by a text. */
export type Refusal = {status: number; text: string; contentType?: string};

export function rejectUpgrade(socket: Duplex, {status, text, contentType = 'text/plain; charset=utf-8'}: Refusal): void {
	const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(text)}`;
	socket.end(`${head}\r\nConnection: close\r\n\r\n${text}`);
}

/** Handles `'error'`, because `'close'` follows. */
export function noop(): void {
	// Nothing to do.
}
