/** The program from outside: help, usage, old Nodes, and how little a one-shot reads. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {open, readFile, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import {text} from 'node:stream/consumers';
import {setTimeout as delay} from 'node:timers/promises';
import {pathToFileURL} from 'node:url';
import test from 'ava';
import {commandSpecs} from '../../source/commands/command-specs.ts';
import {kubeconfigText} from '../support/kubeconfig-text.ts';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';
import {builtProgram, runSpoke} from '../support/run-spoke.ts';
import {schemaFaults} from '../support/schemas.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

const connecting = commandSpecs.filter(spec => spec.flags.some(flag => flag.name === 'kubeconfig'));

test('help prints every command on stdout and exits 0', async t => {
	const {status, stdout, stderr} = await runSpoke(['--help']);
	t.is(status, 0);
	t.is(stderr, '');
	for (const spec of commandSpecs.filter(spec => spec.name !== 'session')) {
		t.true(stdout.includes(`  ${spec.name} `), spec.name);
	}
});

test('each flag of a command is in its help, or in that of the connection flags', async t => {
	const connection = await runSpoke(['help', 'connection-flags']);
	for (const spec of commandSpecs) {
		const {status, stdout} = await runSpoke([spec.name, '--help']);
		t.is(status, 0, spec.name);
		const shown = stdout.includes('spoke help connection-flags') ? stdout + connection.stdout : stdout;
		for (const flag of spec.flags.filter(flag => !flag.hidden)) {
			t.true(shown.includes(`--${flag.name}`), `${spec.name} --${flag.name}`);
		}
	}
});

test('help of an unknown command is a usage error', async t => {
	const {status, stdout, stderr} = await runSpoke(['help', 'nope']);
	t.is(status, 2);
	t.is(stdout, '');
	t.regex(stderr, /^error: unknown command: nope .*\[ERR_USAGE\]\n$/);
	t.is((await runSpoke(['help', 'session'])).status, 0);
});

test('keys rejects an unreadable keymap instead of printing another one', async t => {
	const {status, stdout, stderr} = await runSpoke(['keys', '--keymap', '/nonexistent/keys.yaml', '-o', 'json']);
	t.is(status, 2);
	t.regex(stderr, /^error: cannot read keymap \/nonexistent\/keys\.yaml: .*\[ERR_KEYMAP\]\n$/);
	t.like(JSON.parse(stdout), {kind: 'Error', code: 'ERR_KEYMAP', exitStatus: 2});
	t.is((await runSpoke(['keys', '--keymap', '/nonexistent/keys.yaml'])).stdout, '');
});

test('keys -o json matches its schema, and its problems set the exit status', async t => {
	const folder = await temporaryDirectory(t);
	const broken = join(folder, 'keymap.yaml');
	await writeFile(broken, 'extends: vim\nbindings: [\n');
	for (const [argv, status, problems] of [
		[['keys'], 0, 0],
		[['keys', '--keymap', 'vim'], 0, 0],
		[['keys', '--check', broken], 2, 1],
	] as const) {
		const ran = await runSpoke([...argv, '-o', 'json']);
		t.is(ran.status, status, ran.stderr);
		const object = JSON.parse(ran.stdout) as {problems: unknown[]};
		t.deepEqual(schemaFaults(object), []);
		t.is(object.problems.length, problems);
	}
});

test('help and tables exit 141 silently when their reader is gone', async t => {
	for (const argv of [['help'], ['keys'], ['completion', 'bash']]) {
		// Starts when the reader is gone.
		const child = spawn('sh', ['-c', 'read -r _; exec "$0" "$@"', process.execPath, builtProgram, ...argv]);
		const said = text(child.stderr);
		child.stdout.destroy();
		await once(child.stdout, 'close');
		child.stdin.end('\n');
		const [status] = (await once(child, 'close')) as [number];
		t.is(status, 141, argv.join(' '));
		t.is(await said, '');
	}
});

const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('a disk that is full is status 14 and no bug of ours', async t => {
	const full = await open('/dev/full', 'w');
	t.teardown(async () => full.close());
	for (const argv of [['help'], ['keys', '-o', 'json'], ['completion', 'bash']]) {
		const child = spawn(process.execPath, [builtProgram, ...argv], {stdio: ['ignore', full.fd, 'pipe']});
		const said = text(child.stderr!);
		const [status] = (await once(child, 'close')) as [number];
		t.is(status, 14, argv.join(' '));
		t.is(await said, 'error: cannot write the output: ENOSPC: no space left on device [ERR_LOCAL_FILE]\n');
	}
});

const refused: ReadonlyArray<readonly [line: string, status: number, said: RegExp]> = [
	['audit --require=', 2, /--require has no value/],
	['audit --min-basis inferred', 2, /--min-basis .* pass --require with it/],
	['logs x --until pod-done', 2, /--until requires -f/],
	['logs x --resume=false', 2, /--resume requires -f/],
	['tail x -A', 2, /--all-namespaces requires -l/],
	['tail x -c c --all-containers', 2, /--all-containers should not be given with container name c/],
	['demo --tour --scenario verified', 2, /--tour runs each posture, so it takes no --scenario/],
	['demo --serve --tour', 2, /--serve and --tour are mutually exclusive/],
	['demo --record x', 2, /--record requires the session/],
	['demo --serve --record x', 2, /--record requires the session/],
	['demo --kubeconfig-out x', 2, /--kubeconfig-out requires --serve/],
	['logs x --pod-running-timeout=0', 2, /--pod-running-timeout must be higher than zero/],
	['exec x --pod-running-timeout=-1s -- ls', 125, /--pod-running-timeout must be higher than zero/],
	['port-forward x 80 --pod-running-timeout 0s', 2, /--pod-running-timeout must be higher than zero/],
	['port-forward svc/x 80 pod/y 80 --on-pod-loss move', 2, /--on-pod-loss=move: pod\/y is a pod, so there is no other pod to move to/],
	['port-forward x 80 --address=', 2, /you must specify at least 1 address/],
	['port-forward x 80 --detached', 2, /--detached is for the processes that spoke starts \(pass --detach\)/],
	['port-forward x 80 --detach -- true', 125, /--detach cannot be used with a command/],
	['forwards nosuch', 2, /"nosuch" must be one of list, stop, logs, check \(/],
	['forwards list x', 2, /list takes no name, got x/],
	['forwards list --all', 2, /--all applies only to stop/],
	['forwards stop', 2, /stop takes either names or local ports, or --all/],
	['forwards stop x --all', 2, /stop takes either names or local ports, or --all/],
	['forwards stop x --follow', 2, /--follow applies only to logs/],
	['forwards stop x -o json', 2, /--output applies only to list/],
	['forwards check', 2, /check takes one set or file, got 0/],
	['forwards logs', 2, /logs takes one name or local port, got 0/],
	['proxy get svc/web:80/ --port 0', 2, /--port applies only to the local API proxy/],
	['proxy get svc/web:80/ --accept-hosts x', 2, /--accept-hosts applies only to the local API proxy/],
	['proxy get svc/web:80/ --protocol x', 2, /--protocol requires --websocket/],
	['exec x --record-input -- ls', 125, /--record-input requires --record/],
	['exec x --record= -- ls', 125, /--record has no value/],
	['mcp x', 2, /mcp takes no arguments, got x/],
	['mcp --max-bytes 1', 2, /--max-bytes=1 must be between 4096 and 16777216/],
	['mcp --allow-forward --read-only', 2, /--allow-forward is refused: --read-only is set/],
	['mcp --require nonsense', 2, /unknown requirement "nonsense"/],
	['mcp -n a/b', 2, /invalid namespace "a\/b"/],
	['mcp --max-time 0', 2, /--max-time must be higher than zero/],
	['proxy --no-fail', 2, /--no-fail applies only to one request/],
];
for (const [line, status, said] of refused) {
	test(`\`spoke ${line}\` is rejected before any request to a cluster`, async t => {
		const ended = await runSpoke(line.split(' '));
		t.is(ended.status, status);
		t.regex(ended.stderr, said);
		t.is(ended.stderr.trimEnd().split('\n').length, 1);
	});
}

test('every command that reaches a cluster accepts --read-only', t => {
	t.deepEqual(
		connecting.filter(spec => spec.flags.every(flag => flag.name !== 'read-only')).map(spec => spec.name),
		[],
	);
});

test('a read-only command exits silently with the status of its signal', async t => {
	const silent = createServer();
	const port = await listenOnLoopback(silent);
	t.teardown(() => silent.close());
	const server = `http://127.0.0.1:${port}`;
	for (const argv of [['path', 'pod/x'], ['audit'], ['doctor', 'pod/x']]) {
		const child = spawn(process.execPath, [builtProgram, ...argv, '--server', server], {
			stdio: ['ignore', 'pipe', 'pipe'],
			env: {PATH: process.env['PATH'], HOME: '/nonexistent'},
		});
		const said = Promise.all([text(child.stdout), text(child.stderr)]);
		// It has got as far as asking.
		await once(silent, 'connection');
		child.kill('SIGINT');
		const [status] = (await once(child, 'close')) as [number];
		t.is(status, 130, argv.join(' '));
		t.deepEqual(await said, ['', ''], argv.join(' '));
	}
});

test('a signal ends a command whose credential plugin hangs', async t => {
	const folder = await temporaryDirectory(t);
	const exec = {
		apiVersion: 'client.authentication.k8s.io/v1',
		interactiveMode: 'Never',
		command: 'sh',
		args: ['-c', 'echo started >&2; exec sleep 60'],
	};
	const kubeconfig = join(folder, 'kubeconfig');
	await writeFile(kubeconfig, kubeconfigText({server: 'https://127.0.0.1:1', user: {exec}}));
	for (const argv of [
		['path', 'pod/x'],
		['logs', 'x'],
		['exec', 'x', '--', 'true'],
	]) {
		const child = spawn(process.execPath, [builtProgram, '--kubeconfig', kubeconfig, ...argv], {
			stdio: ['ignore', 'ignore', 'pipe'],
			env: {PATH: process.env['PATH'], HOME: '/nonexistent'},
		});
		await once(child.stderr, 'data');
		child.kill('SIGTERM');
		const first = await Promise.race([once(child, 'exit'), delay(5000, null, {ref: false})]);
		child.kill('SIGKILL');
		t.is(first?.[0], 143, argv.join(' '));
	}
});

test('an unknown command prints one line and exits 2', async t => {
	const {status, stdout, stderr} = await runSpoke(['lgos']);
	t.is(status, 2);
	t.is(stdout, '');
	t.regex(stderr, /^error: unknown command: lgos .*\[ERR_USAGE\]\n$/);
});

const misspelled: ReadonlyArray<readonly [line: string, suggestion: RegExp]> = [
	['lgos', /\(did you mean `spoke logs`\? list the commands with `spoke help`\)/],
	['port-foward', /did you mean `spoke port-forward`\?/],
	['help audti', /did you mean `spoke audit`\?/],
	['get', /unknown command: get \(use `kubectl get`, or `spoke` for lists\)/],
	['-A get', /unknown command: get \(use `kubectl get`, or `spoke` for lists\)/],
	['nothing', /unknown command: nothing \(list the commands/],
	['logs x --folow', /unknown flag: --folow \(did you mean --follow\?\)/],
	['logs x --tial=3', /did you mean --tail\?/],
	['logs x --nope', /unknown flag: --nope \[|unknown flag: --nope \((?!did)/],
];
for (const [line, suggestion] of misspelled) {
	test(`\`spoke ${line}\` suggests at most one word, on the error line`, async t => {
		const {status, stderr} = await runSpoke(line.split(' '));
		t.is(status, 2);
		t.regex(stderr, suggestion);
		t.is(stderr.trimEnd().split('\n').length, 1);
	});
}

test('version and --version print the same, also after the flags of an alias', async t => {
	const {version} = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {version: string};
	for (const line of ['version', '--version', '--context x version', '--read-only --version']) {
		t.deepEqual(await runSpoke(line.split(' ')), {status: 0, stdout: `spoke ${version}\n`, stderr: ''}, line);
	}

	for (const line of ['version -o json', '--version -o json', '--version --output=json']) {
		const {status, stdout} = await runSpoke(line.split(' '));
		t.is(status, 0, line);
		t.like(JSON.parse(stdout), {apiVersion: 'spoke/v1', kind: 'Version', version, node: process.versions.node}, line);
	}

	t.is((await runSpoke(['version', 'x'])).status, 2);
});

test('piped help wraps at 80 columns', async t => {
	for (const spec of commandSpecs) {
		const {stdout} = await runSpoke([spec.name, '--help']);
		t.deepEqual(
			stdout.split('\n').filter(line => line.length > 80),
			[],
			spec.name,
		);
	}
});

test('an unknown command with -o json prints an Error object', async t => {
	const {status, stdout} = await runSpoke(['nosuch', '-o', 'json']);
	t.is(status, 2);
	t.like(JSON.parse(stdout), {kind: 'Error', code: 'ERR_USAGE', exitStatus: 2});
});

test('an unknown flag exits 2 with one line, or with an Error object for -o json', async t => {
	const {status, stdout, stderr} = await runSpoke(['path', 'pod/x', '-o', 'json', '--nope']);
	t.is(status, 2);
	t.regex(stderr, /^error: unknown flag: --nope .*\[ERR_USAGE\]\n$/);
	const object = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
	t.like(object, {apiVersion: 'spoke/v1', kind: 'Error', code: 'ERR_USAGE', leg: 0, exitStatus: 2});
});

test('a command without a kubeconfig prints one line and exits 5, or 125 for remote statuses', async t => {
	const needsTarget: Readonly<Record<string, readonly string[]>> = {
		exec: ['x', '--', 'true'],
		attach: ['x'],
		debug: ['x', '--image=busybox'],
		'port-forward': ['x', '80'],
		cp: ['x:/file', 'file'],
		proxy: ['get', 'pod/x/'],
		logs: ['x'],
		path: ['pod/x'],
		doctor: ['pod/x'],
	};
	for (const spec of connecting.filter(spec => !['session', 'tail', 'demo', 'completion', 'keys'].includes(spec.name))) {
		const {status, stdout, stderr} = await runSpoke([spec.name, ...(needsTarget[spec.name] ?? [])]);
		t.is(status, ['exec', 'attach', 'debug'].includes(spec.name) ? 125 : 5, spec.name);
		// What stops doctor is its finding: it stands at the end of the report.
		t.regex(
			spec.name === 'doctor' ? stdout : stderr,
			spec.name === 'doctor' ? /\nstopped at [^\n]+\[ERR_NO_KUBECONFIG\]\n$/ : /^error: [^\n]+\[ERR_NO_KUBECONFIG\]\n$/,
			spec.name,
		);
	}
});

test('an old Node prints a one-line error', async t => {
	const folder = await temporaryDirectory(t);
	// The check reads process.versions, which a file loaded before can set back.
	const old = join(folder, 'old.mjs');
	await writeFile(old, 'Object.defineProperty(process, "versions", {value: {...process.versions, node: "20.11.1"}});');
	const {status, stderr} = await runSpoke(['--help'], {node: ['--import', pathToFileURL(old).href]});
	t.is(status, 1);
	t.is(stderr, "spoke needs Node.js 22.18 or later; this is 20.11.1 (to run it with another: npx --package=node@24 -c 'spoke --help')\n");
});

test('the entry point uses no syntax newer than Node 20', async t => {
	const text = await readFile(builtProgram, 'utf8');
	t.notRegex(text, /\busing\s+[a-z_$]\w*\s*=/);
});

test('a one-shot command loads at most two files of spoke, and not Ink', async t => {
	const folder = await temporaryDirectory(t);
	const seen = join(folder, 'seen.txt');
	const watcher = join(folder, 'watch.mjs');
	await writeFile(
		watcher,
		`import {registerHooks} from 'node:module';
import {appendFileSync} from 'node:fs';
registerHooks({load(url, context, next) { if (url.startsWith('file:')) appendFileSync(${JSON.stringify(seen)}, url + '\\n'); return next(url, context); }});`,
	);
	for (const argv of [
		['logs', 'x'],
		['port-forward', 'x', '80'],
		['exec', 'x', '--', 'true'],
		['proxy', 'get', 'pod/x/'],
		['path', 'pod/x'],
	]) {
		await writeFile(seen, '');
		await runSpoke(argv, {node: ['--import', pathToFileURL(watcher).href]});
		const files = (await readFile(seen, 'utf8'))
			.trim()
			.split('\n')
			.filter(url => !url.endsWith('watch.mjs'));
		t.true(files.length <= 2, `${argv[0]!}: ${files.join(' ')}`);
		for (const url of files) {
			t.notRegex(await readFile(new URL(url), 'utf8'), /yoga|react-reconciler/, url);
		}
	}
});

test('the licenses of bundled packages are shipped', async t => {
	const text = await readFile(new URL('../../build/LICENSES.txt', import.meta.url), 'utf8');
	for (const name of ['ink', 'react', 'ws', 'yaml', 'yoga-layout']) {
		t.regex(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+: `, 'm'), name);
	}

	t.notRegex(text, /^(?:esbuild|typescript|ava) \d/m);
});
