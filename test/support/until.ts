/** A wait of a test with a limit. */
import {setTimeout as delay} from 'node:timers/promises';
import {inspect} from 'node:util';

const maxCountedMs = 100;

/**
 * Waits until `holds` returns something truthy, and resolves to it. After the limit it fails with the condition and with `seen` as it is
 * then: an object that the test fills, or a function that returns it.
 */
export async function until<Value>(
	holds: () => Value | Promise<Value>,
	seen: unknown = holds,
	limitMs = 30_000,
): Promise<NonNullable<Value>> {
	let waitedMs = 0;
	for (;;) {
		const value = await holds();
		if (value) {
			return value;
		}

		if (waitedMs > limitMs) {
			const last: unknown = typeof seen === 'function' ? await seen() : seen;
			const shown = typeof last === 'string' ? last : inspect(last, {depth: 4, maxStringLength: 2000});
			throw new Error(`not within ${limitMs} ms: ${holds}; last seen: ${shown}`);
		}

		const before = performance.now();
		await delay(5);
		// Other tests of the process can block it for long; what is awaited was blocked, too.
		waitedMs += Math.min(performance.now() - before, maxCountedMs);
	}
}

/** Waits until what is read stays the same for a while, and resolves to it. */
export async function untilStable<Value extends number | string>(read: () => Value, quietMs = 1000): Promise<Value> {
	let before = read();
	await until(async () => {
		before = read();
		await delay(quietMs);
		return before === read();
	}, read);
	return before;
}
