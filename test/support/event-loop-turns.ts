/** A wait for everything that takes no time. */
import {setImmediate as turn} from 'node:timers/promises';

/** Enough for promises, `setImmediate` and in-process streams to come to rest, on a machine of any speed. */
export async function eventLoopTurns(count = 10): Promise<void> {
	for (let turns = 0; turns < count; turns++) {
		await turn();
	}
}
