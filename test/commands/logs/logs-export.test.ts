/** Logs in files. */
import {lstat, mkdir, readdir, readFile, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {contextDirectory} from '../../../source/commands/logs/export-logs.ts';
import {LogServer} from '../../support/log-server.ts';
import {addTwoPods, logsCommand, timeOf} from '../../support/logs-command.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {until} from '../../support/until.ts';

async function logsIn(directory: string): Promise<readonly string[]> {
	return (await readdir(directory)).filter(name => name !== 'index.jsonl').toSorted();
}

async function indexOf(directory: string): Promise<ReadonlyArray<Record<string, unknown>>> {
	const text = await readFile(join(directory, 'index.jsonl'), 'utf8');
	return text
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as Record<string, unknown>);
}

async function given(t: ExecutionContext) {
	const server = await LogServer.start(t);
	addTwoPods(server, (number, pod, container) =>
		number === 1 ? `INFO ${pod} ${container} first` : `WARN ${pod} ${container} \u001B[31mred`,
	);
	server.restartPolicy = 'Always';
	const folder = await temporaryDirectory(t);
	const log = (name: string) => server.pods.get(name)!.containers.get('app')!;
	for (const {containers} of server.pods.values()) {
		for (const one of containers.values()) {
			one.state = 'running';
		}
	}

	return {server, log, directory: join(folder, 'out'), folder, ...logsCommand(t, server)};
}

test('--export writes every line of each container to a private file of its own', async t => {
	const {run, directory} = await given(t);
	const {status, stdout, stderr} = await run('-l', 'app=web', '--export', directory);
	t.deepEqual([status, stdout], [0, '']);
	t.deepEqual(await logsIn(directory), ['demo_a_app.log', 'demo_a_side.log', 'demo_b_app.log', 'demo_b_side.log']);
	t.is(await readFile(join(directory, 'demo_b_side.log'), 'utf8'), 'INFO b side first\nWARN b side \u001B[31mred\n');
	t.is((await lstat(directory)).mode & 0o777, 0o700);
	t.is((await lstat(join(directory, 'demo_a_app.log'))).mode & 0o777, 0o600);
	t.regex(stderr, /a\/app: 37 bytes to .*demo_a_app\.log\n/);
	t.regex(stderr, /exported 4 logs to /);
});

test('--export applies -c, --level and -o json to the files', async t => {
	const {run, directory} = await given(t);
	t.deepEqual(await run('a', '-c', 'app', '--level', 'warn', '-o', 'json', '-q', '--export', directory), {
		status: 0,
		stdout: '',
		stderr: '',
	});
	t.deepEqual(await logsIn(directory), ['demo_a_app.jsonl']);
	const [line, ...more] = (await readFile(join(directory, 'demo_a_app.jsonl'), 'utf8')).trim().split('\n');
	t.like(JSON.parse(line!), {kind: 'LogLine', text: 'WARN a app \u001B[31mred', timestamp: timeOf(2)});
	t.is(more.length, 0);
});

test('--export writes the previous log after a restart, and says that older ones are missing', async t => {
	const {run, log, directory} = await given(t);
	log('a').restart();
	log('a').append({time: timeOf(3), text: 'second run'});
	log('b').restart();
	log('b').restart();
	const {status, stderr} = await run('pod/a', 'pod/b', '-c', 'app', '--export', directory);
	t.is(status, 0);
	t.is(await readFile(join(directory, 'demo_a_app.log'), 'utf8'), 'second run\n');
	t.true((await readFile(join(directory, 'demo_a_app.previous.log'), 'utf8')).startsWith('INFO a app first\n'));
	t.is(await readFile(join(directory, 'demo_b_app.previous.log'), 'utf8'), '');
	t.regex(stderr, /b\/app: restarted 2 times; the server has no logs of the instances before the previous one\n/);
	t.notRegex(stderr, /a\/app: restarted/);
});

test('--export writes the log of a container that waits to restart once, as its previous log', async t => {
	const {run, log, directory} = await given(t);
	log('a').restart();
	log('a').state = 'waiting';
	t.is((await run('a', '-c', 'app', '--export', directory)).status, 0);
	t.deepEqual(await logsIn(directory), ['demo_a_app.previous.log']);
});

test('--export says which log has not begun, and exits with its status', async t => {
	const {run, log, directory} = await given(t);
	log('a').state = 'waiting';
	const {status, stderr} = await run('a', '--export', directory);
	t.is(status, 12);
	t.regex(stderr, /a\/app: not written yet: container "app" in pod "a" is waiting to start: ContainerCreating\n/);
	t.regex(stderr, /error: 1 of 2 logs are missing or incomplete: .*\(export again when .* has started\) \[ERR_TARGET_GONE\]\n$/);
	t.deepEqual(await logsIn(directory), ['demo_a_side.log']);
});

