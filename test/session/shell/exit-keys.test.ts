/** Keys after a shell. */
import test from 'ava';
import type {ActionId} from '../../../source/actions/action-table.ts';
import {ExitKeys, type ExitChoice} from '../../../source/session/shell/exit-keys.ts';
import {loadKeymap} from '../../../source/keymap/load-keymap.ts';

const {keymap} = await loadKeymap({});
const cases: ReadonlyArray<readonly [typed: string, canRerun: boolean, then: ExitChoice]> = [
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
for (const [typed, canRerun, then] of cases) {
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
