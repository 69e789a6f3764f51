/** A large terminal. */
import test from 'ava';
import {sessionOnSandbox} from '../../support/open-session.ts';

test('at 200×50 a list with no selected row shows no details and no rule for them', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 200, rows: 50});
	await session.sees(/^── \w+-\S+ ─+ i more ─/m);
	session.press('list/filter');
	session.type('no-such-pod\r');
	await session.sees(/None of \d+ pods match "no-such-pod"/);
	await session.loses(/^─+ {2,}─/m);
});
