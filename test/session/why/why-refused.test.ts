/** The why screen after refusals. */
import test from 'ava';
import {sessionOnOwnSandbox, sessionOnSandbox} from '../../support/open-session.ts';
import {ask} from '../../support/sandbox-client.ts';

test('why for a disabled action names the permission, the user and the other disabled actions', async t => {
	const {session} = await sessionOnSandbox(t, [], {user: 'cleo', rows: 40});
	await session.sees(/web-\w+-\w+/);
	await session.sees(/TLS to (?:the kubelet|kubelet n\d) is not known; needs get/);
	session.press('shell');
	await session.sees(/shell: disabled, no permission to create pods\/exec +w why/);
	session.press('why');
	await session.sees(/Why├ shell/);
	await session.sees(
		/fix +ask for +apiGroups: \[""\] +resources: \["pods\/exec"\] +verbs:\s+\["create"\] +in namespace default, for user cleo/,
	);
	await session.sees(/disabled +attach: no permission to create pods\/attach · forward: /);
	t.notRegex(session.text(), /shell: you may not/);
});

test('the legs show when they were read, and an unread leg names the needed permission', async t => {
	const {session} = await sessionOnSandbox(t, [], {user: 'bob', rows: 60});
	await session.sees(/TLS to (?:the kubelet|kubelet n\d) is not known; needs get/);
	session.press('why');
	await session.sees(/^ {3}LEG +TLS +ROUTE +CHECKED$/m);
	await session.sees(/^ {3}1 {2}you → apiserver or gateway +━verified +━direct +\d\d:\d\d:\d\d$/m);
	await session.sees(/^ {3}2 {2}apiserver → kubelet n\d +┈TLS unknown +┈route unknown +–$/m);
	await session.sees(
		/── Not determined ─[\s\S]+leg 2 +TLS needs get nonResourceURL \/flagz[\s\S]+leg 2 +route needs [\s\S]+replicas +0 of 1 known apiserver examined/,
	);
	t.true(session.screen().every(row => row.length <= 80));
});

test('why for a failed forward shows its own path, not the path of the selected row', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t, [], {rows: 40});
	await session.sees(/web-\w+-\w+/);
	await sandbox.switches.set({verification: 'bad'});
	session.type(':forward svc/web :80\r');
	await session.sees(/✗ forward/);
	session.press('why');
	await session.sees(/Why├ forward svc\/web :80/);
	await session.sees(/2 {2}apiserver → kubelet n\d +[━╍]refused/);
});

test('the doctor of a tail whose log cannot be opened tests the target of the tail', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t, [], {rows: 40});
	await session.sees(/web-\w+-\w+/);
	await sandbox.switches.set({verification: 'bad'});
	session.type(':tail pod/db-0\r');
	await session.sees(/Tail pod\/db-0├.* failed · /);
	session.press('doctor');
	await session.sees(/Doctor├ default › pod\/db-0 [\s\S]+✗ leg 2/);
	session.press('doctor/copy.fix');
	await session.sees(/copied the remedy|no command to copy/);
});

test('the card of a shell in a container that has ended shows how to read its log', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t, [], {rows: 40});
	const image = (name: string) => ({name, image: `sandbox/${name}:1.0`});
	await ask(sandbox, '/api/v1/namespaces/default/pods', {
		method: 'POST',
		body: {
			metadata: {name: 'half', annotations: {'kubectl.kubernetes.io/default-container': 'finisher'}},
			spec: {restartPolicy: 'Never', containers: [image('finisher'), image('waiter')]},
		},
	});
	await session.sees(/half +1\/2/);
	session.type(':shell pod/half\r');
	await session.sees(/Container of half[\s\S]+▸ finisher/);
	session.press('accept');
	await session.sees(/container not found/);
	await session.sees(/fix: spoke logs -n default half -c finisher --kubeconfig/);
});
