/** Painting of changed rows. */
import test from 'ava';
import xterm from '@xterm/headless';
import {RowPainter} from '../../../source/session/kit/row-painter.ts';

function screen(columns = 10, rows = 4) {
	const emulator = new xterm.Terminal({cols: columns, rows, allowProposedApi: true});
	const writes: string[] = [];
	const painter = new RowPainter(text => {
		writes.push(text);
		emulator.write(text);
	});
	return {
		painter,
		writes,
		emulator,
		async shown(trim = false) {
			await new Promise<void>(resolve => {
				emulator.write('', resolve);
			});
			return Array.from({length: rows}, (_, row) => emulator.buffer.active.getLine(row)!.translateToString(trim));
		},
	};
}

const rows = (...texts: string[]) => texts.map(text => text.padEnd(10));

test('only changed rows are written, and the cursor does not move', async t => {
	const {painter, writes, shown, emulator} = screen();
	emulator.write('\u001B[3;4H');
	painter.set('main', {top: 0, left: 0, rows: rows('one', 'two', 'three'), floats: false});
	painter.flush();
	painter.set('main', {top: 0, left: 0, rows: rows('one', 'TWO', 'three'), floats: false});
	painter.flush();
	painter.flush();
	t.is(writes.length, 2);
	t.notRegex(writes[1]!, /one|three/);
	t.deepEqual(await shown(true), ['one', 'TWO', 'three', '']);
	t.deepEqual([emulator.buffer.active.cursorX, emulator.buffer.active.cursorY], [3, 2]);
});

test('a shorter row replaces a longer one without trailing blanks', async t => {
	const {painter, shown} = screen();
	painter.set('main', {top: 0, left: 0, rows: rows('longer row'), floats: false});
	painter.flush();
	painter.set('main', {top: 0, left: 0, rows: rows('short'), floats: false});
	painter.flush();
	t.is((await shown(true))[0], 'short');
});

test('a floating region covers rows, which return when it is deleted', async t => {
	const {painter, shown} = screen();
	painter.set('box', {top: 1, left: 2, rows: ['[  ]'], floats: true});
	painter.set('main', {top: 0, left: 0, rows: rows('aaaaaaaaaa', 'bbbbbbbbbb'), floats: false});
	painter.flush();
	t.deepEqual((await shown()).slice(0, 2), ['aaaaaaaaaa', 'bb[  ]bbbb']);
	painter.delete('box');
	painter.flush();
	t.deepEqual((await shown()).slice(0, 2), ['aaaaaaaaaa', 'bbbbbbbbbb']);
});

test('all rows are rewritten after forget, and none while suspended', async t => {
	const {painter, writes, emulator, shown} = screen();
	painter.set('main', {top: 0, left: 0, rows: rows('one', 'two'), floats: false});
	painter.flush();
	emulator.write('\u001B[2J');
	painter.suspend();
	painter.flush();
	t.is(writes.length, 1);
	painter.resume();
	painter.flush();
	t.deepEqual((await shown(true)).slice(0, 2), ['one', 'two']);
});

test('a row that is wider than calculated does not wrap', async t => {
	const {painter, shown} = screen();
	painter.set('main', {top: 0, left: 0, rows: ['0123456789abc', 'next row  '], floats: false});
	painter.flush();
	t.is((await shown(true))[1], 'next row');
});
