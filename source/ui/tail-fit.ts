/** How a tail fits on the screen: how many rows and cells its lines get, which of them are shown, and what goes where there is no room. */
import type {TailLine} from '../state/tail/line-buffer.ts';
import type {TailView} from '../state/tail/tail-view.ts';
import {tailWindow, scrollToCursor} from '../state/tail/tail-window.ts';
import {expandedLine} from './expanded-line.ts';
import type {RenderInput} from './render-input.ts';
import {isWrapped, tailRows} from './tail-rows.ts';
import type {TailCount} from './describe-tail.ts';

/** Rows of the tail's own, besides header and footer. */
const tailChrome = 3;
/** From so many cells on its containers have a row of their own. */
const leastForSources = 110;

/** Whether its containers are told apart in a row of their own. */
export function hasSourceRow({sources}: Pick<TailView, 'sources'>, columns: number): boolean {
	return columns >= leastForSources && sources.length >= 2;
}

/** Rows for its lines among all `rows` between header and footer, where `detail` are of an opened line. */
export function rowsForLines(view: TailView, columns: number, rows: number, detail = 0): number {
	return Math.max(1, rows - tailChrome - (hasSourceRow(view, columns) ? 1 : 0) - (view.json ? 1 : 0) - detail);
}

/** Cells for its lines: the map at the right edge has a blank before it. */
export function cellsForLines({plain}: Pick<TailView, 'plain'>, columns: number): number {
	return columns - (plain ? 0 : 2);
}

/** The view as it fits on the screen: how many rows its lines get, and the line under the cursor among them. */
export function fitTail(screen: RenderInput, view: TailView, rows: number): TailView {
	const {columns} = screen.state.size;
	const windowRows = rowsForLines(view, columns, rows, expandedLine(screen, view, rows).length);
	const room = cellsForLines(view, columns);
	const fitting = {...view, windowRows};
	return scrollToCursor(fitting, windowRows, one => (isWrapped(fitting, one) ? tailRows(screen, fitting, one, room).length : 1));
}

type Window = ReturnType<typeof tailWindow>;

/** Which lines are shown in `rows`. `isTop`: what stands before the first one is told above them, in a row less. */
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

/** The row of the map at which the window is among all lines. */
export function thumbRow(
	{follow}: Pick<TailView, 'follow'>,
	{above, lines, below}: Pick<Window, 'above' | 'lines' | 'below'>,
	rows: number,
): number {
	const total = above + lines.length + below;
	return Math.min(rows - 1, Math.floor(((follow ? total : above) / Math.max(1, total)) * rows));
}

/** Where there is no room for all, what counts nothing goes first. */
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
