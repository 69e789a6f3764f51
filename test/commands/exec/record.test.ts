import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {access, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import test from 'ava';
import {exitCode, success} from '../../support/command-server.ts';
import {readCast, serveRecorded as serve} from '../../support/recorded-command.ts';
import {builtProgram, runSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {openTerminal} from '../../support/terminal.ts';
import {until} from '../../support/until.ts';

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
	t.is((await stat(file)).mode & 0o777, 0o600);
	const {header, output, markers, times} = await readCast(file);
	t.like(header, {version: 2, width: 80, height: 24, command: "x 'a b'"});
	t.regex(header.title, /^\w+\/web\/app$/);
	t.true(
		output.includes('\uFFFD\u0000\r\n\u00E9'),
		'a character that came in two chunks is whole, and bytes that are no UTF-8 are replaced',
	);
	t.true(output.includes('err\r\n'));
	t.regex(markers[0]!, /^path: you -verified-> apiserver/);
	t.deepEqual(
		times,
		times.toSorted((one, other) => one - other),
	);
	t.notRegex(await readFile(file, 'latin1'), /\u0000/, 'no byte that a terminal acts upon');
});

test('a recording says that leg 1 is not verified, and names no user that this server names', async t => {
	const {file, config, env} = await serve(t, far => {
		far.stdout('x');
		far.status(success);
		far.close();
	});
	await runSpoke(['exec', '--record', file, ...config, '--insecure-skip-tls-verify', 'web', '--', 'x'], {env});
	const {header, markers} = await readCast(file);
	t.deepEqual(Object.keys(header), ['version', 'width', 'height', 'timestamp', 'title', 'command']);
	t.is(markers.length, 1);
	t.regex(markers[0]!, /^path: you -unverified-> /);
	t.notRegex(markers[0]!, /[^n]verified/);
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

test('a lost stream, a signal and a killed spoke leave what was printed', async t => {
	const {home, file, config, env} = await serve(t, far => {
		far.stdout('half');
		far.socket.end();
	});
	const {status, stdout} = await runSpoke(['exec', '--record', file, ...config, 'web', '--', 'x'], {env});
	t.deepEqual([status, stdout, (await readCast(file)).output], [125, 'half', 'half']);
	const {config: endless, env: other} = await serve(t, far => {
		far.stdout('ready');
	});
	for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
		const name = join(home, `${signal}.cast`);
		const child = spawn(process.execPath, [builtProgram, 'exec', '--record', name, ...endless, 'web', '--', 'x'], {
			env: {PATH: process.env['PATH'], ...other},
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		const closed = once(child, 'close');
		await once(child.stdout, 'data');
		await until(async () => (await readFile(name, 'utf8')).includes('ready'));
		child.kill(signal);
		await closed;
		t.is((await readCast(name)).output, 'ready', signal);
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
		/^the recording stopped, and the command continues: cannot write \S+: EFBIG.*\nerror: the recording \S+ is incomplete: EFBIG.*; the command ended with status 0 .*\[ERR_LOCAL_FILE\]\n$/,
	);
	t.true((await stat(file)).size < output.length);
});

test('input is recorded only with --record-input', async t => {
	const {home, config, env} = await serve(t, async far => {
		await once(far.stdin, 'readable');
		far.status(success);
		far.close();
	});
	for (const [flags, input] of [
		[[], ''],
		[['--record-input'], 'secret'],
	] as const) {
		const file = join(home, `${flags.length}.cast`);
		t.is((await runSpoke(['exec', '-i', '--record', file, ...flags, ...config, 'web', '--', 'x'], {env, input: 'secret'})).status, 0);
		t.is((await readCast(file)).input, input);
	}
});

test('a terminal is recorded with its size, and shows the same as without --record', async t => {
	const {home, file, config} = await serve(t, async far => {
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
	const {header, output, sizes, input} = await readCast(file);
	t.like(header, {width: 100, height: 24});
	t.deepEqual([output, sizes, input], ['prompt$ resized', ['90x30'], '']);
});

test('a command that its requirement refuses leaves no file', async t => {
	const {env: sandboxEnv} = await openSandbox(t);
	const home = await temporaryDirectory(t);
	const file = join(home, 'a.cast');
	const {status} = await runSpoke(['exec', '--record', file, '--require', 'protected', 'db-0', '-c', 'db', '--', 'echo', 'here'], {
		env: {HOME: home, KUBECONFIG: sandboxEnv['KUBECONFIG']},
	});
	t.is(status, 3);
	await t.throwsAsync(access(file), {code: 'ENOENT'});
});
