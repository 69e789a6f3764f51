/** The lines of a tail on the screen. */
import type {TailLine} from './line-buffer.ts';
import {numberAt, placeOf, shownLength, topOf, type TailView} from './tail-view.ts';

export type TailWindow = {
	lines: readonly TailLine[];
	above: number;
	below: number;
};

/** While following, the newest line is complete, and of the first one possibly only the end is visible. */
export function tailWindow(view: TailView, rows: number, heightOf: (line: TailLine) => number): TailWindow {
	const length = shownLength(view);
	if (length === 0) {
		return {lines: [], above: 0, below: 0};
	}

	let from = view.follow ? length : placeOf(view, topOf(view));
	if (view.follow) {
		for (let left = rows; from > 0 && left > 0; from--) {
			left -= heightAt(view, from - 1, heightOf);
		}
	}

	const lines: TailLine[] = [];
	let place = from;
	for (let left = rows; place < length && (left > 0 || view.follow); place++) {
		const line = view.buffer.line(numberAt(view, place));
		if (line === null) {
			break;
		}

		lines.push(line);
		left -= heightOf(line);
	}

	return {lines, above: from, below: length - place};
}

/** A line that does not fit is visible from its top. */
export function scrollToCursor(view: TailView, rows: number, heightOf: (line: TailLine) => number): TailView {
	if (view.follow || shownLength(view) === 0) {
		return view;
	}

	const place = placeOf(view, view.cursor);
	let from = place;
	for (let left = rows - heightAt(view, place, heightOf); from > 0; from--) {
		left -= heightAt(view, from - 1, heightOf);
		if (left < 0) {
			break;
		}
	}

	return placeOf(view, topOf(view)) >= from ? view : {...view, top: numberAt(view, from)};
}

function heightAt(view: TailView, place: number, heightOf: (line: TailLine) => number): number {
	const line = view.buffer.line(numberAt(view, place));
	return line === null ? 1 : heightOf(line);
}
