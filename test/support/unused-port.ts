import {randomInt} from 'node:crypto';
import {isFree} from '../../source/session/forwards/free-port.ts';

/** A local port on which nothing listens. */
export async function unusedPort(): Promise<number> {
	return unusedPorts(1);
}

/** The first of several ports in a row on which nothing listens. */
export async function unusedPorts(count: number): Promise<number> {
	for (;;) {
		// Below the ports that Linux and macOS give to outgoing connections, of which other tests open many.
		const first = randomInt(12_000, 32_000);
		const free = await Promise.all(Array.from({length: count}, async (_, index) => isFree(first + index, '127.0.0.1')));
		if (free.every(Boolean)) {
			return first;
		}
	}
}
