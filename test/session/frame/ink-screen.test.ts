/** Frames of Ink's tree on a terminal that is lent in between. */
import {PassThrough} from 'node:stream';
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {InkScreen, Announcements} from '../../../source/session/frame/ink-screen.ts';
import {emptySession, type Message, type SessionState} from '../../../source/session/frame/session-state.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {plainTheme, readerGlyphs} from '../../../source/session/kit/theme.ts';

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

const message = (text: string, role: Message['role'] = 'plain'): Message => ({time: 0, text, role, hint: ''});

test('each message is announced once', t => {
	const announcements = new Announcements();
	const one = [message('a')];
	t.is(announcements.take(one, 0), 'a');
	t.is(announcements.take(one, 5000), null);
});

test('messages within a second are combined: the worst one, and the number of the others', t => {
	const announcements = new Announcements();
	const messages = [message('a')];
	announcements.take(messages, 0);
	messages.push(message('b'), message('broken', 'error'), message('c', 'warn'));
	t.is(announcements.take(messages, 900), null);
	t.is(announcements.take(messages, 1000), 'broken; 2 more in the messages');
});

test('dropped messages do not make old ones new', t => {
	const announcements = new Announcements();
	const messages = [message('a'), message('b')];
	t.is(announcements.take(messages, 0), 'b; 1 more in the messages');
	t.is(announcements.take([...messages.slice(1), message('c')], 2000), 'c');
});

function openScreen() {
	const cluster = {...clusterState(null), context: 'lab', namespace: 'shop'};
	let state = emptySession(cluster, {columns: 80, rows: 24}, 0, {hasScreenReader: true});
	let written = '';
	const stdout = Object.assign(new PassThrough(), {columns: 80, rows: 24, isTTY: true}) as unknown as NodeJS.WriteStream;
	stdout.on('data', (bytes: Buffer) => {
		written += bytes.toString();
	});
	const screen = new InkScreen(
		{stdout, stdin: new PassThrough() as unknown as NodeJS.ReadStream},
		{hasMouse: false, hasScreenReader: true, onListRows() {}, onPageRows() {}},
	);
	return {
		screen,
		/** Draws the changed state, and returns what was written. */
		draw(change: Partial<SessionState>) {
			state = {...state, ...change};
			written = '';
			screen.draw({state, theme: {...plainTheme, glyphs: readerGlyphs}, keymap: new Map(), hints: []});
			return written;
		},
	};
}

test('only changed lines are written, and none of an unchanged screen', async t => {
	const {screen, draw} = openScreen();
	t.regex(draw({}), /lab, shop\.\r\ntab: Pods\r\nreading/);
	t.is(draw({now: 1000}), '');
	const changed = draw({view: 'nodes'});
	t.regex(changed, /tab: Nodes/);
	t.notRegex(changed, /lab|reading/);
	await screen.close();
});

test('a message is written once, above the lines of the screen', async t => {
	const {screen, draw} = openScreen();
	draw({});
	t.regex(draw({messages: [message('resumed')]}), /resumed\r\nlab, shop\.\r\ntab: Pods/);
	t.notRegex(draw({view: 'nodes'}), /resumed/);
	await screen.close();
});

test('names of the cluster cannot move the cursor', async t => {
	const {screen, draw} = openScreen();
	const cluster = {...clusterState(null), context: 'l\u001B[2Jab', namespace: 'shop'};
	t.regex(draw({cluster}), /l\^\[\[2Jab, shop\./);
	await screen.close();
});

test('after the terminal was lent, the next drawing writes all lines', async t => {
	const {screen, draw} = openScreen();
	draw({});
	await screen.suspended(async () => {
		t.is(draw({view: 'nodes'}), '');
	});
	t.regex(draw({}), /lab, shop\.\r\ntab: Nodes\r\nreading/);
	await screen.close();
});
