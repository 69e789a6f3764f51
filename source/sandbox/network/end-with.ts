/** When does a connection that was made for somebody end? */
import type {Duplex} from 'node:stream';
import type {ServerResponse} from 'node:http';

/** With its client, also where that one did not wait until there was a connection. */
export function destroyWithClient(client: Duplex | ServerResponse, backend: Duplex): void {
	if (client.destroyed) {
		backend.destroy();
	} else {
		client.on('close', () => {
			backend.destroy();
		});
	}
}
