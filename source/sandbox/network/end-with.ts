/** Lifetime of connections that are opened for a client. */
import type {Duplex} from 'node:stream';
import type {ServerResponse} from 'node:http';

/** Destroys `backend` with its client, or now if the client is gone already. */
export function destroyWithClient(client: Duplex | ServerResponse, backend: Duplex): void {
	if (client.destroyed) {
		backend.destroy();
	} else {
		client.on('close', () => {
			backend.destroy();
		});
	}
}
