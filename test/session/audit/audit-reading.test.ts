/** When the audit view reads the audit. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';

test('`:audit` typed in a tail reads the audit', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/api-\w+-\w+ +1\/1 +Running/);
	terminal.press('logs');
	await terminal.sees(/┤Tail /);
	terminal.press('palette.open');
	await terminal.sees(/Commands ─/);
	terminal.type('audit\r');
	await terminal.sees(/kubelet certificate/);
	t.notRegex(terminal.text(), /not read yet/);
});

test('what a row needs names the key of the route test, not a flag', async t => {
	const {terminal} = await onSandbox(t, [], {user: 'bob', rows: 50, columns: 120});
	await terminal.sees(/web-\w+-\w+/);
	terminal.press('view.audit');
	await terminal.sees(/needs +get nonResourceURL \/flagz, or the test \(t\)/);
	t.notRegex(terminal.text(), /--probe active/);
});
