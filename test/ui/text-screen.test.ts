/** Lines of text stay true while they are looked at. */
import test from 'ava';
import {plainTheme} from '../../source/ui/theme.ts';
import type {Screen} from '../../source/ui/screen.ts';
import {textLines} from '../../source/ui/text-screen.ts';

test('the age of an event grows', t => {
	const at = (now: number) => textLines({state: {size: {columns: 80, rows: 24}, processes: [], now}, theme: plainTheme} as unknown as Screen, [{since: 1000, label: 'Started', text: 'started it'}]).map(({spans}) => spans.map(({text}) => text).join(''));
	t.deepEqual(at(3000), [' 2s    Started started it']);
	t.deepEqual(at(43_000), [' 42s   Started started it']);
});
