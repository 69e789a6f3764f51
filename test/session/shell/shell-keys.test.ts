/** Detach sequences in a remote shell. */
import test from 'ava';
import type {ActionId} from '../../../source/session/actions/action-table.ts';
import {loadKeymap} from '../../../source/session/keymap/load-keymap.ts';
import {ExitKeys, LineEditor, ShellKeys, type ExitChoice, type InputPart} from '../../../source/session/shell/shell-keys.ts';

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

const exitCases: ReadonlyArray<readonly [typed: string, canRerun: boolean, then: ExitChoice]> = [
	['w', false, 'why'],
	['x', false, 'back'],
	['\r', false, 'back'],
	['\u001B', false, 'back'],
	['\u001B[A', false, 'back'],
	['r', false, 'back'],
	['r', true, 'rerun'],
	['w', true, 'why'],
	['\u001B[200~r\u001B[201~', true, 'back'],
];
for (const [typed, canRerun, then] of exitCases) {
	test(`${JSON.stringify(typed)}${canRerun ? ' after a lost shell' : ''} leads to ${then}`, async t => {
		const keys = new ExitKeys(keymap);
		keys.hintLine('the pods', {canRerun});
		const next = keys.next({ignoreInputMs: 0});
		keys.feed(Buffer.from(typed));
		t.is(await next, then);
	});
}

test('a late terminal report and an early key are ignored', async t => {
	const keys = new ExitKeys(keymap);
	t.is(keys.hintLine('the tail', {canRerun: true}), 'r: new shell  w: why this path  any other key: back to the tail');
	let isDone = false;
	const next = keys.next({ignoreInputMs: 50}).then(then => {
		isDone = true;
		return then;
	});
	keys.feed(Buffer.from('ls\r'));
	await new Promise(resolve => {
		setTimeout(resolve, 80);
	});
	keys.feed(Buffer.from('\u001B]11;rgb:0000/0000/0000\u001B\\'));
	await new Promise(resolve => {
		setTimeout(resolve, 20);
	});
	t.false(isDone);
	keys.feed(Buffer.from('w'));
	t.is(await next, 'why');
});

const viewActions: ReadonlyArray<readonly [typed: string, action: ActionId | null]> = [
	['2', 'view.workloads'],
	[':', 'palette.open'],
	['j', 'move.down'],
	['\u001B', null],
	['q', null],
	['\r', null],
	['s', null],
];
for (const [typed, action] of viewActions) {
	test(`${JSON.stringify(typed)} that leads back is ${action ?? 'no action'} in the pods`, async t => {
		const keys = new ExitKeys(keymap);
		const next = keys.next({ignoreInputMs: 0});
		keys.feed(Buffer.from(typed));
		t.is(await next, 'back');
		t.is(keys.viewAction('pods'), action);
	});
}

const lineCases: ReadonlyArray<
	readonly [title: string, typed: string, send: string, echo: string, more?: {isEnd?: true; isInterrupt?: true}]
> = [
	['Enter sends the line', 'hi\r', 'hi\n', 'hi\r\n'],
	['an incomplete line is not sent', 'hi', '', 'hi'],
	['erased characters are not sent', 'helllo\u007F\bo\r', 'hello\n', 'helllo\b \b\b \bo\r\n'],
	['erasing stops at the start of the line', '\u007F\r', '\n', '\r\n'],
	['Ctrl-U drops the line', 'rm x\u0015ls\r', 'ls\n', 'rm x\b \b\b \b\b \b\b \bls\r\n'],
	['a character of several bytes is erased as one', '\u00E9\u{1F389}\u007F\r', '\u00E9\n', '\u00E9\u{1F389}\b \b\r\n'],
	['arrow keys are ignored', 'a\u001B[A\u001BOBb\r', 'ab\n', 'ab\r\n'],
	['Ctrl-D in a line sends it', 'ab\u0004', 'ab', 'ab'],
	['Ctrl-D on an empty line ends the input', '\u0004', '', '', {isEnd: true}],
	['Ctrl-C is an interrupt', 'a\u0003', '', 'a', {isInterrupt: true}],
];
for (const [title, typed, send, echo, more] of lineCases) {
	test(title, t => {
		t.deepEqual(new LineEditor().feed(Buffer.from(typed)), {send, echo, isEnd: false, isInterrupt: false, ...more});
	});
}

test('a character in split bytes is one character', t => {
	const typing = new LineEditor();
	const bytes = Buffer.from('\u00E9');
	t.is(typing.feed(bytes.subarray(0, 1)).echo, '');
	t.is(typing.feed(bytes.subarray(1)).echo, '\u00E9');
});
