/** The PODS column of services. */
import test from 'ava';
import {sessionOnSandbox} from '../../support/open-session.ts';

test('services show how many of their pods are Ready, and – without pods', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	session.press('view.services');
	await session.sees(/PORTS +PODS +AGE/);
	await session.sees(/web +ClusterIP .* 2\/2 /);
	await session.sees(/kubernetes +ClusterIP .* – /);
	session.press('namespace.all');
	await session.sees(/NAMESPACE +NAME/);
	await session.loses(/PODS/);
});

test('without permission to read EndpointSlices the count is unknown', async t => {
	const {session} = await sessionOnSandbox(t, [], {user: 'cleo'});
	await session.sees(/web-\w+-\w+/);
	session.press('view.services');
	await session.sees(/web +ClusterIP .* \? +\d+/);
});
