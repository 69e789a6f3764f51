/** A large terminal. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';

test('at 200×50 a list with no selected row shows no details and no rule for them', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 200, rows: 50});
	await terminal.sees(/^── \w+-\S+ ─+ i more ─/m);
	terminal.press('list/filter');
	terminal.type('no-such-pod\r');
	await terminal.sees(/None of \d+ pods match "no-such-pod"/);
	await terminal.loses(/^─+ {2,}─/m);
});
