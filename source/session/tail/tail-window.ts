/** The lines of a tail on the screen. */
import type {TailLine} from './line-buffer.ts';
import {numberAt, positionOf, shownLength, topOf, type TailView} from './tail-view.ts';

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

function heightAt(view: TailView, position: number, heightOf: (line: TailLine) => number): number {
	const line = view.buffer.line(numberAt(view, position));
	return line === null ? 1 : heightOf(line);
}
