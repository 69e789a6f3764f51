/** The view of a tail: its lines, search and position. */
import test from 'ava';
import {levelOf, type LineLevel} from '../../../source/base/lines/line-level.ts';
import {LineBuffer, linesPerBlock} from '../../../source/session/tail/line-buffer.ts';
import {LineIndex, type LineQuery} from '../../../source/session/tail/line-index.ts';
import {countMatches, nextMatch, scrollTail, scrollToCursor, tailWindow} from '../../../source/session/tail/log-line.ts';
import {
	emptyTail,
	filterTail,
	followTail,
	goTo,
	clampToBuffer,
	moveTail,
	pauseTail,
	searchTail,
	shownLength,
	shownNumbers,
	topOf,
	pausedBacklog,
	type TailView,
} from '../../../source/session/tail/tail-view.ts';

function filled(texts: readonly string[], limits?: {lines: number; bytes: number}): LineBuffer {
	const buffer = new LineBuffer(limits);
	for (const text of texts) {
		const bytes = Buffer.from(text);
		buffer.append(0, 0, levelOf(bytes), 'text', bytes);
	}

	return buffer;
}

const texts = (count: number) => Array.from({length: count}, (_, index) => `line ${index}`);

const query = (change: Partial<LineQuery>): LineQuery => ({
	text: '',
	regex: false,
	inverse: false,
	level: 0,
	hidden: new Set(),
	context: 0,
	notices: false,
	...change,
});

const found = (buffer: LineBuffer, change: Partial<LineQuery>) => {
	const index = new LineIndex(query(change));
	while (!index.advance(buffer, 5)) {
		// Block by block, as between frames.
	}

	return Array.from({length: index.shown.length}, (_, at) => index.shown.at(at)!);
};

test('every line is returned as it was added, across block boundaries', t => {
	const all = texts(linesPerBlock * 2 + 10);
	const buffer = filled(all);
	for (const number of [0, linesPerBlock - 1, linesPerBlock, linesPerBlock + 1, linesPerBlock * 2 + 9]) {
		t.is(buffer.line(number)?.bytes.toString(), all[number]);
	}

	t.is(buffer.line(buffer.end), null);
});

test('the oldest lines are dropped beyond either limit, and numbers stay', t => {
	const buffer = filled(texts(linesPerBlock * 4), {lines: linesPerBlock * 2, bytes: 1e9});
	t.true(buffer.first > 0);
	t.is(buffer.end, linesPerBlock * 4);
	t.is(buffer.line(buffer.first)?.bytes.toString(), `line ${buffer.first}`);
	t.is(buffer.line(0), null);
	t.true(filled(texts(linesPerBlock * 4), {lines: 1e9, bytes: 50_000}).first > 0);
});

test('lines in reused blocks are returned as they were added', t => {
	const lengths = [3, 3, 40, 2, 2, 2, 2, 90, 90, 1, 60];
	const limits = {lines: linesPerBlock * 2, bytes: 1e9};
	const buffer = new LineBuffer(limits);
	const textOf = (number: number) =>
		`${number} `.padEnd(6 + lengths[Math.floor(number / linesPerBlock) % lengths.length]! + (number % 3), 'x');
	for (let number = 0; number < linesPerBlock * lengths.length * 2; number++) {
		buffer.append(number % 5, number * 7, (number % 4) as LineLevel, 'text', Buffer.from(textOf(number)));
	}

	t.true(buffer.end - buffer.first >= limits.lines);
	for (let number = buffer.first; number < buffer.end; number++) {
		const line = buffer.line(number)!;
		if (line.bytes.toString() !== textOf(number) || line.source !== number % 5 || line.time !== number * 7 || line.level !== number % 4) {
			t.fail(`line ${number}: ${line.bytes.toString()}`);
		}
	}

	t.is(
		buffer.bytes,
		Array.from({length: buffer.end - buffer.first}, (_, at) => textOf(buffer.first + at).length).reduce((sum, length) => sum + length, 0),
	);
});

