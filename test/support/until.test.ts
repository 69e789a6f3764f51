/** A wait of a test, on a machine that does much else. */
import test from 'ava';
import {until} from './until.ts';

function block(ms: number): void {
	const end = performance.now() + ms;
	while (performance.now() < end);
}

test('a wait does not end because its process was blocked for longer than its limit', async t => {
	let hasHappened = false;
	const waiting = until(() => hasHappened, undefined, 300);
	setTimeout(() => {
		hasHappened = true;
	}, 200);
	block(1000);
	t.true(await waiting);
});

test('a wait for what never happens fails with what was last seen', async t => {
	await t.throwsAsync(
		until(() => false, ['seen'], 20),
		{message: /^not within 20 ms: .*; last seen: \[ 'seen' \]$/},
	);
});
