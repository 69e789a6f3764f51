/** Frames of Ink's tree on a terminal that is lent in between. */
import {PassThrough} from 'node:stream';
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {InkScreen} from '../../../source/session/frame/ink-screen.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';

test('after the terminal was lent, only the next drawing writes rows, and all of them', async t => {
	const size = {columns: 60, rows: 12};
	let written = '';
	const stdout = Object.assign(new PassThrough(), {...size, isTTY: true}) as unknown as NodeJS.WriteStream;
	stdout.on('data', (chunk: Buffer) => {
		written += chunk.toString();
	});
	const stdin = new PassThrough() as unknown as NodeJS.ReadStream;
	const screen = new InkScreen({stdout, stdin}, {hasMouse: false, hasScreenReader: false, onListRows() {}, onPageRows() {}});
	const input: ScreenInput = {
		state: emptySession(clusterState(null), size, 0),
		theme: plainTheme,
		keymap: new Map(),
		hints: [],
	};
	screen.draw(input);
	t.regex(written, /reading/);
	const result = await screen.suspended(async () => {
		written = '';
		screen.draw(input);
		t.is(written, '');
		return 'done';
	});
	t.is(result, 'done');
	t.is(written, '\u001B[?1049h\u001B[?25l');
	screen.draw(input);
	t.regex(written, /Pods[\s\S]*reading/);
	await screen.close();
});
