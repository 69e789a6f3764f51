/** Cells that are written to a terminal emulator. */
import test from 'ava';
import xterm from '@xterm/headless';
import {CellGrid} from '../../../source/session/kit/cell-grid.ts';

function onTerminal(columns = 10, rows = 3) {
	const emulator = new xterm.Terminal({cols: columns, rows, allowProposedApi: true});
	const grid = new CellGrid(columns, rows);
	return {
		grid,
		emulator,
		async show() {
			const changes = grid.takeChanges();
			await new Promise<void>(resolve => {
				emulator.write(changes, resolve);
			});
			return changes;
		},
		shown: () => Array.from({length: rows}, (_, row) => emulator.buffer.active.getLine(row)!.translateToString(true)),
	};
}

test('only changed cells are written', async t => {
	const {grid, show, shown} = onTerminal();
	grid.write(0, 0, 10, 'one two', '');
	await show();
	grid.write(0, 4, 10, 'TWO', '');
	t.is(await show(), ['\u001B[?2026h\u001B[?7l\u001B[1;5H', 'TWO', '\u001B[?7h\u001B[?2026l'].join(''));
	t.is(await show(), '');
	t.deepEqual(shown(), ['one TWO', '', '']);
});

test('an unchanged cell between two changed ones is written rather than skipped', async t => {
	const {grid, show} = onTerminal();
	grid.write(0, 0, 10, 'a-b', '');
	await show();
	grid.write(0, 0, 10, 'A-B', '');
	t.regex(await show(), /\[1;1HA-B/);
});

test('a row that became shorter is erased, without trailing blanks that would be copied', async t => {
	const {grid, show, shown} = onTerminal();
	grid.write(0, 0, 10, 'longer row', '');
	await show();
	grid.clear();
	grid.write(0, 0, 10, 'short', '');
	t.regex(await show(), /short\u001B\[1;6H\u001B\[K/);
	t.is(shown()[0], 'short');
});

test('a wide character that is half covered becomes a blank', async t => {
	const {grid, show, shown} = onTerminal();
	grid.write(0, 0, 10, '日本', '');
	await show();
	grid.write(0, 1, 2, 'x', '');
	await show();
	t.is(shown()[0], ' x本');
	grid.write(0, 2, 3, 'y', '');
	await show();
	t.is(shown()[0], ' xy');
});

test('text after a character of uncertain width is positioned again', async t => {
	const {grid, show} = onTerminal();
	grid.write(0, 0, 10, '日x', '');
	t.regex(await show(), /日\u001B\[3Gx/);
});

test('text ends at its limit and at the edge, and a wide character is never split', t => {
	const {grid} = onTerminal();
	t.is(grid.write(0, 8, 99, 'abc', ''), 10);
	t.is(grid.write(1, 0, 3, '日本', ''), 2);
	t.is(grid.write(7, 0, 3, 'abc', ''), 0);
});

test('colors are set where they change and reset at the end', async t => {
	const {grid, show, emulator} = onTerminal();
	grid.write(0, 0, 10, 'red', '31');
	grid.write(0, 3, 10, 'plain', '');
	grid.shade(0, 0, 10, '7');
	t.regex(await show(), /\u001B\[0;7m(?:red)(?:plain) {2}\u001B\[m/);
	t.true(Boolean(emulator.buffer.active.getLine(0)!.getCell(9)!.isInverse()));
});

test('an inverse row has one color, and keeps what is bold or underlined', async t => {
	const {grid, show, emulator} = onTerminal(20);
	const parts = ['31', '2', '1;4;95', '38;5;1;9', '48;2;1;4;7'];
	for (const [index, sgr] of parts.entries()) {
		grid.write(0, index, 20, 'x', sgr);
	}

	grid.shade(0, 0, 20, '7');
	t.regex(await show(), /\u001B\[0;7m(?:xx)\u001B\[0;7;1;4mx\u001B\[0;7;9mx\u001B\[0;7mx/);
	const cells = Array.from({length: 20}, (_, column) => emulator.buffer.active.getLine(0)!.getCell(column)!);
	t.true(cells.every(cell => Boolean(cell.isInverse()) && cell.isFgDefault() && cell.isBgDefault() && !cell.isDim()));
	grid.write(1, 0, 20, 'red', '31');
	grid.shade(1, 0, 20, '48;5;238');
	t.regex(await show(), /\u001B\[0;48;5;238;31mred/);
});

test('control characters never reach the terminal', async t => {
	const {grid, show} = onTerminal();
	grid.write(0, 0, 10, 'a\u001B[2Jb\n', '');
	t.notRegex(await show(), /\u001B\[2J|\n/);
});

test('after another program wrote to the terminal, every cell is written again', async t => {
	const {grid, show, shown, emulator} = onTerminal();
	grid.write(0, 0, 10, 'ours', '');
	await show();
	emulator.write(['\u001B[1;1H', 'foreign', '\u001B[3;1H', 'text'].join(''));
	grid.forget();
	await show();
	t.deepEqual(shown(), ['ours', '', '']);
});
