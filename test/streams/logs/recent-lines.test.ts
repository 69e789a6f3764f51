import test from 'ava';
import {DuplicateFilter, RecentLines} from '../../../source/streams/logs/recent-lines.ts';

const stamp = (second: number, nanosecond: number) => `2026-11-24T14:00:0${second}.${String(nanosecond).padStart(9, '0')}Z`;

const seen = (...blocks: string[]) => {
	const lines = new RecentLines();
	for (const block of blocks) {
		lines.add(Buffer.from(block));
	}

	return lines;
};

const passed = (lines: RecentLines, ...blocks: string[]) => {
	const filter = new DuplicateFilter(lines.expectedDuplicates());
	const text = blocks.map(block => filter.removeDuplicates(Buffer.from(block)).toString()).join('');
	return {text, met: filter.foundLastLine, tail: filter.takeTail()?.toString() ?? null};
};

const a = `${stamp(1, 1)} a\n`;
const b = `${stamp(2, 1)} b\n`;
const c = `${stamp(2, 2)} c\n`;
const d = `${stamp(3, 1)} d\n`;

test('the resume starts at the second of the last line', t => {
	t.is(seen(a, b, c).since, Date.UTC(2026, 10, 24, 14, 0, 2) / 1000);
	t.is(seen(a, b, c).timestamp, stamp(2, 2));
	t.is(seen().since, null);
});

test('duplicates of the last second are removed, wherever the blocks are split', t => {
	for (let cut = 0; cut <= 3; cut++) {
		const lines = [b, c, d];
		t.deepEqual(passed(seen(a, b, c), lines.slice(0, cut).join(''), lines.slice(cut).join('')), {text: d, met: true, tail: null});
	}
});

const begun = `${stamp(1, 9)} begun and ended\n`;
const mebibytes6 = `${stamp(2, 1)} ${'x'.repeat(6 * 1024 * 1024)}`;
for (const [title, known, offered, text, met, tail = null] of [
	['equal lines with one timestamp are counted, not merged', [b, b], [b + b + b + d], b + d, true],
	['fewer equal lines than known are not the last line', [b, b, b], [b + b], '', false],
	['without the last line, continuity is not proven', [a, b, c], [d], d, false],
	['without the last line of several of its second, continuity is not proven', [a, b, c], [b + d], d, false],
	['the rest of an earlier line is a duplicate', [begun + b], [`and ended\n${b}${d}`], d, true],
	['an unknown rest of a line is kept when the last line is not found', [a, b], [`unknown\n${d}`], d, false, 'unknown\n'],
	['an unknown rest of a line is dropped when the last line is found', [a, b], [`unknown\n${b}${d}`], d, true],
	['text without a timestamp is no rest behind a line', [b, c], [`${b}no stamp\n${c}${d}`], `no stamp\n${d}`, true],
	['text without a timestamp is no rest in a later block', [b, c], [b, `no stamp\n${c}${d}`], `no stamp\n${d}`, true],
	['text without a timestamp is no rest behind a rest', [b, c], [`tail\nno stamp\n${b}${c}${d}`], `no stamp\n${d}`, true],
	['without the last line, a known rest of a line is dropped', [begun + b], [`and ended\n${d}`], d, false],
	['a known rest in the first of two blocks is dropped', [begun + b.repeat(300_000 / b.length), c], [`and ended\n${d}`], d, false],
	['nothing after the last second is a duplicate', [b, c], [d + b + c], d + b + c, false],
	['a line without its line feed equals the line with it', [b.trimEnd()], [b + d], d, true],
	[
		'long lines are compared to their last byte',
		[`${mebibytes6}\n`],
		[`${mebibytes6}\n${mebibytes6.slice(0, -1)}y\n`],
		`${mebibytes6.slice(0, -1)}y\n`,
		true,
	],
] as ReadonlyArray<[title: string, known: string[], offered: string[], text: string, met: boolean, tail?: string]>) {
	test(title, t => {
		t.deepEqual(passed(seen(...known), ...offered), {text, met, tail});
	});
}

test('lines before the start of a follow stay excluded after an interruption', t => {
	const lines = new RecentLines(true);
	lines.add(Buffer.from(c));
	t.is(passed(lines, b + c + d).text, d);
});

test('a line missing in the middle is emitted, however the follow started', t => {
	const e = `${stamp(2, 3)} e\n`;
	for (const beginsInside of [true, false]) {
		const lines = new RecentLines(beginsInside);
		lines.add(Buffer.from(b));
		lines.add(Buffer.from(e));
		t.deepEqual(passed(lines, b + c + e + d), {text: c + d, met: true, tail: null});
	}

	t.is(passed(seen(c), b + c + d).text, b + d, 'of a log that was read from its beginning, each missing line is emitted');
});

test('the start of the follow excludes nothing in later seconds', t => {
	const lines = new RecentLines(true);
	lines.add(Buffer.from(a + b));
	lines.add(Buffer.from(d));
	t.is(lines.expectedDuplicates().start, null);
});

test('a line without a timestamp is not a resume position', t => {
	t.is(seen('no stamp\n').since, null);
	const lines = seen(a + b, 'no stamp\n');
	t.is(lines.timestamp, stamp(2, 1));
	t.deepEqual(passed(lines, b + d), {text: d, met: true, tail: null});
	const inside = new RecentLines(true);
	inside.add(Buffer.from(`end of a line\n${b}`));
	t.is(inside.expectedDuplicates().start?.time, BigInt(Date.UTC(2026, 10, 24, 14, 0, 2)) * 1_000_000n + 1n);
});

