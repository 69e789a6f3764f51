import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {open, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {exitCode, failure, startCommandServer, status, success, type FarSide, type Refusal} from '../../support/command-server.ts';
import {receivedBytes} from '../../support/read-stream.ts';
import {builtProgram, runSpoke} from '../../support/run-spoke.ts';
import {openTerminal} from '../../support/terminal.ts';
import {until, untilStable} from '../../support/until.ts';

type Teardown = {teardown: (end: () => Promise<void>) => void};

async function serve(t: Teardown, script: (far: FarSide) => void | Promise<void>, options: Parameters<typeof startCommandServer>[1] = {}) {
	const server = await startCommandServer(script, options);
	t.teardown(async () => server.close());
	await server.cluster();
	return {server, config: ['--kubeconfig', join(server.folder, 'config-1')]};
}

for (const code of [0, 1, 2, 42, 126, 127, 137, 255]) {
	test(`exec exits with remote status ${code} and prints kubectl’s message`, async t => {
		const {config} = await serve(t, far => {
			far.stdout('out\n');
			far.stderr('err\n');
			far.status(code === 0 ? success : exitCode(code));
			far.close();
		});
		t.deepEqual(await runSpoke(['exec', ...config, 'web', '--', 'x']), {
			status: code,
			stdout: 'out\n',
			stderr: code === 0 ? 'err\n' : `err\ncommand terminated with exit code ${code} [ERR_REMOTE_EXIT]\n`,
		});
	});
}

const wrong: ReadonlyArray<
	[
		title: string,
		argv: readonly string[],
		says: RegExp,
		options?: Parameters<typeof startCommandServer>[1] & {far?: (far: FarSide) => void},
	]
> = [
	['no command', ['web'], /^error: a command is required after -- .*\[ERR_USAGE\]\n$/],
	['no command, and a target that a shell would run', ['pod/$(id)'], /\(spoke exec 'pod\/\$\(id\)' -- COMMAND\)/],
	['a command without --', ['web', 'ls'], /^error: expected one target before --.*\[ERR_USAGE\]\n$/],
	['no pod', ['gone', '--', 'ls'], /^error: .*gone.*not found.*\[ERR_NOT_FOUND\]\n$/],
	[
		'no such container',
		['web', '-c', 'nope', '--', 'ls'],
		/^error: container nope is not valid for pod web out of: app.*\[ERR_NOT_FOUND\]\n$/,
	],
	[
		'a pod that ended',
		['web', '--', 'ls'],
		/^error: cannot exec into a container in a completed pod; current phase is Failed.*\[ERR_TARGET_GONE\]\n$/,
		{pod: {status: {phase: 'Failed'}}},
	],
	[
		'a user who may not',
		['web', '--', 'ls'],
		/^error: .*cannot create resource "pods\/exec".*\[ERR_FORBIDDEN\]\n$/,
		{refuse: () => forbidden},
	],
	[
		'a program that is not there',
		['web', '--', 'nosuch'],
		/^error: Internal error occurred: .*nosuch.*\$PATH: the command could not be started .*\[ERR_COMMAND_NOT_STARTED\]\n$/,
		{
			far(far) {
				far.status(failure('Internal error occurred: OCI runtime exec failed: exec: "nosuch": executable file not found in $PATH'));
				far.close();
			},
		},
	],
	[
		'a stream that is cut',
		['web', '--', 'ls'],
		/^error: .*leg 2.*\[ERR_STREAM_LOST\].*\n$/,
		{
			far(far) {
				far.socket.end();
			},
		},
	],
	['a read-only call', ['web', '--read-only', '--', 'ls'], /^error: exec is refused: --read-only is set.*\[ERR_READ_ONLY\]\n$/],
];

for (const [title, argv, says, {far = () => {}, ...options} = {}] of wrong) {
	test(`${title} prints one line with the cause and exits 125`, async t => {
		const {config} = await serve(t, far, options);
		const {status: ended, stdout, stderr} = await runSpoke(['exec', ...config, ...argv]);
		t.is(ended, 125);
		t.is(stdout, '');
		t.regex(stderr, says);
	});
}

test('xargs continues after a pod that is gone', async t => {
	const {config} = await serve(t, far => {
		far.stdout('ran\n');
		far.status(success);
		far.close();
	});
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
	const {server, config} = await serve(t, far => {
		far.status(success);
		far.close();
	});
	const [here, file] = [join(server.folder, 'here.yaml'), join(server.folder, 'shop.yaml')];
	await writeFile(here, 'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n');
	await writeFile(file, 'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n');
	const run = async (...argv: string[]) => runSpoke(['exec', ...config, ...argv, '--', 'x']);
	t.like(await run('-f', here), {status: 0, stderr: ''});
	t.like(await runSpoke(['exec', ...config, '-f', '-', '--', 'x'], {input: await readFile(here, 'utf8')}), {status: 0, stderr: ''});
	for (const [argv, says] of [
		[['-f', file], /^error: .*namespaces\/shop\/pods\/web not found/],
		[['-f', file, 'web'], /^error: resource\/name arguments cannot be provided when a path is specified/],
		[
			['-f', file, '-n', 'other'],
			/^error: the namespace from the provided object "shop" does not match the namespace "other" \(pass --namespace=shop\) \[ERR_USAGE\]/,
		],
		[['-f', `${file},${file}`], /^error: cannot exec into multiple objects at a time/],
		[['-i', '-f', '-'], /^error: stdin cannot be both the manifest and the input of the command/],
		[['-f', `${file}.gone`], /^error: .*cannot be read: ENOENT.*\[ERR_LOCAL_FILE\]/],
	] as ReadonlyArray<[string[], RegExp]>) {
		const {status, stderr} = await run(...argv);
		t.is(status, 125);
		t.regex(stderr, says);
	}
});

test('stdin reaches the container completely, including its end', async t => {
	const {config} = await serve(t, async far => {
		far.stdout(await receivedBytes(far.stdin));
		far.status(success);
		far.close();
	});
	const {status: ended, stdout} = await runSpoke(['exec', ...config, '-i', 'web', '--', 'cat'], {input: 'x'.repeat(500_000)});
	t.is(ended, 0);
	t.is(stdout.length, 500_000);
});

test('exec reports unsent input, also with -q, and only if there is some', async t => {
	const loss = 'the command exited before all of its input was sent\n';
	for (const [input, said, flags] of [
		['x'.repeat(20_000_000), loss, '-i'],
		['x'.repeat(20_000_000), loss, '-iq'],
		['x', '', '-i'],
	] as const) {
		const {config} = await serve(t, async far => {
			await once(far.stdin, 'readable');
			await untilStable(() => far.socket.bytesRead);
			far.status(success);
			far.close();
		});
		t.deepEqual(await runSpoke(['exec', ...config, flags, 'web', '--', 'head'], {input}), {status: 0, stdout: '', stderr: said});
	}
});

for (const [input, fault] of [
	['a directory', 'read /dev/stdin: is a directory'],
	['open for writing only', 'EBADF: bad file descriptor, read'],
] as const) {
	test(`exec reports a stdin that is ${input}, also with -q, and keeps the status`, async t => {
		for (const flags of ['-i', '-iq']) {
			const {server, config} = await serve(t, async far => {
				await receivedBytes(far.stdin);
				far.status(exitCode(3));
				far.close();
			});
			const file = await (input === 'a directory' ? open(server.folder) : open(join(server.folder, 'output'), 'w'));
			t.teardown(async () => file.close());
			const child = spawn(process.execPath, [builtProgram, 'exec', ...config, flags, 'web', '--', 'cat'], {
				stdio: [file.fd, 'ignore', 'pipe'],
			});
			const stderr = receivedBytes(child.stderr!);
			t.deepEqual(await once(child, 'close'), [3, null]);
			t.true(String(await stderr).startsWith(`Copying stdin failed: ${fault}\n`));
		}
	});
}

test('exec reports a file not read to its end, also when the command exits at once', async t => {
	const {server, config} = await serve(t, async far => {
		await once(far.stdin, 'readable');
		far.status(success);
		far.close();
	});
	const name = join(server.folder, 'big');
	await writeFile(name, Buffer.alloc(50_000_000));
	const file = await open(name);
	t.teardown(async () => file.close());
	const child = spawn(process.execPath, [builtProgram, 'exec', ...config, '-i', 'web', '--', 'head'], {stdio: [file.fd, 'ignore', 'pipe']});
	t.is((await receivedBytes(child.stderr!)).toString(), 'the command exited before all of its input was sent\n');
});

test('a slow reader gets all output and status 0, and a lost stream never exits 0', async t => {
	for (const cut of [false, true]) {
		const {config} = await serve(t, async far => {
			const block = Buffer.alloc(32 * 1024, 'y');
			for (let round = 0; round < 200; round++) {
				far.stdout(block);
			}

			await until(() => far.backlog() === 0, far.backlog);

			if (cut) {
				far.socket.end();
			} else {
				far.status(success);
				far.close();
			}
		});
		const child = spawn(process.execPath, [builtProgram, 'exec', ...config, 'web', '--', 'x'], {stdio: ['ignore', 'pipe', 'ignore']});
		const closed = new Promise<number | null>(resolve => {
			child.on('close', resolve);
		});
		let got = 0;
		for await (const piece of child.stdout as AsyncIterable<Buffer>) {
			got += piece.length;
			if (got < 1_000_000) {
				await new Promise(resolve => {
					setTimeout(resolve, 10);
				});
			}
		}

		t.is(await closed, cut ? 125 : 0);
		t.is(got, 200 * 32 * 1024, cut ? 'cut' : 'whole');
	}
});

test('exec exits 141 silently when its reader is gone', async t => {
	const {config} = await serve(t, async far => {
		const block = Buffer.alloc(64 * 1024, 'y');
		await until(
			() => far.socket.destroyed || far.stdout(block),
			() => ({backlog: far.backlog()}),
		);
	});
	const child = spawn(process.execPath, [builtProgram, 'exec', ...config, 'web', '--', 'yes'], {stdio: ['ignore', 'pipe', 'pipe']});
	const closed = new Promise<number | null>(resolve => {
		child.on('close', resolve);
	});
	child.stdout.once('data', () => child.stdout.destroy());
	const said = receivedBytes(child.stderr);
	t.is(await closed, 141);
	t.is((await said).toString(), '');
});

for (const [signal, expected] of [
	['SIGINT', 130],
	['SIGTERM', 143],
	['SIGHUP', 129],
] as const) {
	test(`${signal} ends a silent command promptly with status ${expected}`, async t => {
		const {config} = await serve(t, far => {
			far.stdout('ready');
		});
		const child = spawn(process.execPath, [builtProgram, 'exec', ...config, '-i', 'web', '--', 'sleep'], {stdio: ['pipe', 'pipe', 'pipe']});
		const closed = new Promise<number | null>(resolve => {
			child.on('close', resolve);
		});
		// A child that fails to start has no output to wait for.
		await Promise.race([once(child.stdout, 'data'), closed]);
		const startedAt = Date.now();
		child.kill(signal);
		t.is(await closed, expected);
		t.true(Date.now() - startedAt < 6000);
	});
}

test('exec -t without a local terminal prints a warning, except with -q', async t => {
	const {config} = await serve(t, far => {
		far.stdout(far.url.searchParams.get('tty') ?? 'no tty');
		far.status(success);
		far.close();
	});
	t.deepEqual(await runSpoke(['exec', ...config, '-it', 'web', '--', 'sh']), {
		status: 0,
		stdout: 'no tty',
		stderr: 'Unable to use a TTY - input is not a terminal or the right kind of file\n',
	});
	t.is((await runSpoke(['exec', ...config, '-itq', 'web', '--', 'sh'])).stderr, '');
});

test('exec -q on a terminal prints the path line only if --path requests it', async t => {
	const {config} = await serve(t, far => {
		far.stdout('data');
		far.status(success);
		far.close();
	});
	const written = async (...flags: string[]) => {
		const terminal = await openTerminal(t, ['exec', ...config, ...flags, 'web', '--', 'x'], {home: '/nonexistent'});
		t.is(await terminal.ended(), 0);
		return terminal.raw();
	};

	t.regex(await written(), /path: you/);
	t.is(await written('-q'), 'data');
	t.regex(await written('-q', '--path=always'), /path: you/);
});

const lives: ReadonlyArray<[title: string, container: string, spec: object, words: RegExp | null]> = [
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
];
for (const [title, container, more, words] of lives) {
	test(`attach to ${title} prints how to resume the session, if possible`, async t => {
		const spec = {nodeName: 'n1', containers: [{name: 'app', tty: true, stdin: true}], ...more};
		const {config} = await serve(
			t,
			far => {
				far.status(success);
				far.close();
			},
			{pod: {spec}},
		);
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
		const spec = {nodeName: 'n1', containers: [{name: 'app', tty: true, stdin: true}]};
		const {config} = await serve(
			t,
			far => {
				far.stdout(['stdin', 'stdout', 'stderr', 'tty'].map(name => `${name}=${far.url.searchParams.get(name)}`).join(' '));
				far.status(success);
				far.close();
			},
			{pod: {spec}},
		);
		const {status, stdout, stderr} = await runSpoke(['attach', ...config, ...flags, 'web']);
		t.is(status, 0, stderr);
		t.is(stdout, `stdin=${flags[0] === '-i' ? 'true' : null} stdout=true stderr=null tty=true`);
		t.is(stderr.startsWith('Unable') ? `${stderr.split('\n', 1)[0]}\n` : '', notice);
	});
}

test('exec --path=json writes the path to stderr, never into the data', async t => {
	const {config} = await serve(t, far => {
		far.stdout('data');
		far.status(success);
		far.close();
	});
	const {stdout, stderr} = await runSpoke(['exec', ...config, '--path=json', 'web', '--', 'x']);
	t.is(stdout, 'data');
	const path = JSON.parse(stderr.split('\n', 1)[0]!) as {
		kind: string;
		feature: string;
		target: {container: string};
		legs: Array<{tls: {state: string}}>;
	};
	t.is(path.kind, 'Path');
	t.is(path.feature, 'exec');
	t.is(path.target.container, 'app');
	t.is(path.legs[0]!.tls.state, 'verified');
});

test('attach prints kubectl’s hints, accepts detach keys, and is rejected by --read-only', async t => {
	const {config} = await serve(t, far => {
		far.stdout('from the container\n');
		far.status(success);
		far.close();
	});
	const attached = await runSpoke(['attach', ...config, 'web']);
	t.is(attached.status, 0);
	t.is(attached.stdout, 'from the container\n');
	t.regex(
		attached.stderr,
		/^All commands and output from this session will be recorded in container logs.*\nIf you don't see a command prompt, try pressing enter\.\n$/,
	);
	t.like(
		await runSpoke(['attach', ...config, 'pod', 'web']),
		{status: 0, stdout: 'from the container\n'},
		'a kind and a name may be two words',
	);
	for (const words of [[], ['pod/web', 'pod/web'], ['pod', 'web', 'web']]) {
		t.regex((await runSpoke(['attach', ...config, ...words])).stderr, /^error: one target is required/);
	}

	t.regex((await runSpoke(['attach', ...config, '--detach-keys=nope', 'web'])).stderr, /unknown key "nope"/);
	t.regex((await runSpoke(['attach', ...config, '--read-only', 'web'])).stderr, /\[ERR_READ_ONLY\]/);
	t.regex((await runSpoke(['debug', ...config, '--read-only', 'web', '--image=x'])).stderr, /\[ERR_READ_ONLY\]/);
});

const forbidden: Refusal = {
	status: 403,
	body: JSON.stringify(
		status(
			403,
			'pods "web" is forbidden: User "ada" cannot create resource "pods/exec" in API group "" in the namespace "default"',
			'Forbidden',
		),
	),
};

for (const carrier of ['websocket', 'spdy'] as const) {
	test(`exec exits when the command ends, even if the server stops reading input (${carrier})`, async t => {
		const {config} = await serve(t, async far => {
			await once(far.stdin, 'readable');
			far.socket.pause();
			await delay(1000);
			far.stdout('said\n');
			far.status(exitCode(3));
		});
		const env = carrier === 'spdy' ? {KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false'} : {};
		t.deepEqual(await runSpoke(['exec', ...config, '-i', 'web', '--', 'head'], {input: 'x'.repeat(50_000_000), env, timeoutMs: 50_000}), {
			status: 3,
			stdout: 'said\n',
			stderr: 'the command exited before all of its input was sent\ncommand terminated with exit code 3 [ERR_REMOTE_EXIT]\n',
		});
	});
}

test('-o json leaves stdout to the remote command and puts the Error object last on stderr', async t => {
	const {config} = await serve(t, far => {
		far.stdout('out\n');
		far.status(exitCode(3));
		far.close();
	});
	for (const argv of [
		['exec', '-o', 'json', 'gone', '--', 'true'],
		['attach', '-o', 'json', 'gone'],
		['exec', '--output=json', 'web', '--nope', '--', 'true'],
	]) {
		const {status, stdout, stderr} = await runSpoke([...argv.slice(0, 1), ...config, ...argv.slice(1)]);
		t.is(status, 125);
		t.is(stdout, '', argv.join(' '));
		const lines = stderr.trimEnd().split('\n');
		t.like(JSON.parse(lines.at(-1)!), {apiVersion: 'spoke/v1', kind: 'Error', exitStatus: 125});
		t.is(lines.filter(line => line.startsWith('{')).length, 1);
	}

	const done = await runSpoke(['exec', ...config, '-o', 'json', 'web', '--', 'x']);
	t.deepEqual([done.status, done.stdout], [3, 'out\n']);
	t.notRegex(done.stderr, /apiVersion/, 'a remote status is no failure of spoke');
});
