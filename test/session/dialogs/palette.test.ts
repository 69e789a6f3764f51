/** The command palette. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';

test('views are known in every layer, and what spoke leaves out is said in one line', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/Running/);
	terminal.press('list.yaml');
	await terminal.sees(/apiVersion: v1/);
	terminal.type(':nodes\r');
	await terminal.sees(/┤4 Nodes \d/);
	terminal.type(':cm\r');
	await terminal.sees(/no view of cm: spoke lists only pods, workloads, services/);
	terminal.type(':delete pod/x\r');
	await terminal.sees(/spoke does not delete, edit or scale, on purpose: use kubectl/);
});

test('a typed command copies files from or to a pod', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/Running/);
	terminal.type(':cp pod/db-0\r');
	await terminal.sees(/copy from db-0:/);
});

test('a picker opens at the current item', async t => {
	const {terminal} = await onSandbox(t, ['-n', 'kube-system']);
	await terminal.sees(/Running/);
	terminal.press('namespace.pick');
	await terminal.sees(/│ {3}default .*\n[\s\S]*│ ▸ kube-system +current/);
});

test('a typed namespace is that of the command, and no flag is ignored', async t => {
	const {terminal} = await onSandbox(t, ['-n', 'kube-system'], {columns: 140});
	await terminal.sees(/Running/);
	terminal.type(':yaml svc/web -n default\r');
	await terminal.sees(/namespace: default/);
	terminal.type(':describe svc/web -n default\r');
	await terminal.sees(/Name +web in default/);
	terminal.type(':export\r');
	await terminal.sees(/type :tail pod\/NAME first: no log is open/);
	terminal.type(':tail -l app=web -n default\r');
	await terminal.sees(/following/);
	terminal.type(':export\r');
	await terminal.sees(/save to ~/);
	terminal.press('prompt/cancel');
	terminal.type(':pods\r:forward svc/web 0:80 -n default\r');
	await terminal.sees(/default›\S*svc\/web:80|forward.*default.*svc\/web:80/);
	terminal.type(':tail deploy/web --bogus\r');
	await terminal.sees(/:tail: unknown flag: --bogus; it takes -n, -A, -l, -c, -a, -p/);
	terminal.type(':exec db-0 -n default -c nope\r');
	await terminal.sees(/container nope/);
});

test('a picker without a match stays open', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/Running/);
	terminal.press('context.pick');
	await terminal.sees(/TLS BY KUBECONFIG/);
	terminal.type('zzz');
	await terminal.sees(/no match/);
	terminal.press('picker/accept', 'erase', 'erase', 'erase');
	await terminal.sees(/TLS BY KUBECONFIG[\s\S]*current/);
});
