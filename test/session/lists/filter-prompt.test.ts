/** The filter prompt on the screen. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';

test('the selected row returns after a filter that hides all rows is canceled or cleared', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 120, rows: 40});
	await terminal.sees(/▸ flaky-\S+ [^]* web-/);
	terminal.press('rows/move.down', 'rows/move.down');
	await terminal.sees(/NAME .*\n {3}\S.*\n {3}\S.*\n ▸ /);
	const name = /▸ (\S+)/.exec(terminal.text())![1]!;
	terminal.press('list/filter');
	terminal.type('zzz');
	await terminal.sees(/None of \d+ pods match "zzz"/);
	terminal.press('cancel');
	await terminal.sees(new RegExp(`▸ ${name}`));
	terminal.press('list/filter');
	terminal.type('zzz');
	await terminal.sees(/None of \d+ pods match "zzz"/);
	terminal.press('accept');
	await terminal.sees(/filter: zzz/);
	terminal.press('view.back');
	await terminal.sees(new RegExp(`▸ ${name}`));
	t.pass();
});
