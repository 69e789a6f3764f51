import {chmod, mkdir, readFile, writeFile} from 'node:fs/promises';
import {join, relative} from 'node:path';
import process from 'node:process';
import {text} from 'node:stream/consumers';
import {setTimeout as delay} from 'node:timers/promises';
import anyTest, {type TestFn} from 'ava';
import {execa} from 'execa';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import {execPlugin} from '../../source/cluster/credentials/user-credentials.ts';
import {processTerminal} from '../../source/cluster/credentials/run-plugin.ts';
import {emptyCluster} from '../../source/cluster/kubeconfig/kubeconfig-shape.ts';
import {parseServerUrl} from '../../source/cluster/transport/server-url.ts';
import {type ScriptedServer, serve, startServer} from '../support/api-server.ts';
import {until} from '../support/until.ts';

const test = anyTest as TestFn<{server: ScriptedServer; good: Set<string>; seen: string[]}>;

test.beforeEach(async t => {
	const good = new Set(['Bearer t1']);
	const seen: string[] = [];
	const server = await startServer({
		request(request, response) {
			seen.push(request.headers.authorization ?? '');
			response.statusCode = good.has(request.headers.authorization ?? '') ? 200 : 401;
			response.setHeader('content-type', 'application/json');
			response.end(response.statusCode === 200 ? '{}' : '{"kind":"Status","message":"Unauthorized","code":401}');
		},
	});
	t.context = {server, good, seen};
});

test.afterEach.always(async t => {
	await t.context.server.close();
});

