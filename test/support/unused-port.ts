import {randomInt} from 'node:crypto';
import {isFree} from '../../source/session/forwards/port-options.ts';

/** A local port on which nothing listens. */
export async function unusedPort(): Promise<number> {
	for (;;) {
		// Below the ports that Linux and macOS give to outgoing connections, of which other tests open many.
		const port = randomInt(12_000, 32_000);
		if (await isFree(port, '127.0.0.1')) {
			return port;
		}
	}
}
