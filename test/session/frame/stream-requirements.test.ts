/** `:require` and the policy in the session. */
import test from 'ava';
import {ephemeralContainers, podsOf} from '../../support/sandbox-client.ts';
import {onSandbox} from '../../support/sandbox-session.ts';

test(':require is shown in the header, and a tail that does not meet it does not open', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w/);
	terminal.press('palette.open');
	await terminal.sees(/Commands/);
	terminal.type('require verified');
	terminal.press('accept');
	await terminal.sees(/spoke .*SANDBOX.*requires verified/);
	terminal.press('palette.open');
	await terminal.sees(/Commands/);
	terminal.type('tail deploy/web');
	terminal.press('accept');
	await terminal.sees(/requirement not met: verified/);
	terminal.press('why');
	await terminal.sees(/Why├ logs deploy\/web(?:, 2 pods)?[─ ]*ended connection, no stream opened/);
	terminal.press('view.back', 'view.back', 'palette.open');
	await terminal.sees(/Commands/);
	terminal.type('require protected');
	terminal.press('accept');
	await terminal.sees(/every later stream must also be protected, proven/);
});

test('a debug container is not added for an attach that does not meet :require', async t => {
	const {terminal, sandbox} = await onSandbox(t);
	await terminal.sees(/toolbox-/);
	terminal.press('palette.open');
	await terminal.sees(/Commands/);
	terminal.type('require verified');
	terminal.press('accept');
	await terminal.sees(/requires verified/);
	terminal.type('/toolbox\r');
	terminal.press('debug');
	await terminal.sees(/spoke debug -n default toolbox-/);
	terminal.press('accept');
	await terminal.sees(/It cannot be removed from the pod/);
	terminal.press('confirm.yes');
	await terminal.sees(/requirement not met: verified/);
	const [pod] = await podsOf(sandbox, 'toolbox');
	t.deepEqual(await ephemeralContainers(sandbox, pod!), []);
});
