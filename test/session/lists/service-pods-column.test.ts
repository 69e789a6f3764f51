/** The PODS column of services. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';

test('services show how many of their pods are Ready, and – without pods', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+/);
	terminal.press('view.services');
	await terminal.sees(/PORTS +PODS +AGE/);
	await terminal.sees(/web +ClusterIP .* 2\/2 /);
	await terminal.sees(/kubernetes +ClusterIP .* – /);
	terminal.press('namespace.all');
	await terminal.sees(/NAMESPACE +NAME/);
	await terminal.loses(/PODS/);
});

test('without permission to read EndpointSlices the count is unknown', async t => {
	const {terminal} = await onSandbox(t, [], {user: 'cleo'});
	await terminal.sees(/web-\w+-\w+/);
	terminal.press('view.services');
	await terminal.sees(/web +ClusterIP .* \? +\d+/);
});
