/** Lines that `spoke logs` selects. */
import {readdir} from 'node:fs/promises';
import test, {type ExecutionContext} from 'ava';
import {LogServer} from '../../support/log-server.ts';
import {logsCommand, timeOf} from '../../support/logs-command.ts';
import {assertPrinted, type Ended, runSpoke} from '../../support/run-spoke.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

const lines = [
	[1, 'INFO started'],
	[2, 'ERROR no connection'],
	[2, '  at connect (net.js:3)'],
	[3, 'GET /healthz 200'],
	[4, 'WARN slow cart'],
	[5, '{"level":"error","msg":"cart failed"}'],
] as const;

async function given(t: ExecutionContext) {
	const server = await LogServer.start(t);
	server.restartPolicy = 'Never';
	server.addLog('a', ...lines.map(([second, text]) => ({time: timeOf(second), text}))).end();
	return {server, ...logsCommand(t, server)};
}

for (const how of ['', '-f ']) {
	const last = `${lines[5][1]}\n`;
	for (const [argv, stdout] of [
		['--level warn', `ERROR no connection\n  at connect (net.js:3)\nWARN slow cart\n${last}`],
		['--level fatal', ''],
		['--include cart --include ^GET', `${lines[3][1]}\n${lines[4][1]}\n${last}`],
		['--include cart --exclude ^WARN', last],
		['--level error --exclude net.js', `${lines[1][1]}\n${last}`],
		['--include slow --timestamps --prefix', `[pod/a/app] ${timeOf(4)} WARN slow cart\n`],
		['--level warn --limit-bytes=22', 'ERROR no connection\n  '],
	] as const) {
		test(`logs ${how}${argv} prints only the selected lines, with those that continue a message`, async t => {
			const {prints} = await given(t);
			await prints(`${how}a ${argv}`.split(' '), {stdout});
		});
	}

	test(`logs ${how}-o json prints objects of the selected lines only`, async t => {
		const {run} = await given(t);
		const {stdout} = await run(...`${how}-o json a --include slow`.split(' '));
		const objects = stdout
			.trim()
			.split('\n')
			.map(line => JSON.parse(line) as {event: string; text: string | null; timestamp: string | null})
			.filter(({event}) => event === 'line');
		t.deepEqual(
			objects.map(({text, timestamp}) => [text, timestamp]),
			[['WARN slow cart', timeOf(4)]],
		);
	});
}

test('a gap is reported on stderr although the lines around it are not selected', async t => {
	const {server, start} = await given(t);
	const log = server.addLog('r', {time: timeOf(1), text: 'first'});
	const {sees, ended} = start(['-f', 'r', '--include', 'first']);
	await sees(/first/);
	log.rotate();
	log.append({time: timeOf(9), text: 'after the gap'});
	server.cutEverything();
	await sees(/may be missing/, 'stderr');
	log.end();
	assertPrinted(t, (await ended) as Ended, {
		stdout: 'first\n',
		stderr: /r\/app: could not find the last line again .* may be missing\n/,
	});
});

for (const [title, fault, status, stderr] of [
	[
		'an interruption is an error although no line is selected',
		{kind: 'close', afterBytes: 60},
		13,
		/^error: the log of a was interrupted: .*\[ERR_STREAM_LOST\]\n$/,
	],
	[
		'a kubelet error in the log is not selected away',
		{kind: 'kubelet-error', text: 'failed to open log file "/var/log/pods/x": no such file or directory'},
		11,
		/^error: the kubelet could not read the log of a: failed to open log file .*\[ERR_SECOND_LEG\]\n$/,
	],
] as const) {
	test(title, async t => {
		const {server, prints} = await given(t);
		server.faults.push(fault);
		await prints(['a', '--include', 'nothing like it'], {status, stderr});
	});
}

test('an invalid level or regular expression is one line and status 2, before any connection', async t => {
	const {server, prints} = await given(t);
	for (const [argv, words] of [
		['--level loud', 'invalid argument "loud" for --level: must be one of debug, info, warn, error, fatal'],
		['--include [', '--include "[": invalid regular expression: unterminated character class'],
	] as const) {
		await prints(['a', ...argv.split(' ')], {status: 2, stderr: `error: ${words} (run the command with --help) [ERR_USAGE]\n`});
	}

	t.is(server.seen.length, 0);
});

test('only a command that selects lines loads the code for it', async t => {
	const {server} = await given(t);
	const cache = await temporaryDirectory(t);
	const loaded = async (...argv: string[]) => {
		await runSpoke(['logs', 'a', ...argv, '--server', server.url, '--namespace', 'demo'], {
			env: {KUBECONFIG: '/dev/null', XDG_CACHE_HOME: cache},
		});
		return (await readdir(cache, {recursive: true})).filter(path => path.includes('shape-lines'));
	};

	t.deepEqual(await loaded(), []);
	t.is((await loaded('--include', 'x')).length, 1);
});
