/** A wait of a test with a limit. */
import {setTimeout as delay} from 'node:timers/promises';
import {inspect} from 'node:util';

/** Waits until the condition holds; fails with the condition and with what `seen` returns last, by default the condition's own value. */
export async function until(holds: () => unknown, seen: () => unknown = holds, limitMs = 30_000): Promise<void> {
	for (const deadline = performance.now() + limitMs; !(await holds()); await delay(5)) {
		if (performance.now() > deadline) {
			throw new Error(`not within ${limitMs} ms: ${holds}; last seen: ${inspect(await seen(), {depth: 5, breakLength: 120})}`);
		}
	}
}
