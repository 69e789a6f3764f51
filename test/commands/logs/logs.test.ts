import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import type {Path} from '../../../source/evidence/evidence.ts';
import {type Fault, LogServer} from '../../support/log-server.ts';
import {addTwoPods, logsCommand, timeOf} from '../../support/logs-command.ts';
import type {Printed} from '../../support/run-spoke.ts';
import {until} from '../../support/until.ts';

async function given(t: ExecutionContext, faults: readonly Fault[] = []) {
	const server = await LogServer.start(t);
	addTwoPods(server);
	server.faults.push(...faults);
	return {server, ...logsCommand(t, server)};
}

const defaulted = 'Defaulted container "app" out of: app, side\n';
const ofA = 'a app 1\na app 2\n';
const ofB = 'b app 1\nb app 2\n';
const tooMany = (retryAfter: string): Fault => ({
	kind: 'refuse',
	status: 429,
	body: '{"kind":"Status","reason":"TooManyRequests","message":"later"}',
	headers: {'Retry-After': retryAfter},
});

const rows: ReadonlyArray<readonly [title: string, argv: string, expected: Printed, ...faults: Fault[]]> = [
	['logs prints the log’s bytes on stdout and only the choice on stderr', 'a', {stdout: ofA, stderr: defaulted}],
	[
		'--prefix, --timestamps and --tail shape the lines of a named container',
		'a side --prefix --timestamps --tail=1',
		{stdout: `[pod/a/side] ${timeOf(2)} a side 2\n`},
	],
	[
		'-l with --all-containers prints the logs in order',
		'-l app=web --all-containers --tail=1',
		{stdout: 'a app 2\na side 2\nb app 2\nb side 2\n'},
	],
	['logs of several targets are printed in order', 'pod/a pod/b -c app --tail=1', {stdout: 'a app 2\nb app 2\n'}],
	['logs -f exits 0 when the pods are done', '-f a -c app', {stdout: ofA}],
	[
		'-v reports why a follow ended',
		'-f a -c app -v=1',
		{stdout: ofA, stderr: /^spoke: a\/app: terminated(?: at [\d:]{8})? with exit code 0\n$/},
	],
	[
		'logs -f -l prints the default container once, and that it stops',
		'-f -l app=web --tail=0',
		{stderr: `${defaulted}spoke: no log is left to follow, and no more pods are expected; stopped following\n`},
	],
	['logs -f -l -q prints neither', '-f -l app=web --tail=0 -q', {}],
	['logs -q does not print which container was chosen', '-q a', {stdout: ofA}],
	['logs -q prints errors', '-q nope', {status: 8, stderr: /ERR_NOT_FOUND/}],
	[
		'--limit-bytes with -f counts printed bytes across a reconnect',
		'-f a -c app --limit-bytes=11',
		{stdout: 'a app 1\na a', stderr: /./},
		{kind: 'cut', afterBytes: 45},
	],
	[
		'a missing pod is one line with the remedy, and status 8',
		'nope',
		{
			status: 8,
			stderr:
				'error: error from server (NotFound): pods "nope" not found in namespace "demo" (list them with `kubectl get pods -n demo`) [ERR_NOT_FOUND]\n',
		},
	],
	[
		'a missing container is one line, and status 8',
		'a -c nope',
		{status: 8, stderr: 'error: container nope is not valid for pod a out of: app, side [ERR_NOT_FOUND]\n'},
	],
	[
		'a missing previous log is one line, and status 8',
		'-p a -c app',
		{
			status: 8,
			stderr: 'Error from server (BadRequest): previous terminated container "app" in pod "a" not found [ERR_NOT_FOUND]\n',
		},
	],
	[
		'an interrupted log is one line that names both legs, and status 13',
		'a -c app',
		{
			status: 13,
			stdout: /^/,
			stderr:
				/^error: the log of a was interrupted: [^\n]+: the apiserver responds to new connections; it is unknown whether the apiserver’s connection to the kubelet \(leg 2\) or your connection to the apiserver \(leg 1\) was lost .*\[ERR_STREAM_LOST\]\n$/,
		},
		{kind: 'close', afterBytes: 9},
	],
	['a Retry-After that is too long is a failure', 'a -c app', {status: 1, stderr: /later/}, tooMany('3600')],
	[
		'--ignore-errors reports a failed log and continues',
		'pod/a pod/b -c app --ignore-errors',
		{stdout: ofB, stderr: /broken/},
		{kind: 'refuse', status: 500, body: '{"kind":"Status","message":"broken"}'},
	],
	...['', ' -f'].flatMap(follow => [
		[
			`logs${follow} --ignore-errors reports a missing target and continues`,
			`pod/nosuch pod/b${follow} -c app --ignore-errors`,
			{stdout: ofB, stderr: 'error: pods "nosuch" not found in namespace "demo"\n'},
		] as const,
		[
			`logs${follow} --ignore-errors fails when no target is there`,
			`pod/nosuch pod/none${follow} -c app --ignore-errors`,
			{status: 8, stderr: /^error: .*pods "nosuch" not found.*\n$/},
		] as const,
	]),
];

