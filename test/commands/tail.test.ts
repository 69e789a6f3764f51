/** `spoke tail`. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {LogServer} from '../support/log-server.ts';
import {openTerminal} from '../support/terminal.ts';

test('tail begins with the lines of --level and the fields of --field', async t => {
	const server = await LogServer.start();
	t.teardown(async () => server.stop());
	const lines = [
		'level=info msg=calm user=ada ms=1',
		'level=warn msg=slow user=ada ms=812',
		'{"level":"error","msg":"failed","user":"bob","ms":7}',
	];
	server
		.addPod('a')
		.get('app')!
		.append(...lines.map((text, second) => ({time: `2026-11-24T14:00:0${second}.000000001Z`, text})));
	const home = await mkdtemp(join(tmpdir(), 'spoke-tail-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
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
