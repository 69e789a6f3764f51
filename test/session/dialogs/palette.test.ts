/** The command palette. */
import test from 'ava';
import {sessionOnSandbox} from '../../support/open-session.ts';

test('views are known in every layer, and what spoke leaves out is said in one line', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/Running/);
	session.press('list.yaml');
	await session.sees(/apiVersion: v1/);
	session.type(':nodes\r');
	await session.sees(/┤4 Nodes \d/);
	session.type(':cm\r');
	await session.sees(/no view of cm: spoke lists only pods, workloads, services/);
	session.type(':delete pod/x\r');
	await session.sees(/spoke does not delete, edit or scale, on purpose: use kubectl/);
});

test('a typed command copies files from or to a pod', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/Running/);
	session.type(':cp pod/db-0\r');
	await session.sees(/Copy files of db-0/);
});

test('a picker opens at the current item', async t => {
	const {session} = await sessionOnSandbox(t, ['-n', 'kube-system']);
	await session.sees(/Running/);
	session.press('namespace.pick');
	await session.sees(/│ {3}default .*\n[\s\S]*│ ▸ kube-system +current/);
});

test('a typed namespace is that of the command, and no flag is ignored', async t => {
	const {session} = await sessionOnSandbox(t, ['-n', 'kube-system'], {columns: 140});
	await session.sees(/Running/);
	session.type(':yaml svc/web -n default\r');
	await session.sees(/namespace: default/);
	session.type(':describe svc/web -n default\r');
	await session.sees(/Name +web in default/);
	session.type(':export\r');
	await session.sees(/type :tail pod\/NAME first: no log is open/);
	session.type(':tail -l app=web -n default\r');
	await session.sees(/following/);
	session.type(':export\r');
	await session.sees(/save to ~/);
	session.press('prompt/cancel');
	session.type(':pods\r:forward svc/web 0:80 -n default\r');
	await session.sees(/default›\S*svc\/web:80|forward.*default.*svc\/web:80/);
	session.type(':tail deploy/web --bogus\r');
	await session.sees(/:tail: unknown flag: --bogus; it takes -n, -A, -l, -c, -a, -p/);
	session.type(':exec db-0 -n default -c nope\r');
	await session.sees(/container nope/);
});

test('a picker without a match stays open', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/Running/);
	session.press('context.pick');
	await session.sees(/TLS BY KUBECONFIG/);
	session.type('zzz');
	await session.sees(/no match/);
	session.press('picker/accept', 'erase', 'erase', 'erase');
	await session.sees(/TLS BY KUBECONFIG[\s\S]*current/);
});
