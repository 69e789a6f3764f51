/** Forms in which `spoke logs` prints lines: fields, templates, colors. */
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

	test(`${name} --template formats each line, and adds a line feed only where there is none`, async t => {
		const {spoke} = await serve(t, lines);
		const template =
			'{{.Namespace}}/{{.PodName}}/{{.ContainerName}} on {{.NodeName}} {{.Labels.app}} {{color .PodColor "x"}}: {{.Message}}';
		const expected = lines.map(line => `demo/a/app on n1 web x: ${line}\n`).join('');
		t.is((await spoke(...how, 'a', '--template', template, '--prefix')).stdout, expected);
		t.is((await spoke(...how, 'a', '-o', 'template', '--template', `${template}{{"\\n"}}`)).stdout, expected);
		t.is(
			(await spoke(...how, 'a', '--timestamps', '--template', '{{with tryParseJSON .Message}}{{$.Timestamp}} {{.msg}}{{end}}')).stdout,
			`${time(1)} slow cart\n`,
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

test('a line that the template fails for is printed as it is, with one notice', async t => {
	const {spoke} = await serve(t, lines);
	t.deepEqual(await spoke('a', '--template', '{{(parseJSON .Message).msg}}'), {
		status: 0,
		stdout: `slow cart\n${lines[1]}\n${lines[2]}\n`,
		stderr: 'spoke: --template: the line is not a JSON object: lines that it fails for are printed as they are\n',
	});
});

test('a time in a template has the zone of this machine for "Local"', async t => {
	const {server} = await serve(t, ['1704085200']);
	const {stdout} = await runSpoke(
		['logs', 'a', '--template', '{{toTimestamp .Message "15:04 MST" "Local"}}', '--server', server.url, '--namespace', 'demo'],
		{env: {KUBECONFIG: '/dev/null', TZ: 'America/New_York'}},
	);
	t.is(stdout, '00:00 EST\n');
});

test('an invalid template or form is one line and status 2, before any connection', async t => {
	const {server, spoke} = await serve(t, lines);
	for (const [argv, message] of [
		[['--template', '{{.Nothing}}'], /^error: invalid --template: unknown field \.Nothing; a line has \.Message, .*\[ERR_USAGE\]\n$/],
		[['--template', '{{if .Message}}'], /^error: invalid --template: \{\{if\}\} without \{\{end\}\} .*\[ERR_USAGE\]\n$/],
		[['-o', 'template'], /^error: -o template requires --template .*\[ERR_USAGE\]\n$/],
		[['-o', 'json', '--template', 'x'], /^error: --template cannot be used with -o json .*\[ERR_USAGE\]\n$/],
		[['--field', 'a', '--template', 'x'], /^error: --field cannot be used with --template .*\[ERR_USAGE\]\n$/],
	] as const) {
		const {status, stderr} = await spoke('a', ...argv);
		t.is(status, 2);
		t.regex(stderr, message);
	}

	t.is(server.seen.length, 0);
});

test('on a terminal, a prefix and a template have the color of the pod', async t => {
	const {onTerminal} = await serve(t, ['hello']);
	t.regex(await onTerminal(['a', '--prefix', '--path=never']), /\[pod\/\u001B\[9\d[m]a\u001B\[0m\/\u001B\[3\d[m]app\u001B\[0m\] hello/);
	t.regex(
		await onTerminal(['a', '--template', '{{color .PodColor .PodName}} {{.Message}}', '--path=never']),
		/\u001B\[9\dma\u001B\[0m hello/,
	);
	t.true((await onTerminal(['a', '--prefix', '--path=never'], {NO_COLOR: '1'})).includes('[pod/a/app] hello'));
});

test('on a terminal, control characters of a line are shown in a template too', async t => {
	const {onTerminal} = await serve(t, ['\u001B]0;title\u0007 end']);
	const screen = await onTerminal(['a', '--template', '{{.Message}}', '--path=never']);
	t.false(screen.includes('\u001B]0;title'));
	t.true(screen.includes('^[]0;title^G end'));
});
