/** Levels of lines that continue a message. */
import test from 'ava';
import {LevelInheritance, levelOf} from '../../../source/base/lines/line-level.ts';

const levels = (...lines: ReadonlyArray<readonly [source: string, time: number, text: string]>) => {
	const inheritance = new LevelInheritance<string>();
	return lines.map(([source, time, text]) => inheritance.levelOf(source, levelOf(Buffer.from(text)), time, Buffer.from(text)[0]));
};

test('a line without a level has that of the line before it in the same source', t => {
	t.deepEqual(
		levels(
			['a', 0, 'ERROR failed'],
			['b', 1, 'INFO fine'],
			['a', 2, '  at main.ts:3'],
			['b', 3, 'still fine'],
			['a', 4, ''],
			['a', 5, '  at run.ts:9'],
		),
		[4, 2, 4, 2, 4, 4],
	);
});

test('a line without a level counts as info after a pause of more than 200 ms', t => {
	t.deepEqual(levels(['a', 0, 'ERROR failed'], ['a', 200, '  at main.ts:3'], ['a', 401, 'next']), [4, 4, 2]);
});

test('a JSON object without a level counts as info, wherever it is', t => {
	t.deepEqual(levels(['a', 0, 'ERROR failed'], ['a', 1, '{"msg":"next"}']), [4, 2]);
});

test('the first line counts as info if it names no level', t => {
	t.deepEqual(levels(['a', 0, 'starting']), [2]);
});