test('dropping a line moves the cursor to the oldest kept one and removes its mark', t => {
	const buffer = filled(texts(linesPerBlock), {lines: linesPerBlock * 2, bytes: 1e9});
	const held = {...goTo({...emptyTail('t', 't', buffer), windowRows: 5}, 7), marked: new Set([3, linesPerBlock * 3])};
	t.is(clampToBuffer(held), held);
	for (const text of texts(linesPerBlock * 3)) {
		buffer.append(0, 0, 0, 'text', Buffer.from(text));
	}

	t.true(buffer.first > 7);
	const kept = clampToBuffer(held);
	t.is(kept.cursor, buffer.first);
	t.deepEqual(kept.marked, new Set([linesPerBlock * 3]));
	t.is(tailWindow(kept, 5, () => 1).lines[0]?.number, kept.cursor);
	t.is(clampToBuffer({...held, follow: true, marked: new Set()}).cursor, 7);
});

const lines = [
	'GET /a 200',
	'ERROR timeout on GET',
	'warn: slow',
	'{"level":"error","msg":"x"}',
	'ünïcode Timeout',
	'timeouttimeout',
	'end',
	'ÉTÉ',
	'\u3A40',
];
const searches: ReadonlyArray<readonly [string, Partial<LineQuery>, readonly number[]]> = [
	['text, lower-case letters in both cases', {text: 'timeout'}, [1, 4, 5]],
	['text with a capital only in that case', {text: 'Timeout'}, [4]],
	['non-ASCII text', {text: 'ünï'}, [4]],
	['non-ASCII text in either case, and no character that shares its bytes', {text: 'été'}, [7]],
	['a letter whose lower-case bytes begin another character', {text: 'é'}, [7]],
	['lines without a text', {text: 'timeout', inverse: true}, [0, 2, 3, 6, 7, 8]],
	['a regular expression', {text: '^(get|end)', regex: true}, [0, 6]],
	['a regular expression whose only capitals are character classes', {text: String.raw`^get\S*\s\S+\s\d`, regex: true}, [0]],
	['non-ASCII text with regular expression characters', {text: 'é('}, []],
	['a level and worse, with the lines that continue it', {level: 4}, [1, 3, 4, 5, 6, 7, 8]],
	['lines around', {text: 'warn', context: 1}, [1, 2, 3]],
	['a hidden source', {hidden: new Set([0])}, []],
	['no text across a line end', {text: '200error'}, []],
];
for (const [title, change, expected] of searches) {
	test(`a search finds ${title}`, t => {
		t.deepEqual(found(filled(lines), change), expected);
	});
}

test('a search continues with new lines and forgets dropped ones', t => {
	const buffer = filled(texts(10), {lines: linesPerBlock, bytes: 1e9});
	const index = new LineIndex(query({text: 'line'}));
	t.true(index.advance(buffer, 100));
	for (const text of texts(linesPerBlock * 3)) {
		buffer.append(0, 0, 0, 'text', Buffer.from(text));
	}

	while (!index.advance(buffer, 5)) {
		// Block by block.
	}

	t.is(index.matches.length, buffer.end - buffer.first);
	t.is(index.matches.at(0), buffer.first);
});

test('an invalid regular expression is reported, and an endless one is stopped', t => {
	t.is(new LineIndex(query({text: '(', regex: true})).problem, 'invalid regular expression: unterminated group');
	const index = new LineIndex(query({text: '(a+)+$', regex: true}));
	index.advance(filled(Array.from({length: 50}, () => `${'a'.repeat(60)}!`)), 1);
	t.regex(index.problem ?? '', /longer than 250 ms/);
});

test('a filter that was stopped shows all lines again, including new ones', t => {
	const lines = ['keep', 'skip', 'keep'];
	const buffer = filled(lines);
	buffer.append(1, 0, 0, 'text', Buffer.from('of a log that is off'));
	const sources = [{on: true}, {on: false}] as unknown as TailView['sources'];
	const view = filterTail({...emptyTail('t', 't', buffer), sources}, {filter: {text: '^(a+)+$|keep', regex: true, inverse: false}});
	t.true(view.shownIndex!.advance(buffer, 50));
	t.deepEqual([...shownNumbers(view)], [0, 2]);
	buffer.append(0, 0, 0, 'text', Buffer.from(`${'a'.repeat(40)}!`));
	buffer.append(0, 0, 0, 'text', Buffer.from('keep'));
	while (!view.shownIndex!.advance(buffer, 50)) {
		// Block by block.
	}

	t.regex(view.shownIndex!.problem ?? '', /not used/);
	t.deepEqual([...shownNumbers(view)], [0, 1, 2, 4, 5], 'a log that is off stays off');
	t.is(view.shownIndex!.matches.length, 0);
});

