import test from 'ava';
import {sessionOnOwnSandbox} from '../../support/open-session.ts';

test('a shell that opens while the user does something else waits until it is entered', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t, [], {columns: 120});
	await session.sees(/db-0/);
	session.type('/db\r');
	await sandbox.switches.set({route: 'konnectivity', agents: 'frozen'});
	session.press('shell');
	session.type('x');
	await session.sees(/is taking long: dropped the key typed meanwhile/);
	session.press('view.services');
	await session.sees(/CLUSTER-IP/);
	await sandbox.switches.set({agents: 'running'});
	await session.sees(/is ready: Tab Enter enters it/);
	await session.sees(/┤3 Services[\s\S]*● shell +db-0\/db .* {2}ready /);
	session.press('pane.next');
	session.press('open');
	await session.sees(/container db[\s\S]*\/ #/);
	session.type('exit\r');
	await session.sees(/┤3 Services/);
});
