/** Keys from split terminal input. */
import test from 'ava';
import {createKeyDecoder, type KeyInput} from '../../../source/session/keymap/decode-keys.ts';

const cases: ReadonlyArray<readonly [bytes: string, keys: readonly string[]]> = [
	['jjj', ['j', 'j', 'j']],
	['/err\r', ['/', 'e', 'r', 'r', 'enter']],
	['\u001Dd', ['ctrl+]', 'd']],
	['\u001B[A\u001B[B\u001BOA', ['up', 'down', 'up']],
	['\u001B[5~\u001B[6~\u001B[1~\u001B[4~\u001B[H\u001B[F', ['pgup', 'pgdn', 'home', 'end', 'home', 'end']],
	['\u001B[1;5C\u001B[1;2A\u001B[Z', ['ctrl+right', 'shift+up', 'shift+tab']],
	['\u001BOP\u001B[15~\u001B[24~', ['f1', 'f5', 'f12']],
	['\u0003\u001A\u007F\u0008\t', ['ctrl+c', 'ctrl+z', 'backspace', 'backspace', 'tab']],
	['é好 ', ['é', '好', 'space']],
	['\u001Bx', ['alt+x']],
	['\u001B\u001B[A', ['esc', 'up']],
	['\u001B[<0;10;20Mj\u001B[<0;10;20m', ['press 0 at 9,19', 'j', 'release 0 at 9,19']],
	['\u001B[<65;223;1M\u001B[<64;223;1M', ['press 65 at 222,0', 'press 64 at 222,0']],
	['\u001B[M ,4j\u001B[M#,4k', ['press 0 at 11,19', 'j', 'release 3 at 11,19', 'k']],
	['\u001B]11;rgb:0000/0000/0000\u0007k', ['report:11;rgb:0000/0000/0000', 'k']],
	['\u001B]11;rgb:ffff/ffff/ffff\u001B\\k', ['report:11;rgb:ffff/ffff/ffff', 'k']],
	['\u001B[?62;22cq', ['q']],
	['\u001B[200~rm -rf\rx\u001B[201~j', ['paste:rm -rf\rx', 'j']],
];

for (const [bytes, keys] of cases) {
	test(`${JSON.stringify(bytes)} decodes to ${keys.join(' ')}, whole and split at every byte`, t => {
		const whole = Buffer.from(bytes);
		t.deepEqual(shown(createKeyDecoder().decode(whole)), keys);
		for (let cut = 1; cut < whole.length; cut++) {
			// Only `flush` decides that a trailing escape byte is Esc.
			const decoder = createKeyDecoder();
			t.deepEqual(shown([...decoder.decode(whole.subarray(0, cut)), ...decoder.decode(whole.subarray(cut))]), keys, `split at ${cut}`);
		}
	});
}

test('a lone escape byte waits, and is Esc when flushed', t => {
	const decoder = createKeyDecoder();
	t.deepEqual(decoder.decode(Buffer.from('\u001B')), []);
	t.true(decoder.isWaiting);
	t.deepEqual(shown(decoder.flush()), ['esc']);
	t.false(decoder.isWaiting);
});

test('an incomplete sequence becomes keys when flushed', t => {
	const decoder = createKeyDecoder();
	t.deepEqual(decoder.decode(Buffer.from('\u001B[')), []);
	t.deepEqual(shown(decoder.flush()), ['alt+[']);
});

test('a mouse report that is flushed halfway does not become keys', t => {
	const whole = Buffer.from('\u001B[<64;12;7Mj');
	for (let cut = 3; cut < whole.length; cut++) {
		const decoder = createKeyDecoder();
		t.deepEqual(
			shown([...decoder.decode(whole.subarray(0, cut)), ...decoder.flush(), ...decoder.decode(whole.subarray(cut))]),
			['press 64 at 11,6', 'j'],
			`split at ${cut}`,
		);
	}
});

function shown(inputs: readonly KeyInput[]): string[] {
	return inputs.map(input => {
		if ('mouse' in input) {
			const {code, column, row, isRelease} = input.mouse;
			return `${isRelease ? 'release' : 'press'} ${code} at ${column},${row}`;
		}

		return 'key' in input ? input.key : 'paste' in input ? `paste:${input.paste}` : `report:${input.report}`;
	});
}
