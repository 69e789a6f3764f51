/** Lifetime of connected streams. */
import type {Duplex} from 'node:stream';
import type {ServerResponse} from 'node:http';

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

/** Handles `'error'`, because `'close'` follows. */
export function noop(): void {
	// Nothing to do.
}