for (const [title, argv, expected, ...faults] of rows) {
	test(title, async t => {
		const {prints} = await given(t, faults);
		await prints(argv.split(' '), expected);
	});
}

test('logs -f -l --all-containers --prefix prints each line once', async t => {
	const {run} = await given(t);
	const {status, stdout, stderr} = await run('-f', '-l', 'app=web', '--all-containers', '--prefix');
	t.is(status, 0, stderr);
	t.deepEqual(
		stdout.trim().split('\n').sort(),
		['a app', 'a side', 'b app', 'b side'].flatMap(log => [1, 2].map(number => `[pod/${log.replace(' ', '/')}] ${log} ${number}`)),
	);
});

for (const [argv, counted] of [
	['pod/a pod/b -c app', 'following 2 pods'],
	['a --all-containers', 'following 2 containers'],
	['-l app=web --all-containers', 'following 4 containers of 2 pods'],
] as const) {
	test(`logs -f ${argv} says what it follows; a terminal gets prefixes and no path twice`, async t => {
		const {run, onTerminal} = await given(t);
		const {stdout, stderr} = await run('-f', ...argv.split(' '), '-v=1');
		t.is(stderr.split(`spoke: ${counted}\n`).length, 2, stderr);
		t.notRegex(stderr, /new pod/);
		t.notRegex(stdout, /\[/, 'a pipe gets the bytes of the logs');
		const screen = await onTerminal(['-f', ...argv.split(' ')], {NO_COLOR: '1'});
		const lines = screen.split('\r\n');
		t.is(lines.filter(line => line === `spoke: ${counted}`).length, 1, screen);
		t.deepEqual(
			lines.filter(line => /^(?:\[.*\] )?[ab] \w+ [12]$/.test(line)).toSorted(),
			stdout
				.trim()
				.split('\n')
				.map(line => `[pod/${line.slice(0, -2).replace(' ', '/')}] ${line}`)
				.toSorted(),
		);
		const paths = lines.filter(line => line.startsWith('path'));
		t.true(paths.length > 0, screen);
		t.deepEqual(paths, [...new Set(paths)]);
		t.notRegex(await onTerminal(['-f', ...argv.split(' '), '--prefix=false'], {NO_COLOR: '1'}), /\[pod/);
	});
}

test('on a terminal, logs -f of one pod prefixes lines once another pod has appeared', async t => {
	const server = await LogServer.start(t);
	server.restartPolicy = 'Never';
	const first = server.addLog('a', {time: timeOf(1), text: 'alone'});
	const {onTerminal} = logsCommand(t, server);
	const screen = onTerminal(['-f', '-l', 'app=web', '--path=never'], {NO_COLOR: '1'});
	await until(() => server.openFollows > 0);
	server.addLog('b', {time: timeOf(2), text: 'second'}).end();
	await until(() => server.seen.some(({pod}) => pod === 'b'));
	first.append({time: timeOf(3), text: 'last'});
	first.end();
	t.regex(await screen, /following 1 pod\r\n[^]*^alone\r\n[^]*b: new pod, followed\r\n[^]*^\[pod\/b\/app\] second\r\n/m);
});

test('logs -f waits for a workload’s first pod only as long as --pod-running-timeout says', async t => {
	const server = await LogServer.start(t);
	const {prints} = logsCommand(t, server);
	await prints(['-f', 'deploy/web', '--pod-running-timeout=500ms'], {
		status: 8,
		stderr: /^error: no pods found for deploy\/web after 0.5 s .*\[ERR_NOT_FOUND\]\n$/,
	});
	server.restartPolicy = 'Never';
	const waiting = prints(['-f', 'deploy/web', '--pod-running-timeout=1m', '--limit-bytes=6'], {stdout: 'first\n', stderr: /^/});
	await until(() => server.openWatches > 0);
	server.addLog('late', {time: timeOf(1), text: 'first'});
	await waiting;
});

test('logs -q prints a possible gap, and nothing else, on stderr', async t => {
	const {server, start} = await given(t);
	const log = server.addLog('r', {time: timeOf(1), text: 'first'});
	const {sees, end, output} = start(['-qf', 'r']);
	await sees(/first/);
	log.rotate();
	log.append({time: timeOf(9), text: 'behind the gap'});
	server.cutEverything();
	await sees(/may be missing/, 'stderr');
	await end('SIGTERM');
	t.is(output.stderr.trim().split('\n').length, 1, output.stderr);
});

test('--limit-bytes with -f limits each log, including one that starts later', async t => {
	for (const targets of [
		['pod/a', 'pod/b'],
		['-l', 'app=web'],
	]) {
		const {run} = await given(t, [tooMany('1')]);
		const {status, stdout} = await run('-f', ...targets, '-c', 'app', '--limit-bytes=6');
		t.is(status, 0);
		t.deepEqual([stdout.slice(0, 6), stdout.slice(6)].toSorted(), ['a app ', 'b app ']);
	}
});

test('logs retries after the Retry-After time, as kubectl does', async t => {
	const {server, prints} = await given(t, [tooMany('1')]);
	await prints(['a', '-c', 'app'], {stdout: ofA});
	t.is(server.seen.length, 2);
	t.true(server.seen[1]!.at - server.seen[0]!.at >= 950);
});

test('--path=json prints one Path per connection on stderr, and only the log on stdout', async t => {
	const {run} = await given(t);
	const {stdout, stderr} = await run('a', '-c', 'app', '--path=json');
	t.is(stdout, ofA);
	const paths = stderr
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as Path);
	t.is(paths.length, 1);
	t.like(paths[0], {apiVersion: 'spoke/v1', kind: 'Path', feature: 'logs', phase: 'settled'});
	t.is(paths[0]!.legs[0]!.tls.state, 'plain');
	t.like(paths[0]!.target, {asked: 'a', name: 'a', node: 'n1', container: 'app'});
});

test('control characters are escaped on a terminal and unchanged in a pipe', async t => {
	const {server, prints, onTerminal} = await given(t);
	const hostile = 'x\u001B]0;title\u0007y\u001B[31mred\u001B[0m\u001B[2J';
	server.addLog('h', {time: timeOf(1), text: hostile}).end();
	await prints(['h'], {stdout: `${hostile}\n`});
	for (const more of [[], ['-f']]) {
		const screen = await onTerminal(['h', ...more, '--path=never']);
		t.true(screen.includes('red'));
		t.false(screen.includes('\u001B]0;title'));
		t.false(screen.includes('\u001B[2J'));
		t.true(screen.includes('\u001B[31m'), 'colors stay');
	}
});

test('a terminal shows the path line, leg 1 first', async t => {
	const {onTerminal} = await given(t);
	const screen = await onTerminal(['a', '-c', 'app']);
	t.regex(screen, /path: you -plain-> \w+ -\w+/);
	t.true(screen.indexOf('path: you') < screen.indexOf('a app 1'));
});

async function following(t: ExecutionContext, env: NodeJS.ProcessEnv = {}) {
	const {server, start} = await given(t);
	const log = server.addLog('r', {time: timeOf(1), text: 'running'});
	const run = start(['-f', 'r'], {env});
	await run.sees(/running/);
	return {log, ...run};
}

for (const [signal, status] of [
	['SIGINT', 130],
	['SIGTERM', 143],
	['SIGHUP', 129],
] as const) {
	test(`${signal} ends a follow with status ${status}`, async t => {
		const {end} = await following(t);
		const began = Date.now();
		t.is(await end(signal), status);
		t.true(Date.now() - began < 10_000);
	});
}

test('a follow under nohup outlives its terminal', async t => {
	const {log, child, end, sees} = await following(t, {_: '/usr/bin/nohup'});
	child.kill('SIGHUP');
	log.append({time: timeOf(2), text: 'still here'});
	t.is(await Promise.race([sees(/still here\n/).then(() => 'seen'), once(child, 'exit').then(() => 'gone')]), 'seen');
	t.is(await end('SIGTERM'), 143);
});

test('a follow exits 141 silently when its reader is gone', async t => {
	const {log, child, ended} = await following(t);
	child.stdout.destroy();
	const writing = setInterval(() => {
		log.append({time: timeOf(2), text: 'more'});
	}, 20);
	t.like(await ended, {status: 141, stderr: ''});
	clearInterval(writing);
});
