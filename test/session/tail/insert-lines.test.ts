/** Inserted lines: none is lost or repeated, and references follow their lines. */
import test from 'ava';
import {insertLines, insertBacklog, LineSorter, type LineSorterCallbacks} from '../../../source/session/tail/insert-lines.ts';
import {LineBuffer, linesPerBlock} from '../../../source/session/tail/line-buffer.ts';
import {emptyTail, remapTail, searchTail} from '../../../source/session/tail/tail-view.ts';
import {until} from '../../support/until.ts';

type Given = {source: number; time: number; text: string; notice?: boolean};

function buffer(lines: readonly Given[]): LineBuffer {
	const filled = new LineBuffer({lines: Infinity, bytes: Infinity});
	for (const {source, time, text, notice} of lines) {
		filled.append(source, time, text.includes('ERROR') ? 4 : 0, notice ? 'notice' : 'text', Buffer.from(text));
	}

	return filled;
}

const textsOf = (lines: LineBuffer) =>
	Array.from({length: lines.end - lines.first}, (_, at) => lines.line(lines.first + at)!.bytes.toString());

test('older lines of one log come before all others', t => {
	const shown = buffer([
		{source: 0, time: 30, text: 'c'},
		{source: 0, time: 40, text: 'd'},
	]);
	const moved = insertLines(shown, [
		buffer([
			{source: 0, time: 10, text: 'a ERROR'},
			{source: 0, time: 20, text: 'b'},
		]),
	]);
	t.deepEqual(textsOf(shown), ['a ERROR', 'b', 'c', 'd']);
	t.deepEqual(
		[0, 1, 2].map(number => moved(number)),
		[2, 3, 4],
	);
	t.deepEqual({...shown.counts}, {lines: 4, errors: 1, warnings: 0});
	shown.append(0, 50, 0, 'text', Buffer.from('e'));
	t.is(shown.line(4)?.bytes.toString(), 'e');
});

test('a line keeps its source, whichever of many it is', t => {
	const shown = buffer([{source: 40_000, time: 10, text: 'a'}]);
	t.is(shown.line(0)?.source, 40_000);
});

test('older lines of several logs are inserted by time; of equal times, the first read first', t => {
	const shown = buffer([
		{source: 1, time: 5, text: '1:5'},
		{source: -1, time: 999, text: 'notice', notice: true},
		{source: 1, time: 20, text: '1:20'},
		{source: 0, time: 30, text: '0:30'},
	]);
	const moved = insertLines(shown, [
		buffer([
			{source: 0, time: 1, text: '0:1'},
			{source: 0, time: 20, text: '0:20'},
			{source: 0, time: 29, text: '0:29'},
		]),
		buffer([
			{source: 1, time: 2, text: '1:2'},
			{source: 1, time: 5, text: '1:5a'},
		]),
	]);
	t.deepEqual(textsOf(shown), ['0:1', '1:2', '1:5a', '1:5', 'notice', '0:20', '1:20', '0:29', '0:30']);
	t.deepEqual(
		[0, 1, 2, 3, 4].map(number => moved(number)),
		[3, 4, 6, 8, 9],
	);
});

test('lines before the given number stay', t => {
	const shown = buffer([10, 20, 30, 40].map(time => ({source: 0, time, text: String(time)})));
	const moved = insertLines(
		shown,
		[
			buffer([
				{source: 1, time: 5, text: '1:5'},
				{source: 1, time: 35, text: '1:35'},
			]),
		],
		2,
	);
	t.deepEqual(textsOf(shown), ['10', '20', '1:5', '30', '1:35', '40']);
	t.deepEqual(
		[0, 1, 2, 3].map(number => moved(number)),
		[0, 1, 3, 5],
	);
});

test('cursor, top and marks move with their lines', t => {
	const shown = buffer(['x', 'y', 'z'].map((text, at) => ({source: 0, time: 100 + at, text})));
	const view = searchTail({...emptyTail('t', 'x', shown), cursor: 1, top: 0, pausedAt: 3, marked: new Set([2])}, {text: 'y', regex: false});
	const after = remapTail(view, insertLines(shown, [buffer([{source: 0, time: 1, text: 'an older y'}])]));
	t.deepEqual([after.cursor, after.top, after.pausedAt, [...after.marked]], [2, 1, 4, [3]]);
	after.searchIndex!.advance(shown, 100);
	t.deepEqual([after.searchIndex!.matches.at(0), after.searchIndex!.matches.at(1)], [0, 2]);
});

test('merging many logs with equal and backward times keeps each line once and each log in order', t => {
	let seed = 7;
	const random = (below: number) => {
		seed = (seed * 1_103_515_245 + 12_345) & 0x7f_ff_ff_ff;
		return seed % below;
	};

	const log = (source: number, from: number, count: number) =>
		Array.from({length: count}, (_, at): Given => ({
			source,
			time: from + Math.floor(at / 3) - (random(20) === 0 ? 5 : 0),
			text: `${source} ${from} ${at}`,
		}));
	for (const [older, newer] of [
		[linesPerBlock * 2, 10],
		[3, linesPerBlock * 3],
		[700, 700],
	] as const) {
		const sources = Array.from({length: 5}, (_, source) => source);
		const shown = buffer(sources.flatMap(source => log(source, 10_000, newer)).toSorted((one, other) => one.time - other.time));
		const before = textsOf(shown);
		const moved = insertLines(
			shown,
			sources.map(source => buffer(log(source, source * 100, older))),
		);
		const after = textsOf(shown);
		t.is(after.length, before.length + older * 5);
		t.is(new Set(after).size, after.length);
		t.is(shown.counts.lines, after.length);
		for (const source of sources) {
			const own = after
				.filter(text => text.startsWith(`${source} `) && !text.startsWith(`${source} 10000`))
				.map(text => Number(text.split(' ')[2]));
			t.true(own.every((number, at) => number === at));
		}

		t.true(before.every((text, number) => after[moved(number)] === text));
		t.deepEqual(
			after.filter(text => text.split(' ')[1] === '10000'),
			before,
		);
	}
});