test('--export exits 8 when the node no longer has the previous log', async t => {
	const {run, log, directory} = await given(t);
	log('a').restarts = 1;
	const {status, stderr} = await run('a', '-c', 'app', '--export', directory);
	t.is(status, 8);
	t.regex(stderr, /a\/app \(previous instance\): not kept by the node: /);
	t.deepEqual(await logsIn(directory), ['demo_a_app.log']);
});

test('--export goes on after a log that fails, and exits with its status', async t => {
	const {server, run, directory} = await given(t);
	server.faults.push({kind: 'close', afterBytes: 60}, {kind: 'kubelet-error', text: 'failed to open log file "/x": no such file'});
	const {status, stderr} = await run('-l', 'app=web', '--export', directory);
	t.is(status, 13);
	t.regex(stderr, /a\/app: missing or incomplete: the log of a was interrupted: /);
	t.regex(stderr, /a\/side: missing or incomplete: the kubelet could not read the log of a: failed to open log file /);
	t.regex(
		stderr,
		/exported 2 logs to .*\nerror: 2 of 4 logs are missing or incomplete: the log of a was interrupted: .*\[ERR_STREAM_LOST\]\n$/,
	);
	t.is(await readFile(join(directory, 'demo_b_app.log'), 'utf8'), 'INFO b app first\nWARN b app \u001B[31mred\n');
});

test('--export overwrites no file and follows no link', async t => {
	const {server, run, directory, folder} = await given(t);
	await mkdir(directory);
	await writeFile(join(folder, 'other'), 'kept');
	await symlink(join(folder, 'other'), join(directory, 'demo_a_side.log'));
	const {status, stderr} = await run('a', '--export', directory);
	t.is(status, 14);
	t.regex(stderr, /^error: .*demo_a_side\.log exists already \(export to a new directory\) \[ERR_LOCAL_FILE\]\n$/);
	t.is(await readFile(join(folder, 'other'), 'utf8'), 'kept');
	t.deepEqual(await logsIn(directory), ['demo_a_side.log']);
	await symlink(directory, join(folder, 'link'));
	t.regex((await run('b', '--export', join(folder, 'link'))).stderr, /link is not a directory .*\[ERR_LOCAL_FILE\]\n$/);
	t.is(server.seen.length, 0);
});

test('--export takes no name from the server that leaves the directory', async t => {
	const {server, run, directory} = await given(t);
	server.pods.get('a')!.object.spec.containers[0]!.name = '../../etc';
	const {status, stderr} = await run('a', '--export', directory);
	t.is(status, 13);
	t.regex(stderr, /"\.\.\/\.\.\/etc" is not a name of Kubernetes .*\[ERR_PROTOCOL\]\n$/);
	await t.throwsAsync(readdir(directory), {code: 'ENOENT'});
});

test('the index of an export says where each file is from, and what is missing', async t => {
	const {server, run, log, directory} = await given(t);
	log('a').state = 'waiting';
	server.faults.push({kind: 'kubelet-error', text: 'failed to open log file "/x": no such file'});
	await run('-l', 'app=web', '--export', directory);
	const index = await indexOf(directory);
	t.is((await lstat(join(directory, 'index.jsonl'))).mode & 0o777, 0o600);
	t.deepEqual(
		index.map(({file, pod, container, previous}) => [file, pod, container, previous]),
		[
			[null, 'a', 'app', false],
			['demo_a_side.log', 'a', 'side', false],
			['demo_b_app.log', 'b', 'app', false],
			['demo_b_side.log', 'b', 'side', false],
		],
	);
	t.like(index[1], {kind: 'ExportedLog', context: null, namespace: 'demo', bytes: 39, error: null});
	t.truthy(index[0]!['error']);
});

test('an interrupted export says so of the log that it was reading', async t => {
	const {server, start, directory} = await given(t);
	server.faults.push({kind: 'silence'});
	const {end} = start(['a', '-c', 'app', '--export', directory]);
	await until(() => server.seen.length > 0);
	t.is(await end('SIGINT'), 130);
	const [entry] = await indexOf(directory);
	t.like(entry, {file: null, bytes: null, error: {code: 'ERR_STREAM_LOST', message: 'the export was interrupted'}});
});

test('contextDirectory makes any name of a context the name of one directory', t => {
	t.deepEqual(
		['kind-a', 'arn:aws:eks:eu:1:cluster/x', '..', '.a', 'ä\n'].map(name => contextDirectory(name)),
		['kind-a', 'arn:aws:eks:eu:1:cluster%2Fx', '%2E.', '%2Ea', '%C3%A4%0A'],
	);
});