test('a hundred thousand lines are searched block by block', t => {
	const buffer = new LineBuffer();
	const bytes = Buffer.from(`${'x'.repeat(90)} 404 `);
	for (let number = 0; number < 100_000; number++) {
		buffer.append(0, 0, 0, 'text', number === 77_777 ? Buffer.from('needle here') : bytes);
	}

	const index = new LineIndex(query({text: 'needle'}));
	let steps = 1;
	while (!index.advance(buffer, 0)) {
		steps++;
	}

	t.is(index.matches.at(0), 77_777);
	t.true(steps > 10, `${steps}`);
});

const view = (count: number, rows = 5): TailView => ({...emptyTail('t', 'x', filled(texts(count))), windowRows: rows});

const shown = (tail: TailView) => tailWindow(tail, tail.windowRows, () => 1).lines.map(({number}) => number);

test('a move stops following, and only End resumes', t => {
	const tail = view(20);
	t.deepEqual(shown(tail), [15, 16, 17, 18, 19]);
	const held = moveTail(tail, -1);
	tail.buffer.append(0, 0, 0, 'text', Buffer.from('new'));
	t.deepEqual(shown(held), [15, 16, 17, 18, 19]);
	t.is(held.cursor, 18);
	t.is(tailWindow(held, 5, () => 1).below, 1);
	t.deepEqual(shown(followTail(held)), [16, 17, 18, 19, 20]);
});

test('a pause hides new lines and counts them', t => {
	const paused = pauseTail(view(20));
	paused.buffer.append(0, 0, 0, 'text', Buffer.from('later'));
	t.deepEqual(shown(paused), [15, 16, 17, 18, 19]);
	t.deepEqual(shown(pauseTail(paused)), [16, 17, 18, 19, 20]);
});

test('a window that does not follow stays when old lines are dropped', t => {
	const tail = goTo(
		{...emptyTail('t', 'x', filled(texts(linesPerBlock * 2), {lines: linesPerBlock, bytes: 1e9})), windowRows: 3},
		linesPerBlock * 2 - 10,
	);
	const before = shown(tail);
	for (const text of texts(100)) {
		tail.buffer.append(0, 0, 0, 'text', Buffer.from(text));
	}

	t.deepEqual(shown(tail), before);
});

test('removing a filter shows all lines around the selected one', t => {
	const filtered = filterTail(view(100), {filter: {text: '7', regex: false, inverse: false}});
	filtered.shownIndex!.advance(filtered.buffer, 1000);
	t.is(shownLength(filtered), 19);
	const at = goTo(filtered, 57);
	t.is(at.cursor, 57);
	const all = goTo(filterTail(at, {matchesOnly: false}), 57);
	t.is(shownLength(all), 100);
	t.true(topOf(all) <= 57);
});

test('the selected line is fully visible when lines are wrapped', t => {
	const height = () => 3;
	const last = (tail: TailView) => tailWindow(tail, 10, height).lines.map(({number}) => number);
	const down = scrollToCursor(moveTail(goTo({...view(50), windowRows: 10}, 0), 5), 10, height);
	t.is(down.top, 3);
	t.deepEqual(last(down), [3, 4, 5, 6]);
	t.is(scrollToCursor(moveTail(down, -1), 10, height).top, 3);
	t.is(scrollToCursor(moveTail(down, -4), 10, height).top, 1);
	t.is(scrollToCursor(goTo(view(50), 7), 2, height).top, 7);
});

test('a following tail fills the screen, even with a line higher than the screen', t => {
	const window = tailWindow(view(3), 5, ({number}) => (number === 1 ? 50 : 1));
	t.deepEqual(
		window.lines.map(({number}) => number),
		[1, 2],
	);
	t.like(window, {above: 1, below: 0});
});

test('a traceback has the level of its first line', t => {
	const buffer = filled(['INFO start', 'ERROR failed', 'Traceback', '  File "a.py"', '', 'INFO next', 'more of it', '{"msg":"no level"}']);
	t.deepEqual(found(buffer, {level: 4}), [1, 2, 3, 4]);
	t.deepEqual(found(buffer, {level: 4, text: 'File'}), [3]);
	const two = filled(['ERROR failed']);
	two.append(1, 0, 0, 'text', Buffer.from('of another container'));
	two.append(0, 0, 0, 'text', Buffer.from('  at main.go:1'));
	two.append(0, 1000, 0, 'text', Buffer.from('a second later'));
	t.deepEqual(found(two, {level: 3}), [0, 2]);
});