/** Issues token t1, t2… per run; `between` is shell text that runs before. */
async function withPlugin(
	server: ScriptedServer,
	{
		between = '',
		expires = '',
		environment = {},
		exec = {},
	}: {between?: string; expires?: string; environment?: NodeJS.ProcessEnv; exec?: Record<string, unknown>} = {},
): Promise<ClusterClient> {
	const file = join(server.folder, 'plugin');
	await writeFile(
		file,
		`#!/bin/sh
echo run >> "${server.folder}/runs"
n=$(wc -l < "${server.folder}/runs" | tr -d ' ')
${between}
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t'$n'"${expires}}}'
`,
	);
	await chmod(file, 0o700);
	return server.cluster({
		user: {exec: {apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', interactiveMode: 'Never', ...exec}},
		environment: {PATH: process.env['PATH'], ...environment},
	});
}

async function runs({folder}: ScriptedServer): Promise<number> {
	return (await readFile(join(folder, 'runs'), 'utf8').catch(() => '')).split('\n').length - 1;
}

test('runs the plugin on the first request, and once for simultaneous requests', async t => {
	const cluster = await withPlugin(t.context.server, {between: 'sleep 0.2'});
	t.is(await runs(t.context.server), 0);
	await Promise.all(Array.from({length: 12}, async () => cluster.json({path: '/'})));
	await cluster.json({path: '/'});
	t.is(await runs(t.context.server), 1);
	const connection = await cluster.connect();
	t.is(connection.facts.clientAuth, 'exec');
	connection.close();
});

test('reruns the plugin only after its credential expires', async t => {
	const {server} = t.context;
	await withPlugin(server, {expires: ',"expirationTimestamp":"2030-01-01T00:00:00Z"'});
	let now = Date.parse('2029-12-31T23:00:00Z');
	const {current} = execPlugin(
		{
			command: join(server.folder, 'plugin'),
			args: [],
			env: [],
			apiVersion: 'client.authentication.k8s.io/v1',
			installHint: '',
			provideClusterInfo: false,
			interactiveMode: 'Never',
		},
		{cluster: emptyCluster(), server: parseServerUrl(server.url), environment: {PATH: process.env['PATH'], HOME: server.folder}},
		() => now,
	);
	const token = async () => (await current()).authorization;
	t.is(await token(), 'Bearer t1');
	now = Date.parse('2030-01-01T00:00:00Z');
	t.is(await token(), 'Bearer t1');
	now++;
	t.is(await token(), 'Bearer t2');
});

test('reruns the plugin after a 401 and retries the request once', async t => {
	const {server, good, seen} = t.context;
	const cluster = await withPlugin(server);
	await cluster.json({path: '/'});
	good.clear();
	good.add('Bearer t2');
	await cluster.json({path: '/'});
	t.deepEqual(seen, ['Bearer t1', 'Bearer t1', 'Bearer t2']);
	good.clear();
	await t.throwsAsync(cluster.json({path: '/'}), {code: 'ERR_CREDENTIALS'});
	t.deepEqual(seen.slice(3), ['Bearer t2', 'Bearer t3']);
});

test('closes a pooled connection when the plugin fails', async t => {
	const {server, good} = t.context;
	for (let run = 1; run < 10; run++) {
		good.add(`Bearer t${run}`);
	}

	const cluster = await withPlugin(server, {
		between: `[ -e "${server.folder}/broken" ] && exit 1`,
		expires: ',"expirationTimestamp":"2020-01-01T00:00:00Z"',
	});
	await cluster.json({path: '/'});
	await writeFile(join(server.folder, 'broken'), '');
	await t.throwsAsync(cluster.json({path: '/'}), {code: 'ERR_CREDENTIAL_PLUGIN'});
	await until(() => server.sockets.size === 0, server.sockets);

	t.is(server.sockets.size, 0);
});

test('reruns the plugin once when pipelined requests get a 401', async t => {
	const {server, good, seen} = t.context;
	const cluster = await withPlugin(server);
	good.clear();
	good.add('Bearer t2');
	const connection = await cluster.connect();
	const answers = await Promise.all(
		['/a', '/b', '/c'].map(async path => {
			const {status, body} = await connection.pipelined({path});
			return [status, await text(body)];
		}),
	);
	t.deepEqual(
		answers,
		Array.from({length: 3}, () => [200, '{}']),
	);
	t.deepEqual([...new Set(seen)], ['Bearer t1', 'Bearer t2']);
	t.is(await runs(server), 2);
	connection.close();
});

test('requests are sent in the order of their calls, although each runs the plugin', async t => {
	const paths: string[] = [];
	const server = await serve(t, (request, response) => {
		paths.push(request.url!);
		response.end('{}');
	});
	const cluster = await withPlugin(server, {expires: ',"expirationTimestamp":"2020-01-01T00:00:00Z"'});
	const connection = await cluster.connect();
	const {signal} = new AbortController();
	await Promise.all([
		connection.pipelined({path: '/first', signal}),
		connection.pipelined({path: '/second'}),
		connection.request({path: '/third', canFollowPipelined: true}),
	]);
	t.deepEqual(paths, ['/first', '/second', '/third']);
	connection.close();
});

test('kills a hung plugin and its children after SPOKE_EXEC_TIMEOUT', async t => {
	const cluster = await withPlugin(t.context.server, {
		between: `(while :; do echo x >> "${t.context.server.folder}/beat"; sleep 0.05; done) & sleep 60`,
		environment: {SPOKE_EXEC_TIMEOUT: '2s'},
	});
	const began = performance.now();
	await t.throwsAsync(cluster.json({path: '/'}), {code: 'ERR_CREDENTIAL_PLUGIN', message: /did not exit within 2 s/});
	t.true(performance.now() - began < 20_000);
	const beats = async () => (await readFile(join(t.context.server.folder, 'beat'), 'utf8')).length;
	await delay(50);
	const last = await beats();
	t.true(last > 0);
	await delay(300);
	t.is(await beats(), last);
});

for (const [title, between] of [
	['its stderr', 'echo started >&2; sleep 12 >/dev/null &'],
	['no output', 'sleep 12 >/dev/null 2>&1 &'],
] as const) {
	test(`does not wait for a helper of the plugin that holds ${title}`, async t => {
		const cluster = await withPlugin(t.context.server, {between, environment: {SPOKE_EXEC_TIMEOUT: '10s'}});
		await t.notThrowsAsync(cluster.json({path: '/'}));
		t.deepEqual(t.context.seen, ['Bearer t1']);
	});
}

test('waits for a helper of the plugin that holds its stdout', async t => {
	const late = `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t1"}}`;
	const cluster = await withPlugin(t.context.server, {between: `(sleep 1; echo '${late}') & exit 0`});
	await t.notThrowsAsync(cluster.json({path: '/'}));
	t.deepEqual(t.context.seen, ['Bearer t1']);
	const held = await withPlugin(t.context.server, {between: 'sleep 30 & exit 0', environment: {SPOKE_EXEC_TIMEOUT: '1s'}});
	await t.throwsAsync(held.json({path: '/'}), {code: 'ERR_CREDENTIAL_PLUGIN', message: /did not close stdout within 1 s/});
});

test('kills a plugin that prints without end', async t => {
	const cluster = await withPlugin(t.context.server, {between: 'yes 0123456789012345678901234567890123456789 | head -c 100000000'});
	const began = performance.now();
	await t.throwsAsync(cluster.json({path: '/'}), {code: 'ERR_CREDENTIAL_PLUGIN', message: /printed more than 1 MiB/});
	t.true(performance.now() - began < 20_000);
});

const failures: ReadonlyArray<[string, string, RegExp]> = [
	['exits 1', 'echo secret-hint >&2; exit 1', /failed with exit code 1/],
	['is killed', 'kill -9 $$', /was terminated by SIGKILL/],
	['prints junk', 'echo "token: secret-hint }{"; exit 0', /did not print an ExecCredential/],
	['prints nothing', 'exit 0', /did not print an ExecCredential/],
];

for (const [title, between, message] of failures) {
	test(`reports a plugin that ${title} in one line, without its output`, async t => {
		const cluster = await withPlugin(t.context.server, {between});
		const error = await t.throwsAsync(cluster.json({path: '/'}), {code: 'ERR_CREDENTIAL_PLUGIN', message});
		t.notRegex(error.message, /secret-hint|\n/);
		t.is((error as {exitStatus?: number}).exitStatus, 6);
	});
}

for (const [title, args] of [
	['too long for the system', ['x'.repeat(4 * 1024 * 1024)]],
	['with a null byte', ['a\0b']],
] as const) {
	test(`reports a plugin that cannot start with an argument ${title}`, async t => {
		const cluster = await withPlugin(t.context.server, {exec: {args}});
		const error = await t.throwsAsync(cluster.json({path: '/'}), {code: 'ERR_CREDENTIAL_PLUGIN', message: /cannot be run: E\w+$/});
		t.true(error.message.length < 200);
	});
}

test('reports a plugin that cannot start without free file descriptors', async t => {
	const program = `
		import {closeSync, openSync} from 'node:fs';
		const {execPlugin} = await import(${JSON.stringify(new URL('../../source/cluster/credentials/user-credentials.ts', import.meta.url).href)});
		await import(${JSON.stringify(new URL('../../source/cluster/credentials/run-plugin.ts', import.meta.url).href)});
		const exec = {command: '/bin/false', args: [], env: [], apiVersion: 'client.authentication.k8s.io/v1', installHint: '', interactiveMode: 'Never'};
		const {current} = execPlugin(exec, {cluster: {}, server: {}, environment: {KUBECTL_KUBERC: 'false'}});
		const held = [];
		try {
			for (;;) held.push(openSync('/dev/null'));
		} catch {}
		const outcomes = new Set();
		for (let free = 0; free < 16; free += 4) {
			const error = await current().catch(thrown => thrown);
			outcomes.add(error.code + ' ' + error.message.replace(/.*false /, ''));
			for (const fd of held.splice(-4)) closeSync(fd);
		}
		for (const fd of held) closeSync(fd);
		for (const outcome of outcomes) console.log(outcome);`;
	const {stdout} = await execa('sh', ['-c', 'ulimit -n 100; exec "$0" --input-type=module -e "$1"', process.execPath, program]);
	t.is(stdout, 'ERR_CREDENTIAL_PLUGIN cannot be run: EMFILE\nERR_CREDENTIAL_PLUGIN failed with exit code 1');
});

// Serial, because plugins of other tests would count, too.
test.serial('plugins that run at once share one listener for the exit of spoke', async t => {
	const {server} = t.context;
	const before = process.listenerCount('exit');
	const clusters = await Promise.all(
		Array.from({length: 3}, async () => withPlugin(server, {between: `until [ -e "${server.folder}/go" ]; do sleep 0.05; done`})),
	);
	const requests = clusters.map(async cluster => cluster.request({path: '/'}));
	await until(async () => (await runs(server)) === 3);
	t.is(process.listenerCount('exit') - before, 1);
	await writeFile(join(server.folder, 'go'), '');
	await Promise.all(requests);
	t.is(process.listenerCount('exit'), before);
});

for (const text of ['soon', '-5s']) {
	test(`rejects SPOKE_EXEC_TIMEOUT=${text}`, async t => {
		await t.throwsAsync(withPlugin(t.context.server, {environment: {SPOKE_EXEC_TIMEOUT: text}}), {
			code: 'ERR_USAGE',
			message: `SPOKE_EXEC_TIMEOUT=${text} is not a valid duration`,
		});
	});
}

test('passes arguments to the plugin without a shell', async t => {
	const {server} = t.context;
	const cluster = await withPlugin(server, {
		between: `printf '%s\\n' "$@" > "${server.folder}/arguments"`,
		exec: {args: ['$(touch x); a', 'b c', '*', '`id`']},
	});
	await cluster.json({path: '/'});
	t.is(await readFile(join(server.folder, 'arguments'), 'utf8'), '$(touch x); a\nb c\n*\n`id`\n');
});

for (const [where, settings] of [
	['on the PATH that the kubeconfig sets for it', (evil: string) => ({exec: {env: [{name: 'PATH', value: `${evil}:/usr/bin:/bin`}]}})],
	['in the working directory', (evil: string) => ({path: `${relative(process.cwd(), evil)}:`})],
] as const) {
	test(`finds the plugin on the user’s PATH, whatever lies ${where}`, async t => {
		const {server, seen} = t.context;
		const [good, evil] = [join(server.folder, 'good'), join(server.folder, 'evil')];
		for (const [folder, token] of [
			[good, 't1'],
			[evil, 'evil'],
		] as const) {
			await mkdir(folder);
			await writeFile(
				join(folder, 'helper'),
				`#!/bin/sh\necho '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"${token}"}}'\n`,
				{mode: 0o700},
			);
		}

		const {exec = {}, path = ''}: {exec?: Record<string, unknown>; path?: string} = settings(evil);
		const cluster = await withPlugin(server, {
			exec: {command: 'helper', ...exec},
			environment: {PATH: `${path}${good}:${process.env['PATH']}`},
		});
		await cluster.json({path: '/'});
		t.deepEqual(seen, ['Bearer t1']);
	});
}

test('does not run the plugin for an aborted signal', async t => {
	const cluster = await withPlugin(t.context.server, {between: 'exit 1'});
	const reason = new Error('left');
	t.is(await t.throwsAsync(cluster.logIn(AbortSignal.abort(reason))), reason);
	await delay(300);
	t.is(await runs(t.context.server), 0);
});

test('an abort releases one waiter, and the others get their credential', async t => {
	const {server} = t.context;
	const goOn = join(server.folder, 'go-on');
	const cluster = await withPlugin(server, {between: `until [ -e "${goOn}" ]; do sleep 0.05; done`});
	const controller = new AbortController();
	const left = cluster.json({path: '/', signal: controller.signal});
	const stays = cluster.json({path: '/'});
	await until(async () => runs(server));
	const reason = new Error('left');
	controller.abort(reason);
	t.is(await t.throwsAsync(left), reason);
	await writeFile(goOn, '');
	await stays;
	t.is(await runs(t.context.server), 1);
});

test('the terminal is lent to one plugin at a time', async t => {
	const order: string[] = [];
	const {promise, resolve} = Promise.withResolvers<void>();
	const first = processTerminal.lend('one', async () => {
		order.push('one begins');
		await promise;
		order.push('one ends');
	});
	const second = processTerminal.lend('two', async () => {
		order.push('two begins');
	});
	await delay(0);
	resolve();
	await Promise.all([first, second]);
	t.deepEqual(order, ['one begins', 'one ends', 'two begins']);
});
