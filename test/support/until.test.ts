/** A wait of a test, on a machine that does much else. */
import test from 'ava';
import {newHome} from './new-home.ts';
import {openTerminal} from './terminal.ts';
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

test('a wait for the screen ignores time in which its process was blocked', async t => {
	const terminal = await openTerminal(t, ['version'], {home: await newHome(t)});
	await terminal.ended();
	const waiting = terminal.sees(/late/, 300);
	setTimeout(() => {
		void terminal.overwrite('late\u001B[?2026l');
	}, 200);
	block(1000);
	await waiting;
});

test('a wait for what never happens fails with what was last seen', async t => {
	await t.throwsAsync(
		until(() => false, ['seen'], 20),
		{message: /^not within 20 ms: .*; last seen: \[ 'seen' \]$/},
	);
});