test('a line counts as info if no line has a level', t => {
	const buffer = filled(['ready', 'DEBUG a', 'of a', '{"msg":"no level"}']);
	t.deepEqual(found(buffer, {level: 2}), [0, 3]);
	t.deepEqual(found(buffer, {level: 3}), []);
});

test('notices stay in a filtered view, but do not count as matches', t => {
	const buffer = filled(['ERROR a', 'INFO b', 'ERROR c']);
	buffer.append(-1, 0, 0, 'notice', Buffer.from('reconnected after 2 s'));
	const index = new LineIndex(query({level: 4, notices: true}));
	t.true(index.advance(buffer, 5));
	t.is(index.matches.length, 2);
	t.is(index.shown.length, 3);
});

test('a pause counts buffered lines and errors, and does not show dropped lines', t => {
	const buffer = filled(['old ERROR', 'old'], {lines: linesPerBlock * 2, bytes: 1e9});
	const paused = pauseTail(emptyTail('tail-1', 'pod/web', buffer));
	t.deepEqual(pausedBacklog(paused), {lines: 0, errors: 0});
	const add = (text: string, level: 0 | 4) => {
		buffer.append(0, 0, level, 'text', Buffer.from(text));
	};

	add('new ERROR', 4);
	add('new', 0);
	t.deepEqual(pausedBacklog(paused), {lines: 2, errors: 1});
	t.is(shownLength(paused), 2);
	for (let count = 0; count < linesPerBlock * 4; count++) {
		add('flood', 0);
	}

	t.true(buffer.first > 2);
	t.is(pausedBacklog(paused).lines, linesPerBlock * 4 + 2);
	t.is(shownLength(paused), 0);
	t.deepEqual(tailWindow(paused, 10, () => 1).lines, []);
	t.true(shownLength(pauseTail(paused)) > linesPerBlock);
});

test('n and N go from match to match and wrap around', t => {
	const tail = searchTail(goTo(view(50), 0), {text: 'line 1', regex: false});
	tail.searchIndex!.advance(tail.buffer, 1000);
	t.is(nextMatch({...tail, cursor: 1}, 1), 10);
	t.is(nextMatch({...tail, cursor: 1}, -1), 19);
	t.is(nextMatch({...tail, cursor: 19}, 1), 1);
});

test('n and N skip matches that the filter hides, which are counted separately', t => {
	const tail = searchTail(filterTail(goTo(view(50), 0), {filter: {text: '3', regex: false, inverse: false}, matchesOnly: true}), {
		text: 'line 1',
		regex: false,
	});
	tail.searchIndex!.advance(tail.buffer, 1000);
	tail.shownIndex!.advance(tail.buffer, 1000);
	t.deepEqual([nextMatch(tail, 1), nextMatch({...tail, cursor: 40}, -1), nextMatch({...tail, cursor: 13}, 1)], [13, 13, 13]);
	t.deepEqual(countMatches({...tail, cursor: 13}), {at: 1, of: 1, more: false, hidden: 10});
	t.deepEqual(countMatches({...tail, cursor: 13, matchesOnly: false}), {at: 5, of: 11, more: false, hidden: 0});
	const other = searchTail(tail, {text: 'line 2', regex: false});
	other.searchIndex!.advance(tail.buffer, 1000);
	t.is(nextMatch(other, 1), 23);
	const none = searchTail(tail, {text: 'line 44', regex: false});
	none.searchIndex!.advance(tail.buffer, 1000);
	t.is(nextMatch(none, 1), null);
	t.deepEqual(countMatches(none), {at: 0, of: 0, more: false, hidden: 1});
});

test('scrolling moves the window, and the end follows again unless the tail is paused', t => {
	const tail = {...emptyTail('t', 'pod/x', filled(texts(50))), windowRows: 10};
	const up = scrollTail(tail, -3);
	t.deepEqual([up.follow, up.top, up.cursor], [false, 37, 46]);
	const top = scrollTail(up, -100);
	t.deepEqual([top.top, top.cursor], [0, 9]);
	t.true(scrollTail(up, 3).follow);
	const paused = scrollTail(pauseTail(up), 3);
	t.deepEqual([paused.follow, paused.top], [false, 40]);
});
