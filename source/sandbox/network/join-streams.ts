/** Lifetime of connected streams. */
import type {Duplex} from 'node:stream';
import type {ServerResponse} from 'node:http';

export function joinStreams(one: Duplex, other: Duplex): void {
	for (const [from, to] of [
		[one, other],
		[other, one],
	] as const) {
		from.on('error', noop);
		from.pipe(to);
		from.on('close', () => {
			to.destroy();
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

/** Handles `'error'`, because `'close'` follows. */
export function noop(): void {
	// Nothing to do.
}
