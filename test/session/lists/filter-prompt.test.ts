/** The filter prompt on the screen. */
import test from 'ava';
import {sessionOnSandbox} from '../../support/open-session.ts';

test('the selected row returns after a filter that hides all rows is canceled or cleared', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120, rows: 40});
	await session.sees(/▸ flaky-\S+ [^]* web-/);
	session.press('rows/move.down', 'rows/move.down');
	await session.sees(/NAME .*\n {3}\S.*\n {3}\S.*\n ▸ /);
	const name = /▸ (\S+)/.exec(session.text())![1]!;
	session.press('list/filter');
	session.type('zzz');
	await session.sees(/None of \d+ pods match "zzz"/);
	session.press('cancel');
	await session.sees(new RegExp(`▸ ${name}`));
	session.press('list/filter');
	session.type('zzz');
	await session.sees(/None of \d+ pods match "zzz"/);
	session.press('accept');
	await session.sees(/filter: zzz/);
	session.press('view.back');
	await session.sees(new RegExp(`▸ ${name}`));
	t.pass();
});
