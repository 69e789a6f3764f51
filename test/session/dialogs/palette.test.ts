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
