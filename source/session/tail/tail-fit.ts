/** Fits a tail to the screen. */
import type {TailLine} from './line-buffer.ts';
import type {TailView} from './tail-view.ts';
import {tailWindow, scrollToCursor} from './tail-window.ts';
import type {ScreenInput} from '../kit/screen-input.ts';
import {isWrapped, tailRows} from './tail-rows.ts';
import type {TailCount} from './describe-tail.ts';

/** The map at the right edge takes two cells. */
export function cellsForLines({plain}: Pick<TailView, 'plain'>, columns: number): number {
	return columns - (plain ? 0 : 2);
}

export function fitTail(screen: ScreenInput, view: TailView): TailView {
	const {size, pageRows: windowRows} = screen.state;
	const width = cellsForLines(view, size.columns);
	const fitting = view.windowRows === windowRows ? view : {...view, windowRows};
	return scrollToCursor(fitting, windowRows, one => (isWrapped(fitting, one) ? tailRows(screen, fitting, one, width).length : 1));
}

type Window = ReturnType<typeof tailWindow>;

/** `isTop`: a row above the first line describes the older lines. */
export function shownWindow(view: TailView, rows: number, heightOf: (one: TailLine) => number): {window: Window; isTop: boolean} {
	const whole = tailWindow(view, rows, heightOf);
	const isTop =
		!view.follow &&
		!view.plain &&
		whole.above === 0 &&
		whole.lines.length > 0 &&
		rows > 2 &&
		whole.lines.slice(0, -1).some(({number}) => number === view.cursor);
	return {window: isTop ? tailWindow(view, rows - 1, heightOf) : whole, isTop};
}

/** The row of the map that marks the window. */
export function thumbRow(
	{follow}: Pick<TailView, 'follow'>,
	{above, lines, below}: Pick<Window, 'above' | 'lines' | 'below'>,
	rows: number,
): number {
	const total = above + lines.length + below;
	return Math.min(rows - 1, Math.floor(((follow ? total : above) / Math.max(1, total)) * rows));
}

/** Omits zero counters until the rest fits. */
export function fitCounts(counts: readonly TailCount[], width: number, between: string): readonly TailCount[] {
	const length = (some: readonly TailCount[]) => some.reduce((sum, {text}) => sum + text.length + between.length, -between.length);
	let kept = counts;
	for (const count of counts) {
		if (count.isZero && length(kept) > width) {
			kept = kept.filter(one => one !== count);
		}
	}

	return kept;
}
