/** The lines of a tail on the screen. */
import type {TailLine} from './line-buffer.ts';
import {followTail, numberAt, positionOf, shownLength, topOf, type TailView} from './tail-view.ts';

export type TailWindow = {
	lines: readonly TailLine[];
	above: number;
	below: number;
};

/** While following, the newest line is always complete, so only the end of the first line may fit. */
export function tailWindow(view: TailView, rows: number, heightOf: (line: TailLine) => number): TailWindow {
	const length = shownLength(view);
	if (length === 0) {
		return {lines: [], above: 0, below: 0};
	}

	let from = view.follow ? length : positionOf(view, topOf(view));
	if (view.follow) {
		for (let remaining = rows; from > 0 && remaining > 0; from--) {
			remaining -= heightAt(view, from - 1, heightOf);
		}
	}

	const lines: TailLine[] = [];
	let position = from;
	for (let remaining = rows; position < length && (remaining > 0 || view.follow); position++) {
		const line = view.buffer.line(numberAt(view, position));
		if (line === null) {
			break;
		}

		lines.push(line);
		remaining -= heightOf(line);
	}

	return {lines, above: from, below: length - position};
}

/** A line that does not fit is visible from its top. */
export function scrollToCursor(view: TailView, rows: number, heightOf: (line: TailLine) => number): TailView {
	if (view.follow || shownLength(view) === 0) {
		return view;
	}

	const position = positionOf(view, view.cursor);
	let from = position;
	for (let remaining = rows - heightAt(view, position, heightOf); from > 0; from--) {
		remaining -= heightAt(view, from - 1, heightOf);
		if (remaining < 0) {
			break;
		}
	}

	return positionOf(view, topOf(view)) >= from ? view : {...view, top: numberAt(view, from)};
}

/** Moves the window. The cursor stays in it, and the end follows again. */
export function scrollTail(view: TailView, by: number): TailView {
	const length = shownLength(view);
	const last = Math.max(0, length - view.windowRows);
	const wanted = positionOf(view, topOf(view)) + by;
	if (by > 0 && (view.follow || (wanted >= last && view.pausedAt === null))) {
		return view.follow ? view : followTail(view);
	}

	const top = Math.max(0, Math.min(wanted, last));
	const position = view.follow ? length - 1 : positionOf(view, view.cursor);
	const cursor = Math.max(top, Math.min(position, top + view.windowRows - 1));
	return {...view, follow: false, top: numberAt(view, top), cursor: numberAt(view, cursor)};
}

function heightAt(view: TailView, position: number, heightOf: (line: TailLine) => number): number {
	const line = view.buffer.line(numberAt(view, position));
	return line === null ? 1 : heightOf(line);
}
