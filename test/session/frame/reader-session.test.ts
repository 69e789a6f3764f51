/** A session with a screen reader. */
import test from 'ava';
import {sessionOnSandbox} from '../../support/open-session.ts';
import {untilStable} from '../../support/until.ts';

test('a screen reader gets sentences, no picture, and nothing that ticks', async t => {
	const {session} = await sessionOnSandbox(t, [], {env: {INK_SCREEN_READER: 'true'}});
	await session.sees(/tab: Pods/);
	// By name, without the crashing pod first.
	session.press('list.reverse', 'list.reverse');
	await session.sees(/1 of 8: api-\S+, 1 of 1 ready, running, node n\d/);
	await session.sees(/Leg 2, apiserver to kubelet n\d: unverified, proven; directly, inferred\./);
	t.is(session.buffer(), 'normal');
	t.notRegex(session.raw(), /[━►▸─│]/);
	await untilStable(() => session.raw().length, 2500);
	session.press('move.down');
	await session.sees(/2 of 8: api-/);
	session.press('help.open');
	await session.sees(/Help: pods, \d+ below\s+CURRENT VIEW\s+l follow logs\s+s shell\s/);
	session.press('move.page-down');
	await session.sees(/Help: pods, 3 above\D+\d+ below\s+a attach\s+f forward a port\s/);
	session.press('move.end');
	await session.sees(/keymap\.yaml sets them/);
});