const block = (...stamps: string[]) => Buffer.from(stamps.map(stamp => `2026-11-24T14:00:${stamp}Z line ${stamp}\n`).join(''));

function ordered() {
	const buffer = new LineBuffer();
	let now = 0;
	const tells: LineSorterCallbacks = {
		put(source, time, bytes, from, to) {
			buffer.append(source, time, 0, 'text', Buffer.from(`${source} ${bytes.toString('utf8', from, to)}`));
		},
		insert(lines) {
			insertBacklog(
				buffer,
				lines.map(line => ({...line, bytes: Buffer.from(`${line.source} ${line.bytes.toString()}`)})),
			);
		},
		settled() {},
	};
	const order = new LineSorter(tells, () => now);
	return {
		order,
		buffer,
		lines(source: number, lines: Buffer, isBacklog = true) {
			order.lines(source, lines, isBacklog);
		},
		texts: () => Array.from({length: buffer.end}, (_, at) => buffer.line(at)!.bytes.toString()),
		pass(ms: number) {
			now += ms;
		},
	};
}

test('a single source is not delayed', t => {
	const {lines, texts} = ordered();
	lines(0, block('01.5', '02'));
	t.deepEqual(texts(), ['0 line 01.5', '0 line 02']);
});

test('lines of two sources are sorted by time after settling, and none is lost', async t => {
	const {order, lines, texts, pass} = ordered();
	lines(0, block('01'));
	lines(1, block('03', '05'));
	lines(0, block('02', '04'));
	t.deepEqual(texts(), ['0 line 01']);
	pass(301);
	await until(() => texts().length === 5, texts);
	t.deepEqual(texts(), ['0 line 01', '0 line 02', '1 line 03', '0 line 04', '1 line 05']);
	lines(0, block('06'));
	order.flushAll();
	t.is(texts().at(-1), '0 line 06');
});

test('the backlog of a second log is inserted between the visible lines of the first', t => {
	const {order, lines, texts} = ordered();
	lines(0, block('10', '20', '30'));
	lines(1, block('05', '15', '15', '35'));
	order.flushAll();
	lines(2, block('16', '40'));
	order.flushAll();
	t.deepEqual(texts(), [
		'1 line 05',
		'0 line 10',
		'1 line 15',
		'1 line 15',
		'2 line 16',
		'0 line 20',
		'0 line 30',
		'1 line 35',
		'2 line 40',
	]);
});

test('a line of a running log that arrives after the hold stays where it arrived', t => {
	const {order, lines, texts} = ordered();
	lines(0, block('10'));
	lines(1, block('11'));
	order.flushAll();
	lines(0, block('30'), false);
	order.flushAll();
	lines(1, block('20'), false);
	order.flushAll();
	t.deepEqual(texts(), ['0 line 10', '1 line 11', '0 line 30', '1 line 20']);
});

test('a later part of a log follows the earlier part, also at the same time', t => {
	const {order, lines, texts} = ordered();
	lines(0, block('10', '20'));
	lines(1, block('15'));
	order.flushAll();
	lines(1, block('15.0', '16'));
	order.flushAll();
	t.deepEqual(texts(), ['0 line 10', '1 line 15', '1 line 15.0', '1 line 16', '0 line 20']);
});

test('a log whose clock moved back keeps its order', t => {
	const {order, lines, texts} = ordered();
	lines(0, block('10', '20'));
	lines(1, block('15', '12', '13', '18'));
	order.flushAll();
	t.deepEqual(texts(), ['0 line 10', '1 line 15', '1 line 12', '1 line 13', '1 line 18', '0 line 20']);
});

test('a notice follows the lines of its source and moves no other line', t => {
	const {order, lines, buffer, texts} = ordered();
	lines(0, block('10'));
	lines(1, block('11', '14'));
	order.notice(1, () => {
		buffer.append(1, 0, 0, 'notice', Buffer.from('restarted'));
	});
	lines(0, block('12', '16'));
	lines(1, block('15'));
	order.flushAll();
	t.deepEqual(texts(), ['0 line 10', '1 line 11', '0 line 12', '1 line 14', 'restarted', '1 line 15', '0 line 16']);
});

test('a notice of a source without lines follows all earlier lines', t => {
	const {order, lines, buffer, texts} = ordered();
	lines(0, block('10'));
	lines(1, block('11'));
	lines(0, block('13'));
	order.notice(-1, () => {
		buffer.append(-1, 0, 0, 'notice', Buffer.from('no pod now'));
	});
	lines(1, block('12', '14'));
	order.flushAll();
	t.deepEqual(texts(), ['0 line 10', '1 line 11', '1 line 12', '0 line 13', 'no pod now', '1 line 14']);
});
