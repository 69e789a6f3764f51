/** The prompt of a new forward. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';

test('a kind typed after the suggested one replaces it, and a mistake keeps the prompt open', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 120});
	await terminal.sees(/Running/);
	terminal.press('view.forwards');
	await terminal.sees(/┤5 Forwards/);
	terminal.press('forwards/forward');
	await terminal.sees(/forward svc\//);
	terminal.type('svc/web 0:80 90:90\r');
	await terminal.sees(/type TARGET \[LOCAL:\]PORT, without 90:90/);
	for (let count = 0; count < 6; count++) {
		terminal.press('erase');
	}

	terminal.press('accept');
	await terminal.sees(/svc\/web +.*:80|svc\/web:80/);
	await terminal.loses(/svc\/svc/);
});
