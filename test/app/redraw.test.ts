/** Somebody else wrote over the screen: a key draws all of it again. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {onSandbox} from '../support/sandbox-session.ts';

for (const [what, env] of [['of rows', {}], ['that is spoken', {INK_SCREEN_READER: 'true'}]] as const) {
	test(`a screen ${what} is whole again after the key that redraws it, also where nothing changes by itself`, async t => {
		const {terminal} = await onSandbox(t, [], {env: {...env, NO_MOTION: '1'}});
		await terminal.sees(/1 of 1 read[\s\S]*toolbox|Pods, \d+ shown/);
		terminal.press('messages.open');
		await terminal.sees(/Messages[\s\S]*Nothing to report/);
		// What a key told before it goes from the last row.
		await delay(1000);
		const before = terminal.text();
		terminal.press('screen.redraw');
		await delay(1000);
		t.is(terminal.text(), before);
	});
}
