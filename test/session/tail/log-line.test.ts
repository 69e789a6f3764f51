/** How a tail fits the screen. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {LineBuffer} from '../../../source/session/tail/line-buffer.ts';
import {emptyTail, goTo, type TailView} from '../../../source/session/tail/tail-view.ts';
import {unicodeGlyphs} from '../../../source/session/kit/theme.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {cellsForLines, fitTail, shownWindow, thumbRow} from '../../../source/session/tail/log-line.ts';

const buffer = new LineBuffer();
for (let number = 0; number < 100; number++) {
	buffer.append(0, 0, 0, 'text', Buffer.from(`line ${number}`));
}

const view: TailView = {...emptyTail('tail-1', 'pod/web', buffer), windowRows: 10};

test('the window of a tail has the rows that the layout gave it, with the cursor among them', t => {
	const screen = (pageRows: number) =>
		({
			state: {...emptySession(clusterState(null), {columns: 80, rows: 24}, 0), pageRows},
			theme: {glyphs: unicodeGlyphs},
		}) as unknown as ScreenInput;
	const open = fitTail(screen(9), {...goTo(view, 99), windowRows: 19});
	t.is(open.windowRows, 9);
	t.is(shownWindow(open, open.windowRows, () => 1).window.lines.at(-1)!.number, 99);
	t.is(fitTail(screen(19), open).windowRows, 19);
});

test('lines leave two cells for the map, and plain lines none', t => {
	t.deepEqual([cellsForLines(view, 80), cellsForLines({...view, plain: true}, 80)], [78, 80]);
});

for (const [what, shown, isTop, numbers] of [
	['following', view, false, [90, 99]],
	['in the middle', goTo(view, 50), false, [41, 50]],
	['at the first line', goTo(view, 0), true, [0, 8]],
	['plain, at the first line', {...goTo(view, 0), plain: true}, false, [0, 9]],
] as const) {
	test(`${what}, ten rows show lines ${numbers.join(' to ')}${isTop ? ' and a row about older lines' : ''}`, t => {
		const found = shownWindow(shown, 10, () => 1);
		t.deepEqual([found.isTop, found.window.lines[0]!.number, found.window.lines.at(-1)!.number], [isTop, ...numbers]);
	});
}

for (const [what, follow, above, row] of [
	['at the first line', false, 0, 0],
	['in the middle', false, 50, 5],
	['at the last line', false, 90, 9],
	['following', true, 90, 9],
] as const) {
	test(`the map marks a window ${what}`, t => {
		t.is(
			thumbRow({follow}, {above, lines: Array.from({length: 10}, (_, index) => buffer.line(above + index)!), below: 90 - above}, 10),
			row,
		);
	});
}
