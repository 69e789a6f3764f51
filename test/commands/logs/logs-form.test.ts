/** Forms in which `spoke logs` prints lines: fields and colors. */
import test, {type ExecutionContext} from 'ava';
import {LogServer} from '../../support/log-server.ts';
import {logsCommand} from '../../support/logs-command.ts';
import {runSpoke} from '../../support/run-spoke.ts';

const time = (second: number) => `2026-11-24T14:00:${String(second).padStart(2, '0')}.000000001Z`;

async function serve(t: ExecutionContext, lines: readonly string[]) {
	const server = await LogServer.start(t);
	server.restartPolicy = 'Never';
	const log = server.addPod('a').get('app')!;
	log.append(...lines.map((text, index) => ({time: time(index + 1), text})));
	log.end();
	const spoke = async (...argv: string[]) =>
		runSpoke(['logs', ...argv, '--server', server.url, '--namespace', 'demo'], {env: {KUBECONFIG: '/dev/null'}});
	return {server, spoke, onTerminal: logsCommand(t, server).onTerminal};
}

const lines = [
	'{"level":"warn","msg":"slow cart","ms":812,"user":{"id":12345678901234567890}}',
	'level=info msg="served cart" ms=3',
	'plain text ms=9',
];

for (const how of [[], ['-f']]) {
	const name = ['logs', ...how].join(' ');

	test(`${name} --field prints fields of JSON and logfmt lines, and other lines whole`, async t => {
		const {spoke} = await serve(t, lines);
		t.deepEqual(await spoke(...how, 'a', '--field', 'msg,user.id', '--field', 'ms'), {
			status: 0,
			stdout: 'msg="slow cart" user.id=12345678901234567890 ms=812\nmsg="served cart" ms=3\nplain text ms=9\n',
			stderr: '',
		});
		t.is(
			(await spoke(...how, 'a', '--field', 'ms', '--level', 'warn', '--timestamps', '--prefix')).stdout,
			`[pod/a/app] ${time(1)} ms=812\n`,
		);
	});
}

test('-o json --field adds the fields to each object', async t => {
	const {spoke} = await serve(t, lines);
	const {stdout} = await spoke('a', '-o', 'json', '--field', 'ms,user.id');
	t.deepEqual(stdout.match(/"fields":.*(?=\})/g), [
		'"fields":{"ms":812,"user.id":12345678901234567890}',
		'"fields":{"ms":"3","user.id":null}',
		'"fields":null',
	]);
	t.true(stdout.startsWith('{"apiVersion":"spoke/v1","kind":"LogLine"'));
	t.false((await spoke('a', '-o', 'json')).stdout.includes('"fields"'));
});

test('on a terminal, a prefix has the color of the pod', async t => {
	const {onTerminal} = await serve(t, ['hello']);
	t.regex(await onTerminal(['a', '--prefix', '--path=never']), /\[pod\/\u001B\[9\d[m]a\u001B\[0m\/\u001B\[3\d[m]app\u001B\[0m\] hello/);
	t.true((await onTerminal(['a', '--prefix', '--path=never'], {NO_COLOR: '1'})).includes('[pod/a/app] hello'));
});
