/** `:require` and the policy in the session. */
import test from 'ava';
import {sessionOnOwnSandbox, sessionOnSandbox} from '../../support/open-session.ts';
import {ephemeralContainers, podsOf} from '../../support/sandbox-client.ts';
import {addDebugContainer, runPaletteCommand} from '../../support/session-steps.ts';

test(':require is shown in the header, and a tail that does not meet it does not open', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w/);
	await runPaletteCommand(session, 'require verified');
	await session.sees(/spoke .*SANDBOX.*requires verified/);
	await runPaletteCommand(session, 'tail deploy/web');
	await session.sees(/requirement not met: verified/);
	session.press('why');
	await session.sees(/Why├ logs deploy\/web(?:, 2 pods)?[─ ]*ended connection, no stream opened/);
	session.press('view.back', 'view.back');
	await runPaletteCommand(session, 'require protected');
	await session.sees(/every later stream must also be protected, proven/);
});

test('a debug container is not added for an attach that does not meet :require', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t);
	await session.sees(/toolbox-/);
	await runPaletteCommand(session, 'require verified');
	await session.sees(/requires verified/);
	session.type('/toolbox\r');
	await addDebugContainer(session, 'toolbox');
	await session.sees(/requirement not met: verified/);
	const [pod] = await podsOf(sandbox, 'toolbox');
	t.deepEqual(await ephemeralContainers(sandbox, pod!), []);
});
