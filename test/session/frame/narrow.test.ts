/** A small terminal. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';

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
