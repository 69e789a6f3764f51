/** Saved lines. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import type {Session} from '../../../source/session/frame/session.ts';
import {savedTexts, saveTail, visibleTexts} from '../../../source/session/tail/export-lines.ts';
import type {TailRun} from '../../../source/session/tail/tail-run.ts';
import {insertLines} from '../../../source/session/tail/insert-lines.ts';
import {LineBuffer, linesPerBlock} from '../../../source/session/tail/line-buffer.ts';
import {emptyTail, filterTail, remapTail, type TailView} from '../../../source/session/tail/tail-view.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

const count = linesPerBlock * 3;
const textOf = (number: number) => `line ${number}\n`;
const all = Array.from({length: count}, (_, number) => textOf(number));

function fullTail(): TailView {
	const buffer = new LineBuffer({lines: count - linesPerBlock + 1, bytes: Infinity});
	const view = {...emptyTail('tail-1', 'web', buffer), times: 'none'} as const;
	addLines(view, 0, count);
	return view;
}

function addLines({buffer}: TailView, from: number, to: number): void {
	for (let number = from; number < to; number++) {
		buffer.append(0, number, 0, 'text', Buffer.from(textOf(number).trimEnd()));
	}
}

/** Reads while so many new lines arrive that all existing ones are dropped. */
function readInFlood(view: TailView): string[] {
	const texts = visibleTexts(view)[Symbol.iterator]();
	const read = [texts.next().value as string];
	addLines(view, count, count * 3);
	return [...read, ...{[Symbol.iterator]: () => texts}];
}

test('lines dropped during a save are saved', t => {
	t.deepEqual(readInFlood(fullTail()), all);
});

test('a filtered save contains no line that arrived later', t => {
	const view = filterTail(fullTail(), {filter: {text: '7', regex: false, inverse: false}});
	view.shownIndex!.advance(view.buffer, Infinity);
	t.deepEqual(
		readInFlood(view),
		all.filter(text => text.includes('7')),
	);
});

test('lines inserted during a save do not replace saved ones', t => {
	const view = fullTail();
	const texts = visibleTexts(view)[Symbol.iterator]();
	const read = [texts.next().value as string];
	const log = new LineBuffer();
	log.append(0, 5, 0, 'text', Buffer.from('came late'));
	remapTail(view, insertLines(view.buffer, [log]));
	t.deepEqual([...read, ...{[Symbol.iterator]: () => texts}], all);
});

test('a save waits for an unfinished filter', async t => {
	const folder = await temporaryDirectory(t);
	const path = join(folder, 'saved.log');
	const view = filterTail(fullTail(), {filter: {text: '7', regex: false, inverse: false}});
	// Each scan covers one block.
	const tail = {view, request: {title: 'web'}, scan: () => view.shownIndex!.advance(view.buffer, -1)} as unknown as TailRun;
	await saveTail({promptForText: async () => ({text: path, regex: false}), showMessage() {}} as unknown as Session, tail);
	t.is(await readFile(path, 'utf8'), all.filter(text => text.includes('7')).join(''));
});

test('a saved file begins with the origin of its lines, once per log', t => {
	const view = fullTail();
	const source = {context: 'eu', namespace: 'shop', pod: 'web-5d', container: 'app'};
	const silent = {...source, container: 'side'};
	const {origins, texts} = savedTexts({...view, sources: [source, silent] as unknown as TailView['sources']});
	t.deepEqual(origins, ['-- log of shop/web-5d/app in context eu --\n']);
	t.deepEqual([...texts].length, count);
});
