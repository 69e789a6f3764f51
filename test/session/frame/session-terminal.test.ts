/** Restoration of the terminal. */
import {closeSync, openSync} from 'node:fs';
import {PassThrough} from 'node:stream';
import test from 'ava';
import {copyToClipboard, SessionTerminal} from '../../../source/session/frame/session-terminal.ts';
import type {Session} from '../../../source/session/frame/session.ts';
import {fakeScreen} from '../../support/fake-screen.ts';
import {hostileTexts} from '../../support/hostile-text.ts';

test('a reset restores mouse, keys, screen, cursor and colors', async t => {
	const screen = fakeScreen();
	const before = screen.state();
	let written = '';
	const stdout = Object.assign(new PassThrough(), {
		write(text: string) {
			written += text;
			return true;
		},
	}) as unknown as NodeJS.WriteStream;
	const stdin = Object.assign(new PassThrough(), {setRawMode() {}}) as unknown as NodeJS.ReadStream;
	const terminal = new SessionTerminal({stdin, stdout});
	terminal.start(() => {});
	await screen.write(`${written}\u001B[?1049h\u001B[?1h\u001B=\u001B[?1002h\u001B[?1003h\u001B[?1006h\u001B[?1004h\u001B[?25l\u001B[31m`);
	written = '';
	terminal.reset();
	terminal.stop();
	await screen.write(written);
	t.deepEqual(screen.state(), before);
});

for (const [who, give] of [
	['a pager', async (terminal: SessionTerminal, work: () => Promise<void>) => terminal.handOff(work)],
	['a remote shell', async (terminal: SessionTerminal, work: () => Promise<void>) => terminal.lend(() => {}, work)],
] as const) {
	test(`a stopped terminal is not changed when ${who} ends later`, async t => {
		const said: string[] = [];
		const stdout = Object.assign(new PassThrough(), {
			write(text: string) {
				said.push(text);
				return true;
			},
		}) as unknown as NodeJS.WriteStream;
		// A file without terminal settings, for stty.
		const fd = openSync('/dev/null', 'r');
		t.teardown(() => {
			closeSync(fd);
		});
		const stdin = Object.assign(new PassThrough(), {
			fd,
			setRawMode(isRaw: boolean) {
				said.push(isRaw ? 'raw' : 'cooked');
			},
		}) as unknown as NodeJS.ReadStream;
		const terminal = new SessionTerminal({stdin, stdout});
		terminal.start(() => {});
		const {promise, resolve} = Promise.withResolvers<void>();
		const given = give(terminal, async () => promise);
		terminal.stop();
		said.length = 0;
		resolve();
		await given;
		t.deepEqual(
			said.filter(text => text !== 'cooked'),
			[],
		);
		t.is(stdin.listenerCount('data'), 0);
	});
}

test('a remote shell receives mouse reports untouched', async t => {
	const stdout = Object.assign(new PassThrough(), {write: () => true}) as unknown as NodeJS.WriteStream;
	const fd = openSync('/dev/null', 'r');
	t.teardown(() => {
		closeSync(fd);
	});
	const stdin = Object.assign(new PassThrough(), {fd, setRawMode() {}}) as unknown as NodeJS.ReadStream;
	const terminal = new SessionTerminal({stdin, stdout});
	terminal.start(() => {
		t.fail();
	});
	const received: Buffer[] = [];
	const report = Buffer.from('\u001B[<0;10;4M\u001B[M ++');
	await terminal.lend(
		bytes => received.push(bytes),
		async () => {
			stdin.emit('data', report);
		},
	);
	terminal.stop();
	t.deepEqual(received, [report]);
});

function copied(text: string): string {
	let written = '';
	copyToClipboard(
		{
			env: {},
			showMessage() {},
			terminal: {
				stdout: {
					write(bytes: string) {
						written += bytes;
					},
				},
			},
		} as unknown as Pick<Session, 'terminal' | 'env' | 'showMessage'>,
		text,
		'it',
	);
	return Buffer.from(/^\u001B\]52;c;(?<coded>[\w+/=]*)\u0007$/.exec(written)!.groups!['coded']!, 'base64').toString('utf8');
}

test('copied cluster text cannot end a paste and continue as typed input', t => {
	t.is(copied('a\u001B[201~\u0003\nid\n'), 'a^[[201~^C\nid\n');
	for (const [name, bytes] of hostileTexts()) {
		t.notRegex(copied(bytes.toString('utf8')), /[\u0000-\u0008\v\f\u000E-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/, name);
	}
});

test('harmless text is copied unchanged', t => {
	const text = "kubectl get pods -n 'a b' # über\n\tzwei\n";
	t.is(copied(text), text);
});