test('text without a timestamp within a response is emitted once', t => {
	const lines = seen(b, c);
	const answer = `${b}no stamp\n${c}no stamp\n`;
	t.deepEqual(passed(lines, answer), {text: 'no stamp\nno stamp\n', met: true, tail: null});
	lines.add(Buffer.from('no stamp\nno stamp\n'));
	t.deepEqual(passed(lines, answer), {text: '', met: true, tail: null});
	t.is(passed(lines, `${answer}no stamp\n`).text, 'no stamp\n');
	t.is(passed(seen(a, 'no stamp\n', b), `${b}no stamp\n`).text, 'no stamp\n', 'one of an earlier second is not offered again');
});

test('a follow that started inside a line loses no line of the same instant', t => {
	const lines = new RecentLines(true);
	lines.add(Buffer.from(`${stamp(2, 2)} the end of a line\n${stamp(2, 2)} known\n`));
	const fresh = `${stamp(2, 2)} fresh\n${stamp(2, 1)} of the other stream\n`;
	t.deepEqual(passed(lines, `the end of a line\n${stamp(2, 2)} known\n${fresh}`), {text: fresh, met: true, tail: null});
});

test('an unknown rest of a line is emitted once', t => {
	const filter = new DuplicateFilter(seen(b).expectedDuplicates());
	filter.removeDuplicates(Buffer.from(`unknown\n${d}`));
	t.is(filter.takeTail()?.toString(), 'unknown\n');
	t.is(filter.takeTail(), null);
});

test('lines up to 4096 bytes are kept as they are, and longer ones differ by any byte', t => {
	for (const length of [4096, 4097]) {
		const line = (end: string) => `${stamp(2, 1)} ${'x'.repeat(length - stamp(2, 1).length - 2)}${end}\n`;
		t.deepEqual(passed(seen(line('x')), line('y') + line('x')), {text: line('y'), met: true, tail: null});
	}
});

test('when a second has more lines than are kept, its earlier lines are still duplicates', t => {
	const short = (text: string) => text.replaceAll(/x{9,}/g, '*');
	const mebibytes = (nanosecond: number, count = 1) => `${stamp(2, nanosecond)} ${'x'.repeat(count * 1024 * 1024 - 32)}\n`;
	const fresh = `${stamp(2, 101)} fresh\n`;
	t.true(seen(...Array.from({length: 7}, (_, index) => mebibytes(index))).expectedDuplicates().isComplete);
	for (const sent of [
		Array.from({length: 9}, (_, index) => mebibytes(index)),
		[mebibytes(0), mebibytes(1, 5), mebibytes(2, 2), mebibytes(3)],
		[mebibytes(0) + mebibytes(1, 9) + mebibytes(2)],
	]) {
		const lines = seen(...sent);
		t.false(lines.expectedDuplicates().isComplete);
		const {text, met} = passed(lines, ...sent, fresh);
		t.deepEqual({text: short(text), met}, {text: fresh, met: true});
		t.deepEqual(passed(lines, fresh), {text: fresh, met: false, tail: null}, 'nothing else is offered any more');
	}
});

test('a line that is too long to be kept is a possible duplicate', t => {
	const lines = seen(b, `${stamp(2, 2)} ${'x'.repeat(9 * 1024 * 1024)}\n`);
	t.like(lines.expectedDuplicates(), {isComplete: false, lastLine: null});
});

test('all duplicates of a large second are removed, each once', t => {
	const blocks = Array.from({length: 600}, (_, index) =>
		Array.from({length: 400}, (_, at) => `${stamp(2, index * 400 + at)} ${'much '.repeat(10)}${index} ${at}\n`).join(''),
	);
	t.true(blocks.join('').length > 18 * 1024 * 1024);
	const lines = seen(a, ...blocks);
	t.deepEqual(passed(lines, ...blocks, blocks[0]!, d), {text: blocks[0]! + d, met: true, tail: null});
	lines.add(Buffer.from(d));
	t.is(lines.expectedDuplicates().counts.size, 1);
});

test('lines of earlier seconds are dropped', t => {
	const lines = seen(
		...Array.from(
			{length: 1000},
			(_, index) => `2026-11-24T14:${String(Math.floor(index / 60)).padStart(2, '0')}:${String(index % 60).padStart(2, '0')}Z ${index}\n`,
		),
	);
	t.is(lines.expectedDuplicates().counts.size, 1);
	t.true(lines.expectedDuplicates().isComplete);
});

test('lines that reuse the memory of earlier ones are still found again', t => {
	const lines = new RecentLines();
	const second = (at: number) => Array.from({length: 40}, (_, index) => `${stamp(at, index)} ${String(at * index).repeat(30_000)}\n`);
	const blocks = [...second(1), ...second(2), ...second(3)];
	for (const block of blocks) {
		lines.add(Buffer.from(block));
	}

	const filter = new DuplicateFilter(lines.expectedDuplicates());
	for (const block of second(4)) {
		lines.add(Buffer.from(block));
	}

	const again = second(3).map(block => filter.removeDuplicates(Buffer.from(block)).length);
	t.deepEqual([...new Set(again)], [0]);
	t.true(filter.foundLastLine);
});

test('new lines in one piece are not copied, wherever duplicates surround them', t => {
	const early = `${stamp(2, 0)} early\n`;
	for (const answer of [b + d, early + b, early]) {
		const block = Buffer.from(answer);
		const newLines = new DuplicateFilter(seen(b).expectedDuplicates()).removeDuplicates(block);
		t.is(newLines.buffer, block.buffer);
		t.is(newLines.byteOffset - block.byteOffset, answer.startsWith(b) ? b.length : 0);
	}
});
