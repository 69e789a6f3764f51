import test from 'ava';
import {overwriteLine} from '../../source/commands/terminal-line.ts';

test('an overwritten line fits the terminal', t => {
	let written = '';
	const terminal = {
		isTTY: true,
		columns: 10,
		write(text: string) {
			written += text;
		},
	} as unknown as NodeJS.WriteStream;
	overwriteLine(terminal, '12 of 3000 nodes checked');
	t.is(written, '\r\u001B[K12 of 300');
});
