/** JSON lines of a tail: their share, and whether they are formatted. */
import {kindMask, type LineBlock, type LineBuffer} from './line-buffer.ts';
import type {TailView} from './tail-view.ts';

const sampledLines = 200;

/** Without a choice of the user, JSON is readable when most lines are JSON, until few are. */
export function chooseJson(view: TailView): TailView {
	if (view.jsonChoice !== null) {
		return view;
	}

	const share = jsonShare(view.buffer);
	const json = share > 0.5 || (view.json && share >= 0.25);
	return json === view.json ? view : {...view, json, counters: {...view.counters, json: json ? countJsonLines(view.buffer) : 0}};
}

/** Of the newest lines. */
function jsonShare({blocks}: LineBuffer): number {
	let [lines, json] = [0, 0];
	for (const block of blocks.slice(-2).reverse()) {
		for (let at = block.count - 1; at >= 0 && lines < sampledLines; at--) {
			if ((block.flags[at]! & kindMask) === 0) {
				lines++;
				json += startsObject(block, at) ? 1 : 0;
			}
		}
	}

	return lines === 0 ? 0 : json / lines;
}

export function countJsonLines({blocks}: LineBuffer): number {
	let count = 0;
	for (const block of blocks) {
		for (let at = 0; at < block.count; at++) {
			count += startsObject(block, at) ? 1 : 0;
		}
	}

	return count;
}

function startsObject({starts, bytes}: LineBlock, at: number): boolean {
	return starts[at]! < starts[at + 1]! && bytes[starts[at]!] === 0x7b;
}
