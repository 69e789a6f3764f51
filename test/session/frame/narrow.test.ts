/** A small terminal. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';

for (const [columns, rows] of [
	[80, 14],
	[60, 14],
	[40, 14],
	[40, 10],
] as const) {
	test(`at ${columns}×${rows} the audit and the proxy keep the tabs and the footer`, async t => {
		const {terminal} = await onSandbox(t, [], {columns, rows});
		await terminal.sees(/report-/);
		terminal.press('view.audit');
		await terminal.sees(/─┤7 Audit├[\s\S]*CHECK[\s\S]*▸ [\s\S]* {2}\? help$/);
		terminal.press('view.proxy', 'proxy/edit');
		terminal.type('web:80/');
		terminal.press('accept');
		await terminal.sees(/─┤6 Proxy├[\s\S]*▸ [\s\S]*── Path ─[\s\S]* {2}\? help$/);
		terminal.press('proxy.resend', 'proxy.resend', 'proxy.resend');
		await terminal.sees(/─┤6 Proxy├[\s\S]* 200 [\s\S]* 200 [\s\S]*▸ [\s\S]*── Path ─[\s\S]* {2}\? help$/);
		t.is(terminal.screen().length, rows);
	});
}

test('at 40×12 a connection row keeps name and TLS state, and a form keeps its problem', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 40, rows: 12});
	await terminal.sees(/toolbox/);
	terminal.type('/api\rl');
	await terminal.sees(/Tail pod\/api-/);
	terminal.press('tail.background');
	// On a busy machine, the evidence can come too late for `proven`.
	await terminal.sees(/^ ● logs api-\S+ +[━╍]unverified$/m);
	// Its pods declare no port.
	terminal.press('forward');
	await terminal.sees(/Forward from/);
	terminal.press('accept');
	await terminal.sees(/a port is required/);
	terminal.type('8080');
	terminal.press('accept');
	await terminal.loses(/Forward from/);
	await terminal.sees(/Connections 2/);
	t.true(terminal.screen().every(row => row.length <= 40));
});
