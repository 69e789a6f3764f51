/** Detach sequences in a remote shell. */
import test from 'ava';
import {ShellKeys, type InputPart} from '../../../source/session/shell/shell-keys.ts';
import {loadKeymap} from '../../../source/keymap/load-keymap.ts';

const {keymap} = await loadKeymap({});
const cases: ReadonlyArray<readonly [string, string]> = [
	['ls\r', 'ls\r'],
	['\u0003\u0010\u0011', '\u0003\u0010\u0011'],
	['a\u001Dd', 'a[detach]'],
	['\u001D\u001D', '\u001D'],
	['\u001Dx', '\u001Dx'],
	['\u001Dw', '[path]'],
	['\u001Bq\u001D\u001Dd', '\u001Bq\u001Dd'],
];
for (const [typed, expected] of cases) {
	test(`typed ${JSON.stringify(typed)} becomes ${JSON.stringify(expected)}, however it is split`, t => {
		const bytes = Buffer.from(typed);
		for (let cut = 0; cut <= bytes.length; cut++) {
			const keys = new ShellKeys(keymap);
			t.is(told([...keys.feed(bytes.subarray(0, cut)), ...keys.feed(bytes.subarray(cut))]), expected, `cut at ${cut}`);
		}
	});
}

test('binary bytes pass unchanged', t => {
	const all = Buffer.from(Array.from({length: 256}, (_, index) => index).filter(byte => byte !== 0x1d));
	t.deepEqual(Buffer.concat(new ShellKeys(keymap).feed(all).map(part => (part.kind === 'pass' ? part.bytes : Buffer.alloc(0)))), all);
});

test('the detach keys work after a large paste', t => {
	const keys = new ShellKeys(keymap);
	const piece = Buffer.alloc(4096, 'what was pasted\n');
	const began = performance.now();
	for (let pieces = 0; pieces < 1024; pieces++) {
		keys.feed(piece);
	}

	t.is(told(keys.feed(Buffer.from('\u001Dd'))), '[detach]');
	t.true(performance.now() - began < 10_000, `${performance.now() - began} ms for 4 MiB`);
});

function told(parts: readonly InputPart[]): string {
	return parts.map(part => (part.kind === 'pass' ? part.bytes.toString() : `[${part.kind}]`)).join('');
}
