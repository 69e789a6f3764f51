import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {open, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {statusObject} from '../../support/api-server.ts';
import {
	type CommandOptions,
	type CommandScript,
	ends,
	exitCode,
	failure,
	type Refusal,
	startCommandServer,
	success,
} from '../../support/command-server.ts';
import {receivedBytes} from '../../support/read-stream.ts';
import {builtProgram, type Printed, runSpoke, spokePrints, type StartOptions, startSpoke} from '../../support/run-spoke.ts';
import {openTerminal} from '../../support/terminal.ts';
import {until, untilStable} from '../../support/until.ts';

async function given(t: ExecutionContext, script: CommandScript = ends(), options: CommandOptions = {}) {
	const server = await startCommandServer(t, script, options);
	const config = await server.config();
	const withConfig = ([command, ...argv]: readonly string[]) => [command!, ...config, ...argv];
	return {
		server,
		config,
		run: async (argv: readonly string[], input = '') => runSpoke(withConfig(argv), {input}),
		prints: async (argv: readonly string[], expected: Printed, more: Parameters<typeof runSpoke>[1] = {}) =>
			spokePrints(t, withConfig(argv), expected, more),
		start: (argv: readonly string[], more: StartOptions = {}) => startSpoke(t, withConfig(argv), more),
	};
}

for (const code of [0, 1, 2, 42, 126, 127, 137, 255]) {
	test(`exec exits with remote status ${code} and prints kubectl’s message`, async t => {
		const {prints} = await given(t, ends(code === 0 ? success : exitCode(code), 'out\n', 'err\n'));
		await prints(['exec', 'web', '--', 'x'], {
			status: code,
			stdout: 'out\n',
			stderr: code === 0 ? 'err\n' : `err\ncommand terminated with exit code ${code} [ERR_REMOTE_EXIT]\n`,
		});
	});
}

const forbidden: Refusal = {
	status: 403,
	body: JSON.stringify(
		statusObject(
			403,
			'pods "web" is forbidden: User "ada" cannot create resource "pods/exec" in API group "" in the namespace "default"',
			'Forbidden',
		),
	),
};

const wrong: ReadonlyArray<[title: string, argv: string, says: RegExp, options?: CommandOptions & {far?: CommandScript}]> = [
	['no command', 'web', /^error: a command is required after -- .*\[ERR_USAGE\]\n$/],
	['no command, and a target that a shell would run', 'pod/$(id)', /\(spoke exec 'pod\/\$\(id\)' -- COMMAND\)/],
	['a command without --', 'web ls', /^error: expected one target before --.*\[ERR_USAGE\]\n$/],
	['no pod', 'gone -- ls', /^error: .*gone.*not found.*\[ERR_NOT_FOUND\]\n$/],
	['no such container', 'web -c nope -- ls', /^error: container nope is not valid for pod web out of: app.*\[ERR_NOT_FOUND\]\n$/],
	[
		'a pod that ended',
		'web -- ls',
		/^error: cannot exec into a container in a completed pod; current phase is Failed.*\[ERR_TARGET_GONE\]\n$/,
		{pod: {status: {phase: 'Failed'}}},
	],
	['a user who may not', 'web -- ls', /^error: .*cannot create resource "pods\/exec".*\[ERR_FORBIDDEN\]\n$/, {refuse: () => forbidden}],
	[
		'a program that is not there',
		'web -- nosuch',
		/^error: Internal error occurred: .*nosuch.*\$PATH: the command could not be started .*\[ERR_COMMAND_NOT_STARTED\]\n$/,
		{far: ends(failure('Internal error occurred: OCI runtime exec failed: exec: "nosuch": executable file not found in $PATH'))},
	],
	['a stream that is cut', 'web -- ls', /^error: .*leg 2.*\[ERR_STREAM_LOST\].*\n$/, {far: far => far.socket.end()}],
	['a read-only call', 'web --read-only -- ls', /^error: exec is refused: --read-only is set.*\[ERR_READ_ONLY\]\n$/],
];

for (const [title, argv, stderr, {far = () => {}, ...options} = {}] of wrong) {
	test(`${title} prints one line with the cause and exits 125`, async t => {
		const {prints} = await given(t, far, options);
		await prints(['exec', ...argv.split(' ')], {status: 125, stderr});
	});
}

test('xargs continues after a pod that is gone', async t => {
	const {config} = await given(t, ends(success, 'ran\n'));
	const xargs = spawn('xargs', ['-n1', 'sh', '-c', 'exec "$0" "$1" exec "$2" "$3" "$4" -- x', process.execPath, builtProgram, ...config], {
		env: {PATH: process.env['PATH'], HOME: '/nonexistent'},
	});
	const printed = receivedBytes(xargs.stdout);
	xargs.stderr.resume();
	xargs.stdin.end('gone\nweb\n');
	const [exited] = (await once(xargs, 'close')) as [number];
	t.is((await printed).toString(), 'ran\n');
	t.is(exited, 123, 'of xargs, where a command exited 1 to 125');
});

test('exec -f reads the target from a manifest or stdin, and rejects a second target', async t => {
	const {server, prints} = await given(t);
	const [here, file] = [join(server.folder, 'here.yaml'), join(server.folder, 'shop.yaml')];
	await writeFile(here, 'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n');
	await writeFile(file, 'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n');
	await prints(['exec', '-f', here, '--', 'x'], {});
	await prints(['exec', '-f', '-', '--', 'x'], {}, {input: await readFile(here, 'utf8')});
	for (const [argv, stderr] of [
		[['-f', file], /^error: .*namespaces\/shop\/pods\/web not found/],
		[['-f', file, 'web'], /^error: resource\/name arguments cannot be provided when a path is specified/],
		[
			['-f', file, '-n', 'other'],
			/^error: the namespace from the provided object "shop" does not match the namespace "other" \(pass --namespace=shop\) \[ERR_USAGE\]/,
		],
		[['-f', `${file},${file}`], /^error: cannot exec into multiple objects at a time/],
		[['-i', '-f', '-'], /^error: stdin cannot be both the manifest and the input of the command/],
		[['-f', `${file}.gone`], /^error: .*cannot be read: ENOENT.*\[ERR_LOCAL_FILE\]/],
	] as const) {
		await prints(['exec', ...argv, '--', 'x'], {status: 125, stderr});
	}
});

test('stdin reaches the container completely, including its end', async t => {
	const {prints} = await given(t, async far => {
		far.stdout(await receivedBytes(far.stdin));
		far.end();
	});
	const input = 'x'.repeat(500_000);
	await prints(['exec', '-i', 'web', '--', 'cat'], {stdout: input}, {input});
});

test('exec reports unsent input, also with -q, and only if there is some', async t => {
	const loss = 'the command exited before all of its input was sent\n';
	for (const [input, stderr, flags] of [
		['x'.repeat(20_000_000), loss, '-i'],
		['x'.repeat(20_000_000), loss, '-iq'],
		['x', '', '-i'],
	] as const) {
		const {prints} = await given(t, async far => {
			await once(far.stdin, 'readable');
			await untilStable(() => far.socket.bytesRead);
			far.end();
		});
		await prints(['exec', flags, 'web', '--', 'head'], {stderr}, {input});
	}
});

for (const [input, fault] of [
	['a directory', 'read /dev/stdin: is a directory'],
	['open for writing only', 'EBADF: bad file descriptor, read'],
] as const) {
	test(`exec reports a stdin that is ${input}, also with -q, and keeps the status`, async t => {
		for (const flags of ['-i', '-iq']) {
			const {server, start} = await given(t, async far => {
				await receivedBytes(far.stdin);
				far.end(exitCode(3));
			});
			const file = await (input === 'a directory' ? open(server.folder) : open(join(server.folder, 'output'), 'w'));
			t.teardown(async () => file.close());
			const {status, stderr} = await start(['exec', flags, 'web', '--', 'cat'], {stdio: [file.fd, 'ignore', 'pipe']}).ended;
			t.is(status, 3);
			t.true(stderr.startsWith(`Copying stdin failed: ${fault}\n`));
		}
	});
}

test('exec reports a file not read to its end, also when the command exits at once', async t => {
	const {server, start} = await given(t, async far => {
		await once(far.stdin, 'readable');
		far.end();
	});
	const name = join(server.folder, 'big');
	await writeFile(name, Buffer.alloc(50_000_000));
	const file = await open(name);
	t.teardown(async () => file.close());
	const {stderr} = await start(['exec', '-i', 'web', '--', 'head'], {stdio: [file.fd, 'ignore', 'pipe']}).ended;
	t.is(stderr, 'the command exited before all of its input was sent\n');
});

test('a slow reader gets all output and status 0, and a lost stream never exits 0', async t => {
	for (const cut of [false, true]) {
		const {start} = await given(t, async far => {
			const block = Buffer.alloc(32 * 1024, 'y');
			for (let round = 0; round < 200; round++) {
				far.stdout(block);
			}

			await until(() => far.backlog() === 0, far.backlog);
			if (cut) {
				far.socket.end();
			} else {
				far.end();
			}
		});
		const {child, ended} = start(['exec', 'web', '--', 'x'], {stdio: ['ignore', 'pipe', 'ignore'], reads: false});
		let got = 0;
		for await (const piece of child.stdout as AsyncIterable<Buffer>) {
			got += piece.length;
			await delay(got < 1_000_000 ? 10 : 0);
		}

		t.is((await ended).status, cut ? 125 : 0);
		t.is(got, 200 * 32 * 1024, cut ? 'cut' : 'whole');
	}
});

test('exec exits 141 silently when its reader is gone', async t => {
	const {start} = await given(t, async far => {
		const block = Buffer.alloc(64 * 1024, 'y');
		await until(() => far.socket.destroyed || far.stdout(block), far.backlog);
	});
	const {child, ended} = start(['exec', 'web', '--', 'yes']);
	child.stdout.once('data', () => child.stdout.destroy());
	t.like(await ended, {status: 141, stderr: ''});
});

for (const [signal, expected] of [
	['SIGINT', 130],
	['SIGTERM', 143],
	['SIGHUP', 129],
] as const) {
	test(`${signal} ends a silent command promptly with status ${expected}`, async t => {
		const {start} = await given(t, far => far.stdout('ready'));
		const run = start(['exec', '-i', 'web', '--', 'sleep'], {stdio: 'pipe'});
		await run.sees(/ready/);
		const startedAt = Date.now();
		t.is(await run.end(signal), expected);
		t.true(Date.now() - startedAt < 6000);
	});
}

test('exec -t without a local terminal prints a warning, except with -q', async t => {
	const {prints} = await given(t, far => {
		far.stdout(far.url.searchParams.get('tty') ?? 'no tty');
		far.end();
	});
	const stdout = 'no tty';
	const stderr = 'Unable to use a TTY - input is not a terminal or the right kind of file\n';
	await prints(['exec', '-it', 'web', '--', 'sh'], {stdout, stderr});
	await prints(['exec', '-itq', 'web', '--', 'sh'], {stdout});
});

test('exec -q on a terminal prints the path line only if --path requests it', async t => {
	const {config} = await given(t, ends(success, 'data'));
	const written = async (...flags: string[]) => {
		const terminal = await openTerminal(t, ['exec', ...config, ...flags, 'web', '--', 'x'], {home: '/nonexistent'});
		t.is(await terminal.ended(), 0);
		return terminal.raw();
	};

	t.regex(await written(), /path: you/);
	t.is(await written('-q'), 'data');
	t.regex(await written('-q', '--path=always'), /path: you/);
});

for (const [title, container, more, words] of [
	[
		'a container that is started again',
		'app',
		{restartPolicy: 'Always'},
		/^Session ended, resume using 'spoke attach web -c app -n default -i -t' command when the pod is running$/m,
	],
	['a container that stays ended', 'app', {restartPolicy: 'Never'}, null],
	[
		'an ephemeral container',
		'late',
		{ephemeralContainers: [{name: 'late', tty: true}]},
		/^Session ended, the ephemeral container will not be restarted but may be reattached using 'spoke attach web -c late -n default -i -t' if it is still running$/m,
	],
] as const) {
	test(`attach to ${title} prints how to resume the session, if possible`, async t => {
		const spec = {nodeName: 'n1', containers: [{name: 'app', tty: true, stdin: true}], ...more};
		const {config} = await given(t, ends(), {pod: {spec}});
		const terminal = await openTerminal(t, ['attach', ...config, '-it', '--path=never', '-c', container, 'web'], {
			home: '/nonexistent',
			columns: 250,
		});
		t.is(await terminal.ended(), 0);
		const told = terminal.raw().replaceAll('\r\n', '\n');
		t.regex(told, words ?? /enter\.\n/);
		t.is(told.includes('Session ended'), words !== null);
	});
}

for (const [flags, notice] of [
	[[], ''],
	[['-t'], ''],
	[['-i'], 'Unable to use a TTY - input is not a terminal or the right kind of file\n'],
] as const) {
	test(`attach ${flags.join('')} without a local terminal reads a container that has a terminal`, async t => {
		const {run} = await given(
			t,
			far => {
				far.stdout(['stdin', 'stdout', 'stderr', 'tty'].map(name => `${name}=${far.url.searchParams.get(name)}`).join(' '));
				far.end();
			},
			{tty: true},
		);
		const {status, stdout, stderr} = await run(['attach', ...flags, 'web']);
		t.is(status, 0, stderr);
		t.is(stdout, `stdin=${flags[0] === '-i' ? 'true' : null} stdout=true stderr=null tty=true`);
		t.is(stderr.startsWith('Unable') ? `${stderr.split('\n', 1)[0]}\n` : '', notice);
	});
}

test('exec --path=json writes the path to stderr, never into the data', async t => {
	const {run} = await given(t, ends(success, 'data'));
	const {stdout, stderr} = await run(['exec', '--path=json', 'web', '--', 'x']);
	t.is(stdout, 'data');
	const path = JSON.parse(stderr.split('\n', 1)[0]!) as {legs: Array<{tls: {state: string}}>};
	t.like(path, {kind: 'Path', feature: 'exec', target: {container: 'app'}});
	t.is(path.legs[0]!.tls.state, 'verified');
});

test('attach prints kubectl’s hints, accepts detach keys, and is rejected by --read-only', async t => {
	const {prints} = await given(t, ends(success, 'from the container\n'));
	const stderr =
		/^All commands and output from this session will be recorded in container logs.*\nIf you don't see a command prompt, try pressing enter\.\n$/;
	// A kind and a name may be two words.
	for (const words of [['web'], ['pod', 'web']]) {
		await prints(['attach', ...words], {stdout: 'from the container\n', stderr});
	}

	for (const [argv, says] of [
		[['attach'], /^error: one target is required/],
		[['attach', 'pod/web', 'pod/web'], /^error: one target is required/],
		[['attach', 'pod', 'web', 'web'], /^error: one target is required/],
		[['attach', '--detach-keys=nope', 'web'], /unknown key "nope"/],
		[['attach', '--read-only', 'web'], /\[ERR_READ_ONLY\]/],
		[['debug', '--read-only', 'web', '--image=x'], /\[ERR_READ_ONLY\]/],
	] as const) {
		await prints(argv, {status: 125, stderr: says});
	}
});

for (const carrier of ['websocket', 'spdy'] as const) {
	test(`exec exits when the command ends, even if the server stops reading input (${carrier})`, async t => {
		const {prints} = await given(t, async far => {
			await once(far.stdin, 'readable');
			far.socket.pause();
			await delay(1000);
			far.stdout('said\n');
			far.status(exitCode(3));
		});
		await prints(
			['exec', '-i', 'web', '--', 'head'],
			{
				status: 3,
				stdout: 'said\n',
				stderr: 'the command exited before all of its input was sent\ncommand terminated with exit code 3 [ERR_REMOTE_EXIT]\n',
			},
			{
				input: 'x'.repeat(50_000_000),
				env: carrier === 'spdy' ? {KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false'} : {},
				timeoutMs: 50_000,
			},
		);
	});
}

test('-o json leaves stdout to the remote command and puts the Error object last on stderr', async t => {
	const {prints, run} = await given(t, ends(exitCode(3), 'out\n'));
	for (const argv of [
		['exec', '-o', 'json', 'gone', '--', 'true'],
		['attach', '-o', 'json', 'gone'],
		['exec', '--output=json', 'web', '--nope', '--', 'true'],
	]) {
		const {stderr} = await prints(argv, {status: 125, stderr: /./});
		const lines = stderr.trimEnd().split('\n');
		t.like(JSON.parse(lines.at(-1)!), {apiVersion: 'spoke/v1', kind: 'Error', exitStatus: 125});
		t.is(lines.filter(line => line.startsWith('{')).length, 1);
	}

	const done = await run(['exec', '-o', 'json', 'web', '--', 'x']);
	t.deepEqual([done.status, done.stdout], [3, 'out\n']);
	t.notRegex(done.stderr, /apiVersion/, 'a remote status is no failure of spoke');
});
