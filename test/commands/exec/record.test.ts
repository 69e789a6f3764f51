import {spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {readdir, readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import test from 'ava';
import {exitCode, success} from '../../support/command-server.ts';
import {serveRecorded as serve, verified} from '../../support/recorded-command.ts';
import {builtProgram, runSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {openTerminal} from '../../support/terminal.ts';

test('exec --record changes neither output nor status, and records both', async t => {
	const bytes = Buffer.from([0xff, 0x00, 0x0a, 0xc3, 0xa9]);
	const {file, config, env} = await serve(t, far => {
		far.stdout(bytes);
		far.stderr('err\n');
		far.status(exitCode(3));
		far.close();
	});
	const argv = ['exec', ...config, 'web', '--', 'x', 'a b'];
	const plain = await runSpoke(argv, {env});
	t.deepEqual(await runSpoke(['exec', '--record', file, ...argv.slice(1)], {env}), plain);
	t.is(plain.status, 3);
	const {recording, requests, paths, end} = await verified(file, env);
	t.like(recording, {command: ['x', 'a b'], inputRecorded: false, target: {container: 'app'}});
	t.is(requests[0]?.status, 101);
	t.regex(paths[0]!.line, /^path: you -verified-> apiserver/);
	t.like(end, {
		how: 'exited',
		remoteExitStatus: 3,
		stdin: null,
		stdout: {bytes: 5, sha256: createHash('sha256').update(bytes).digest('hex')},
	});
});

test('verify exits 3 for a changed transcript, 4 for a truncated one, and 14 without a file', async t => {
	const {home, file, config, env} = await serve(t, far => {
		far.stdout('as it was\n');
		far.status(success);
		far.close();
	});
	await runSpoke(['exec', '--record', file, ...config, 'web', '--', 'x'], {env});
	const text = await readFile(file, 'utf8');
	const copy = join(home, 'copy.cast');
	const verify = async (content: string, ...flags: string[]) => {
		await writeFile(copy, content);
		return runSpoke(['verify', copy, ...flags], {env});
	};

	t.is((await verify(text)).status, 0);
	const changed = await verify(text.replace('as it was', 'as it is!'));
	t.is(changed.status, 3);
	t.regex(changed.stdout, /^\S+: changed: line \d+ does not follow/);
	t.notRegex(changed.stdout, /web/, 'nothing of it is repeated');
	const cut = await verify(text.split('\n').slice(0, 4).join('\n'));
	t.is(cut.status, 4);
	t.regex(cut.stdout, /incomplete: it has no trailer, .*; line 1 is unchanged since signed by your own key/);
	const stranger = await runSpoke(['verify', file], {env: {HOME: '/nonexistent'}});
	t.is(stranger.status, 4);
	t.regex(stranger.stdout, /unknown key: .* since the key SHA256:\S+ signed it, but this key is neither yours nor given/);

	const pem = join(home, 'key.pem');
	await writeFile(pem, (await runSpoke(['verify', '--print-key'], {env})).stdout);
	t.is((await runSpoke(['verify', '--public-key', pem, file], {env: {HOME: '/nonexistent'}})).status, 0);
	t.is((await runSpoke(['verify', join(home, 'gone.cast')], {env})).status, 14);
	t.is((await runSpoke(['verify', '--public-key', file, file], {env})).status, 14);
	t.is((await runSpoke(['verify', '--print-key'])).status, 14);
});

test('exec --record runs nothing if the file exists, and leaves no file if nothing was started', async t => {
	const {file, config, env} = await serve(t, () => t.fail('a command was started'));
	await writeFile(file, 'mine');
	const refused = await runSpoke(['exec', '--record', file, ...config, 'web', '--', 'x'], {env});
	t.is(refused.status, 125);
	t.regex(refused.stderr, /^error: \S+a\.cast exists already .*\[ERR_LOCAL_FILE\]\n$/);
	t.is(await readFile(file, 'utf8'), 'mine');
	const fresh = join(env.HOME, 'fresh.cast');
	t.is((await runSpoke(['exec', '--record', fresh, ...config, 'gone', '--', 'x'], {env})).status, 125);
	t.deepEqual(
		(await readdir(env.HOME)).filter(name => name.endsWith('.cast')),
		['a.cast'],
	);
	t.regex((await runSpoke(['exec', '--read-only', '--record', fresh, ...config, 'web', '--', 'x'], {env})).stderr, /ERR_READ_ONLY/);
	t.regex((await runSpoke(['exec', '--record-input', ...config, 'web', '--', 'x'], {env})).stderr, /--record-input requires --record/);
});

test('a lost stream ends the transcript as such', async t => {
	const {file, config, env} = await serve(t, far => {
		far.stdout('half');
		far.socket.end();
	});
	const {status, stdout} = await runSpoke(['exec', '--record', file, ...config, 'web', '--', 'x'], {env});
	t.deepEqual([status, stdout], [125, 'half']);
	t.like((await verified(file, env)).end, {
		how: 'stream-lost',
		remoteExitStatus: null,
		error: {code: 'ERR_STREAM_LOST'},
		stdout: {bytes: 4},
	});
});

test('a signal ends the transcript, and a killed spoke leaves an incomplete one', async t => {
	const {home, file, config, env} = await serve(t, far => {
		far.stdout('ready');
	});
	for (const [signal, name, state] of [
		['SIGTERM', file, 'verified'],
		['SIGKILL', join(home, 'b.cast'), 'incomplete'],
	] as const) {
		const child = spawn(process.execPath, [builtProgram, 'exec', '--record', name, ...config, 'web', '--', 'x'], {
			env: {PATH: process.env['PATH'], ...env},
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		const closed = once(child, 'close');
		await once(child.stdout, 'data');
		child.kill(signal);
		await closed;
		const {stdout} = await runSpoke(['verify', '-o', 'json', name], {env});
		t.like(JSON.parse(stdout), {state, ...(state === 'verified' && {end: {how: 'interrupted', remoteExitStatus: null}})});
	}
});

const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('a full disk ends the recording with a warning and status 125, and the output continues', async t => {
	const output = 'x'.repeat(200_000);
	const {file, config, env} = await serve(t, far => {
		far.stdout(output);
		far.status(success);
		far.close();
	});
	// Blocks of 512 bytes.
	const child = spawn(
		'sh',
		['-c', 'ulimit -f 100; exec "$0" "$@"', process.execPath, builtProgram, 'exec', '--record', file, ...config, 'web', '--', 'x'],
		{
			env: {PATH: process.env['PATH'], ...env},
			stdio: ['ignore', 'pipe', 'pipe'],
		},
	);
	const [said, printed] = [child.stderr, child.stdout].map(stream => stream.toArray());
	const [status] = (await once(child, 'close')) as [number];
	t.is(Buffer.concat((await printed!) as Buffer[]).toString(), output);
	t.is(status, 125);
	t.regex(
		Buffer.concat((await said!) as Buffer[]).toString(),
		/^the recording stopped, and the command continues: cannot write \S+: EFBIG.*\nerror: the transcript \S+ is incomplete: EFBIG.*; the command ended with status 0 .*\[ERR_LOCAL_FILE\]\n$/,
	);
	t.true((await stat(file)).size < output.length);
	t.is((await runSpoke(['verify', file], {env})).status, 4);
});

test('input is recorded only with --record-input', async t => {
	const {home, config, env} = await serve(t, async far => {
		await once(far.stdin, 'readable');
		far.status(success);
		far.close();
	});
	for (const [flags, bytes] of [
		[[], null],
		[['--record-input'], 6],
	] as const) {
		const file = join(home, `${flags.length}.cast`);
		t.is((await runSpoke(['exec', '-i', '--record', file, ...flags, ...config, 'web', '--', 'x'], {env, input: 'secret'})).status, 0);
		t.is((await verified(file, env)).end.stdin?.bytes ?? null, bytes);
		t.is((await readFile(file, 'utf8')).includes('"i", "secret"'), bytes !== null);
	}
});

test('a terminal is recorded with its size, and shows the same as without --record', async t => {
	const {home, file, config, env} = await serve(t, async far => {
		far.stdout('prompt$ ');
		await once(far.stdin, 'readable');
		far.stdout('resized');
		await once(far.stdin, 'end').catch(() => {});
	});
	const terminal = await openTerminal(t, ['exec', '-it', '--path=never', '--record', file, ...config, 'web', '--', 'sh'], {
		home,
		columns: 100,
	});
	await terminal.writes('prompt$ ');
	terminal.resize(90, 30);
	terminal.type('x');
	await terminal.writes('resized');
	terminal.signal('SIGTERM');
	await terminal.ended();
	t.regex(terminal.raw(), /^prompt\$ resized/);
	const [header, ...events] = (await readFile(file, 'utf8'))
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as unknown);
	t.like(header, {width: 100, height: 24});
	t.deepEqual(
		(events as Array<[number, string, string]>)
			.filter(([, code]) => code !== 's')
			.map(([, code, text]) => [code, text])
			.sort(),
		[
			['o', 'prompt$ '],
			['o', 'resized'],
			['r', '90x30'],
		],
	);
	t.is((await verified(file, env)).end.how, 'interrupted');
});

test('the sandbox names the user, the requirement and each path', async t => {
	const {env: sandboxEnv} = await openSandbox(t, {user: 'ada'});
	const home = await temporaryDirectory(t);
	const env = {HOME: home, KUBECONFIG: sandboxEnv['KUBECONFIG']};
	const file = join(home, 'a.cast');
	const {status} = await runSpoke(['exec', '--record', file, '--require', 'protected', 'db-0', '-c', 'db', '--', 'echo', 'here'], {env});
	t.is(status, 3);
	const {recording, requests, end} = await verified(file, env);
	t.like(recording, {user: {name: 'ada', from: 'apiserver'}, requirements: [{states: ['protected'], minBasis: 'proven', source: null}]});
	t.deepEqual(requests, [], 'nothing was sent');
	t.like(end, {how: 'failed', error: {code: 'ERR_REQUIRE_NOT_MET'}});
});
