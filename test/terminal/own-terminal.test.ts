/** The person's terminal is given back whole, whoever had it. */
import {PassThrough} from 'node:stream';
import test from 'ava';
import {OwnTerminal} from '../../source/terminal/own-terminal.ts';
import {fakeScreen} from '../support/fake-screen.ts';

test('a rescue undoes what a remote program did that was cut: mouse, keys, screen, cursor, colours', async t => {
	const screen = fakeScreen();
	const before = screen.state();
	let written = '';
	const stdout = Object.assign(new PassThrough(), {write(text: string) {
		written += text;
		return true;
	}}) as unknown as NodeJS.WriteStream;
	const stdin = Object.assign(new PassThrough(), {setRawMode() {}}) as unknown as NodeJS.ReadStream;
	const terminal = new OwnTerminal({stdin, stdout});
	terminal.start(() => {});
	await screen.write(`${written}\u001B[?1049h\u001B[?1h\u001B=\u001B[?1002h\u001B[?1003h\u001B[?1006h\u001B[?1004h\u001B[?25l\u001B[31m`);
	written = '';
	terminal.rescue();
	terminal.stop();
	await screen.write(written);
	t.deepEqual(screen.state(), before);
});
