import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {ask} from '../../support/sandbox-client.ts';
import {onSandbox} from '../../support/sandbox-session.ts';

test('a folder of the selected pod is copied to a typed path, and a failure is shown', async t => {
	const folder = await mkdtemp(join(tmpdir(), 'spoke-copy-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	const {terminal} = await onSandbox(t, [], {columns: 160});
	await terminal.sees(/toolbox-/);
	terminal.type('/toolbox\r');
	terminal.press('files');
	await terminal.sees(/copy from toolbox-\S+:▏?/);
	terminal.type('/etc');
	terminal.press('accept');
	await terminal.sees(/to \.\//);
	terminal.press('clear');
	terminal.type(folder);
	terminal.press('accept');
	await terminal.sees(/copied 4 files, 1 folder/);
	t.deepEqual((await readdir(folder)).toSorted(), ['app', 'hostname', 'hosts', 'os-release']);
	t.regex(await readFile(join(folder, 'app/config.yaml'), 'utf8'), /^listen: 8080\n/);
	terminal.press('files');
	await terminal.sees(/copy from toolbox-\S+:▏?/);
	terminal.press('clear');
	terminal.type(join(folder, 'hosts'));
	terminal.press('accept');
	await terminal.sees(/to toolbox-\S+:\/tmp/);
	terminal.press('accept');
	await terminal.sees(/the user of the container cannot write there/);
});

test('a copy from a container without a shell offers a debug container, and goes through it', async t => {
	const folder = await mkdtemp(join(tmpdir(), 'spoke-copy-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	const {terminal, sandbox} = await onSandbox(t, [], {columns: 160});
	const body = {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name: 'scratch'},
		spec: {containers: [{name: 'app', image: 'sandbox/log-writer:static'}]},
	};
	await ask(sandbox, '/api/v1/namespaces/default/pods', {method: 'POST', headers: {'content-type': 'application/json'}, body});
	await terminal.sees(/scratch +.*Running/);
	terminal.type('/scratch\r');
	terminal.press('files');
	await terminal.sees(/copy from scratch:▏?/);
	terminal.type('/etc/hostname');
	terminal.press('accept');
	await terminal.sees(/to \.\//);
	terminal.press('clear');
	terminal.type(folder);
	terminal.press('accept');
	await terminal.sees(/app has no shell\. You can add a debug container/);
	terminal.press('accept');
	await terminal.sees(/copied 1 file/);
	t.is(await readFile(join(folder, 'hostname'), 'utf8'), 'scratch\n');
});
