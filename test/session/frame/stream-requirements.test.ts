/** `:require` and the policy in the session. */
import test from 'ava';
import {ephemeralContainers, podsOf} from '../../support/sandbox-client.ts';
import {onSandbox} from '../../support/sandbox-session.ts';
import {addDebugContainer, runPaletteCommand} from '../../support/session-steps.ts';

test(':require is shown in the header, and a tail that does not meet it does not open', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w/);
	await runPaletteCommand(terminal, 'require verified');
	await terminal.sees(/spoke .*SANDBOX.*requires verified/);
	await runPaletteCommand(terminal, 'tail deploy/web');
	await terminal.sees(/requirement not met: verified/);
	terminal.press('why');
	await terminal.sees(/Why├ logs deploy\/web(?:, 2 pods)?[─ ]*ended connection, no stream opened/);
	terminal.press('view.back', 'view.back');
	await runPaletteCommand(terminal, 'require protected');
	await terminal.sees(/every later stream must also be protected, proven/);
});

test('a debug container is not added for an attach that does not meet :require', async t => {
	const {terminal, sandbox} = await onSandbox(t);
	await terminal.sees(/toolbox-/);
	await runPaletteCommand(terminal, 'require verified');
	await terminal.sees(/requires verified/);
	terminal.type('/toolbox\r');
	await addDebugContainer(terminal, 'toolbox');
	await terminal.sees(/requirement not met: verified/);
	const [pod] = await podsOf(sandbox, 'toolbox');
	t.deepEqual(await ephemeralContainers(sandbox, pod!), []);
});
