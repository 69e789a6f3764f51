/** `spoke tail`. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {LogServer} from '../support/log-server.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {openTerminal} from '../support/terminal.ts';

test('tail begins with the lines of --level and the fields of --field', async t => {
	const server = await LogServer.start(t);
	const lines = [
		'level=info msg=calm user=ada ms=1',
		'level=warn msg=slow user=ada ms=812',
		'{"level":"error","msg":"failed","user":"bob","ms":7}',
	];
	server
		.addPod('a')
		.get('app')!
		.append(...lines.map((text, second) => ({time: `2026-11-24T14:00:0${second}.000000001Z`, text})));
	const home = await temporaryDirectory(t);
	const terminal = await openTerminal(t, ['tail', 'a', '--level', 'warn', '--field', 'ms', '--server', server.url, '--namespace', 'demo'], {
		home,
		env: {KUBECONFIG: '/dev/null'},
	});
	await terminal.sees(/warn +slow +ms=812 +\+1[^]*error +failed +ms=7 +\+1/);
	t.notRegex(terminal.text(), /calm|ada/);
	terminal.press('tail.level');
	await terminal.sees(/only error and above/);
	await terminal.loses(/slow/);
});

test('tail of several contexts has the lines of all clusters in the order of their times', async t => {
	const [eu, us] = await Promise.all([LogServer.start(), LogServer.start()]);
	const home = await temporaryDirectory(t);
	t.teardown(async () => {
		await Promise.all([eu.stop(), us.stop()]);
	});
	const line = (second: number, text: string) => ({time: `2026-11-24T14:00:0${second}.000000001Z`, text});
	eu.addPod('a').get('app')!.append(line(1, 'first'), line(3, 'third'));
	us.addPod('a').get('app')!.append(line(2, 'second'), line(4, 'fourth'));
	const kubeconfig = join(home, 'config');
	const servers = Object.entries({eu: eu.url, us: us.url, down: 'http://127.0.0.1:1'});
	await writeFile(
		kubeconfig,
		JSON.stringify({
			clusters: servers.map(([name, server]) => ({name, cluster: {server}})),
			contexts: [...servers.map(([name]) => ({name, context: {cluster: name, namespace: 'demo'}})), {name: 'empty', context: {}}],
		}),
	);
	const terminal = await openTerminal(t, ['tail', 'a', '--all-contexts'], {home, env: {KUBECONFIG: kubeconfig}});
	await terminal.sees(/eu +a +first[^]*us +a +second[^]*eu +a +third[^]*us +a +fourth/);
	await terminal.sees(/down: the apiserver [^]*; retrying until/);
	await terminal.sees(/empty: context "empty" names no cluster/);
	await terminal.sees(/eu, us · not read: down, empty/);
	terminal.press('search');
	terminal.type('third\r');
	await terminal.sees(/eu: you .*plain/);
	terminal.press('search');
	terminal.type('second\r');
	await terminal.sees(/us: you .*plain/);
});
