/** Saved lines. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {savedTexts, saveTail, visibleTexts} from '../../../source/session/tail/export-lines.ts';
import type {TailRun} from '../../../source/session/tail/tail-run.ts';
import {insertLines} from '../../../source/session/tail/insert-lines.ts';
import {LineBuffer, linesPerBlock} from '../../../source/session/tail/line-buffer.ts';
import {emptyTail, filterTail, remapTail, type TailView} from '../../../source/session/tail/tail-view.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

const saved = {context: 'lab', now: Date.UTC(2026, 10, 24, 14, 18, 9)};
const count = linesPerBlock * 3;
const textOf = (number: number) => `line ${number}\n`;
const all = Array.from({length: count}, (_, number) => textOf(number));

function fullTail(): TailView {
	const buffer = new LineBuffer({lines: count - linesPerBlock + 1, bytes: Infinity});
	const view = {...emptyTail('tail-1', 'web', buffer), times: 'none'} as const;
	addLines(view, 0, count);
	return view;
}

function droppedTail(): TailView {
	const view = {...emptyTail('tail-1', 'web', new LineBuffer({lines: linesPerBlock, bytes: Infinity})), times: 'none'} as const;
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
	const session = {
		env: {},
		promptForText: async () => ({text: path, regex: false}),
		showMessage() {},
		store: {state: {connections: []}},
		cluster: {context: 'eu'},
	};
	await saveTail(fakeSession(session), tail);
	const [head, ...saved] = (await readFile(path, 'utf8')).split(/(?<=\n)/);
	const matching = all.filter(text => text.includes('7'));
	t.regex(head!, new RegExp(`^-- ${matching.length.toLocaleString('en')} of \\S+ lines, filter: 7, saved \\S+Z --\n$`));
	t.deepEqual(saved, matching);
});

test('a saved file begins with the origin of its lines, once per log', t => {
	const view = fullTail();
	const source = {context: 'eu', namespace: 'shop', pod: 'web-5d', container: 'app'};
	const silent = {...source, container: 'side'};
	const {head, texts} = savedTexts({...view, sources: [source, silent] as unknown as TailView['sources']}, saved);
	t.is(head[0], '-- log of shop/web-5d/app in context eu --\n');
	t.is(head.length, 2);
	t.deepEqual([...texts].length, count);
});

test('a saved file names the context of a tail that has only one', t => {
	const source = {context: null, namespace: 'shop', pod: 'web-5d', container: 'app', on: true};
	const {head} = savedTexts({...fullTail(), sources: [source] as unknown as TailView['sources']}, saved);
	t.is(head[0], '-- log of shop/web-5d/app in context lab --\n');
});

const source = {context: null, namespace: 'shop', pod: 'web-5d', container: 'app', on: true};
const hidden = {...source, container: 'side', on: false};
const counted: ReadonlyArray<[what: string, change: Parameters<typeof filterTail>[1], more: Partial<TailView>, expected: string]> = [
	['nothing is hidden', {}, {}, '10 lines'],
	['a text is filtered', {filter: {text: '7', regex: false, inverse: false}}, {}, '1 of 10 lines, filter: 7'],
	['an expression is excluded', {filter: {text: '[0-4]', regex: true, inverse: true}}, {}, '5 of 10 lines, filter: !~[0-4]'],
	['low levels are hidden', {level: 3}, {}, '0 of 10 lines, level: warn and above'],
	['a container is hidden', {sources: [source, hidden] as unknown as TailView['sources']}, {}, '10 lines, hidden: web-5d/side'],
	['a filter hides nothing', {filter: {text: '7', regex: false, inverse: false}, matchesOnly: false}, {}, '10 lines'],
	['the tail is paused', {}, {pausedAt: 4}, '4 of 10 lines, up to the pause'],
];

for (const [what, change, more, expected] of counted) {
	test(`a saved file counts its lines when ${what}`, t => {
		const view = {...filterTail({...emptyTail('tail-1', 'web', new LineBuffer()), sources: []}, change), ...more};
		addLines(view, 0, 10);
		view.shownIndex?.advance(view.buffer, Infinity);
		t.is(savedTexts(view, saved).head.at(-1), `-- ${expected}, saved 2026-11-24T14:18:09Z --\n`);
	});
}

test('a saved file says how many older lines were dropped', t => {
	t.regex(savedTexts(droppedTail(), saved).head.at(-1)!, /^-- [\d,]+ of [\d,]+ lines, [\d,]+ dropped before, saved /);
});
