/** Fits a tail to the screen. */
import type {TailLine} from './line-buffer.ts';
import type {TailView} from './tail-view.ts';
import {tailWindow, scrollToCursor} from './tail-window.ts';
import {expandedLine} from './expanded-line.ts';
import type {RenderInput} from '../kit/render-input.ts';
import {isWrapped, tailRows} from './tail-rows.ts';
import type {TailCount} from './describe-tail.ts';

/** Title, path and counters. */
const tailChrome = 3;
const leastForSources = 110;

export function hasSourceRow({sources}: Pick<TailView, 'sources'>, columns: number): boolean {
	return columns >= leastForSources && sources.length >= 2;
}

/** `detail`: rows of the expanded line. */
export function rowsForLines(view: TailView, columns: number, rows: number, detail = 0): number {
	return Math.max(1, rows - tailChrome - (hasSourceRow(view, columns) ? 1 : 0) - (view.json ? 1 : 0) - detail);
}

/** The map at the right edge takes two cells. */
export function cellsForLines({plain}: Pick<TailView, 'plain'>, columns: number): number {
	return columns - (plain ? 0 : 2);
}

export function fitTail(screen: RenderInput, view: TailView, rows: number): TailView {
	const {columns} = screen.state.size;
	const windowRows = rowsForLines(view, columns, rows, expandedLine(screen, view, rows).length);
	const room = cellsForLines(view, columns);
	const fitting = {...view, windowRows};
	return scrollToCursor(fitting, windowRows, one => (isWrapped(fitting, one) ? tailRows(screen, fitting, one, room).length : 1));
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
