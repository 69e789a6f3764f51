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
