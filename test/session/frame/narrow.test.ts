/** A small terminal. */
import test from 'ava';
import {sessionOnSandbox} from '../../support/open-session.ts';

for (const [columns, rows] of [
	[80, 14],
	[60, 14],
	[40, 14],
	[40, 10],
] as const) {
	test(`at ${columns}×${rows} the audit and the proxy keep the tabs and the footer`, async t => {
		const {session} = await sessionOnSandbox(t, [], {columns, rows});
		await session.sees(/report-/);
		session.press('view.audit');
		await session.sees(/─┤7 Audit├[\s\S]*CHECK[\s\S]*▸ [\s\S]* {2}\? help$/);
		session.press('view.proxy', 'proxy/edit');
		session.type('web:80/');
		session.press('accept');
		await session.sees(/─┤6 Proxy├[\s\S]*▸ [\s\S]*── Path ─[\s\S]* {2}\? help$/);
		session.press('proxy.resend', 'proxy.resend', 'proxy.resend');
		await session.sees(/─┤6 Proxy├[\s\S]* 200 [\s\S]* 200 [\s\S]*▸ [\s\S]*── Path ─[\s\S]* {2}\? help$/);
		t.is(session.screen().length, rows);
	});
}

test('at 40×12 a connection row keeps name and TLS state, and a form keeps its problem', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 40, rows: 12});
	await session.sees(/toolbox/);
	session.type('/api\rl');
	await session.sees(/Tail pod\/api-/);
	session.press('tail.background');
	// On a busy machine, the evidence can come too late for `proven`.
	await session.sees(/^ ● logs api-\S+ +[━╍]unverified$/m);
	// Its pods declare no port.
	session.press('forward');
	await session.sees(/Forward from/);
	session.press('accept');
	await session.sees(/a port is required/);
	session.type('8080');
	session.press('accept');
	await session.loses(/Forward from/);
	await session.sees(/Connections 2/);
	t.true(session.screen().every(row => row.length <= 40));
});
