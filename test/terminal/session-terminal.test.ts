/** The person's terminal is given back whole, whoever had it. */
import {closeSync, openSync} from 'node:fs';
import {PassThrough} from 'node:stream';
import test from 'ava';
import {SessionTerminal} from '../../source/terminal/session-terminal.ts';
import {fakeScreen} from '../support/fake-screen.ts';

test('a rescue undoes what a remote program did that was cut: mouse, keys, screen, cursor, colours', async t => {
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
	test(`a terminal that was given back stays so when ${who} ends later than the session`, async t => {
		const said: string[] = [];
		const stdout = Object.assign(new PassThrough(), {
			write(text: string) {
				said.push(text);
				return true;
			},
		}) as unknown as NodeJS.WriteStream;
		// What has no settings, for the program that sets them.
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
