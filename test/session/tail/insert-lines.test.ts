/** Inserted lines: none is lost or repeated, and references follow their lines. */
import test from 'ava';
import {insertLines} from '../../../source/session/tail/insert-lines.ts';
import {LineBuffer, linesPerBlock} from '../../../source/session/tail/line-buffer.ts';
import {emptyTail, remapTail, searchTail} from '../../../source/session/tail/tail-view.ts';

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
