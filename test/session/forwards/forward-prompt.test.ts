/** The prompt of a new forward. */
import test from 'ava';
import {sessionOnSandbox} from '../../support/open-session.ts';

test('a kind typed after the suggested one replaces it, and a mistake keeps the prompt open', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120});
	await session.sees(/Running/);
	session.press('view.forwards');
	await session.sees(/┤5 Forwards/);
	session.press('forwards/forward');
	await session.sees(/forward svc\//);
	session.type('svc/web 0:80 90:90\r');
	await session.sees(/type TARGET \[LOCAL:\]PORT, without 90:90/);
	for (let count = 0; count < 6; count++) {
		session.press('erase');
	}

	session.press('accept');
	await session.sees(/svc\/web +.*:80|svc\/web:80/);
	await session.loses(/svc\/svc/);
});
