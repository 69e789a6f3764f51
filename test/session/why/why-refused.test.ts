/** The why screen after refusals. */
import test from 'ava';
import {ask} from '../../support/sandbox-client.ts';
import {onSandbox} from '../../support/sandbox-session.ts';

test('why for a disabled action names the permission, the user and the other disabled actions', async t => {
	const {terminal} = await onSandbox(t, [], {user: 'cleo', rows: 40});
	await terminal.sees(/web-\w+-\w+/);
	await terminal.sees(/TLS to kubelet n\d is not known; needs get/);
	terminal.press('shell');
	await terminal.sees(/shell: disabled, no permission to create pods\/exec +w why/);
	terminal.press('why');
	await terminal.sees(/Why├ shell/);
	await terminal.sees(
		/fix +ask for +apiGroups: \[""\] +resources: \["pods\/exec"\] +verbs:\s+\["create"\] +in namespace default, for user cleo/,
	);
	await terminal.sees(/disabled +attach: no permission to create pods\/attach · forward: /);
	t.notRegex(terminal.text(), /shell: you may not/);
});

test('the legs show when they were read, and an unread leg names the needed permission', async t => {
	const {terminal} = await onSandbox(t, [], {user: 'bob', rows: 60});
	await terminal.sees(/TLS to kubelet n\d is not known; needs get/);
	terminal.press('why');
	await terminal.sees(/^ {3}LEG +TLS +ROUTE +CHECKED$/m);
	await terminal.sees(/^ {3}1 {2}you → apiserver +━verified +━direct +\d\d:\d\d:\d\d$/m);
	await terminal.sees(/^ {3}2 {2}apiserver → kubelet n\d +┈TLS unknown +┈route unknown +–$/m);
	await terminal.sees(
		/── Not determined ─[\s\S]+leg 2 +TLS needs get nonResourceURL \/flagz[\s\S]+leg 2 +route needs [\s\S]+replicas +0 of 1 known apiserver examined/,
	);
	t.true(terminal.screen().every(row => row.length <= 80));
});

test('why for a failed forward shows its own path, not the path of the selected row', async t => {
	const {terminal, sandbox} = await onSandbox(t, [], {rows: 40});
	await terminal.sees(/web-\w+-\w+/);
	await sandbox.switches.set({verification: 'bad'});
	terminal.type(':forward svc/web :80\r');
	await terminal.sees(/✗ forward/);
	terminal.press('why');
	await terminal.sees(/Why├ forward svc\/web :80/);
	await terminal.sees(/2 {2}apiserver → kubelet n\d +[━╍]refused/);
});

test('the doctor of a tail whose log cannot be opened tests the target of the tail', async t => {
	const {terminal, sandbox} = await onSandbox(t, [], {rows: 40});
	await terminal.sees(/web-\w+-\w+/);
	await sandbox.switches.set({verification: 'bad'});
	terminal.type(':tail pod/db-0\r');
	await terminal.sees(/Tail pod\/db-0├.* failed · /);
	terminal.press('doctor');
	await terminal.sees(/Doctor├ default › pod\/db-0 [\s\S]+✗ leg 2/);
});

test('the card of a shell in a container that has ended shows how to read its log', async t => {
	const {terminal, sandbox} = await onSandbox(t, [], {rows: 40});
	const image = (name: string) => ({name, image: `sandbox/${name}:1.0`});
	await ask(sandbox, '/api/v1/namespaces/default/pods', {
		method: 'POST',
		body: {
			metadata: {name: 'half', annotations: {'kubectl.kubernetes.io/default-container': 'finisher'}},
			spec: {restartPolicy: 'Never', containers: [image('finisher'), image('waiter')]},
		},
	});
	await terminal.sees(/half +1\/2/);
	terminal.type(':shell pod/half\r');
	await terminal.sees(/Container of half[\s\S]+▸ finisher/);
	terminal.press('accept');
	await terminal.sees(/container not found/);
	await terminal.sees(/fix: spoke logs -n default half -c finisher --kubeconfig/);
});
