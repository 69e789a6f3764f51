import {createHash, randomBytes} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {buffer} from 'node:stream/consumers';
import test, {type ExecutionContext} from 'ava';
import {WebSocketServer} from 'ws';
import {answerFrom, type Answers, cutAfter, refuse, reply, serve} from '../../support/api-server.ts';
import {builtProgram, runSpoke, startSpoke} from '../../support/run-spoke.ts';

const base = '/api/v1/namespaces/default/services/web:80/proxy';

async function given(t: ExecutionContext) {
	const seen: string[] = [];
	const framings: string[] = [];
	const sockets = new WebSocketServer({noServer: true, handleProtocols: protocols => [...protocols][0] ?? false});
	sockets.on('connection', (socket, {url}) => {
		socket.on('message', (message, binary) => {
			socket.send(url!.endsWith('/same') ? (message as Buffer) : `you said ${String(message)}`, {binary});
		});
	});
	const fromBackend = answerFrom({
		async [`${base}/hash`](request, response) {
			const hash = createHash('sha256');
			for await (const piece of request) {
				hash.update(piece as Buffer);
			}

			response.end(hash.digest('hex'));
		},
		async [`${base}/early`](request, response) {
			response.write('early');
			for await (const piece of request) {
				seen.push(`${(piece as Buffer).length} bytes`);
			}

			response.end();
		},
		[`${base}/missing`]: reply(404, 'no such page', {'Content-Type': 'text/plain'}),
		[`${base}/away`]: reply(302, 'moved', {Location: 'https://evil.test/'}),
		[`${base}/unreachable`]: refuse(
			503,
			'error trying to reach service: dial tcp 10.0.0.1:80: connect: connection refused',
			'ServiceUnavailable',
		),
		[`${base}/cut`]: cutAfter('half'),
		'*'({method, url}, response) {
			response.writeHead(200, {'X-Backend': 'yes'}).end(`${method} ${url!.split('?', 1)[0]}`);
		},
	} satisfies Answers);
	const server = await serve(
		t,
		{
			'/api/v1/namespaces/default/services/web': {metadata: {name: 'web', uid: 'u'}, spec: {ports: [{name: 'http', port: 80}]}},
			'/api/v1/namespaces/default/services/gone': refuse(404, 'services "gone" not found', 'NotFound'),
			'*'(request, ...others) {
				seen.push(`${request.method} ${request.url} ${request.headers['x-mine'] ?? ''}`.trim());
				framings.push(request.headers['content-length'] ?? request.headers['transfer-encoding'] ?? '');
				return fromBackend(request, ...others);
			},
		},
		{
			upgrade(request, socket, head) {
				sockets.handleUpgrade(request, socket, head, client => {
					sockets.emit('connection', client, request);
					client.on('message', () => {
						if (request.url!.endsWith('/lost')) {
							socket.end();
						}
					});
					if (request.url!.endsWith('/busy')) {
						// Further data fills every buffer in between.
						socket.pause();
						setTimeout(() => socket.resume(), 500);
					}
				});
			},
		},
	);
	return {seen, framings, folder: server.folder, config: await server.config()};
}

/** Starts a listener, and resolves to its address. */
async function listener(t: ExecutionContext, argv: readonly string[]) {
	const running = startSpoke(t, ['proxy', ...argv]);
	await running.sees(/\n/);
	const [, address] = /^Starting to serve on (127\.0\.0\.1:\d+)\n$/.exec(running.output.stdout)!;
	return {...running, address};
}

test('an unreadable body is an error of its file, not of the connection to the apiserver', async t => {
	const {config, folder} = await given(t);
	const {status, stdout, stderr} = await runSpoke(['proxy', 'post', 'svc/web/hash', '--data-file', folder, ...config]);
	t.deepEqual({status, stdout}, {status: 14, stdout: ''});
	t.regex(stderr, /cannot read .*: EISDIR.*\[ERR_LOCAL_FILE\]/);
});

test('a body from a flag, a file or stdin is sent byte for byte', async t => {
	const {config, folder, framings} = await given(t);
	const body = randomBytes(2_000_000);
	await writeFile(join(folder, 'body'), body);
	const expected = createHash('sha256').update(body).digest('hex');
	t.is((await runSpoke(['proxy', 'post', 'svc/web/hash', '--data-file', join(folder, 'body'), ...config])).stdout, expected);
	t.is(
		(await runSpoke(['proxy', 'put', 'svc/web/hash', '--data', 'hello', ...config])).stdout,
		createHash('sha256').update('hello').digest('hex'),
	);
	t.is(
		(await runSpoke(['proxy', 'patch', 'svc/web/hash', '--data-file', '-', ...config], {input: 'from stdin'})).stdout,
		createHash('sha256').update('from stdin').digest('hex'),
	);
	t.deepEqual(
		framings,
		['2000000', '5', '10'],
		'an apiserver drops what it has not passed on of a body of unknown length, once its backend begins to answer',
	);
});

test('warns of lost data if a response starts before a body of unknown length is sent', async t => {
	const {config, folder} = await given(t);
	await writeFile(join(folder, 'body'), 'x'.repeat(10));
	const stdio = 'pipe';
	const {child, ended, sees} = startSpoke(t, ['proxy', 'post', 'svc/web/early', '--data-file', '-', ...config], {stdio});
	// A body that pauses has no length.
	child.stdin.write('begun');
	await sees(/early/);
	child.stdin.end(' and ended');
	const {status, stderr} = await ended;
	t.is(status, 0);
	t.regex(stderr, /started before the body was sent.*may have dropped.*--data-file FILE/);
	t.is((await runSpoke(['proxy', 'post', 'svc/web/early', '--data-file', join(folder, 'body'), ...config])).stderr, '');
	t.is((await runSpoke(['proxy', 'post', 'svc/web/hash', '--data-file', '-', ...config], {input: 'whole'})).stderr, '');
});

test('a backend error is printed and exits 1, except with --no-fail', async t => {
	const {config} = await given(t);
	const missing = await runSpoke(['proxy', 'get', 'svc/web/missing', ...config]);
	t.is(missing.status, 1);
	t.is(missing.stdout, 'no such page');
	t.regex(missing.stderr, /^error: svc\/web responded with 404 Not Found.*\[ERR_BACKEND_ANSWER\]\n$/);
	t.deepEqual(await runSpoke(['proxy', 'get', 'svc/web/missing', '--no-fail', ...config]), {status: 0, stdout: 'no such page', stderr: ''});
});

test('an unreachable backend exits 11, a truncated response 13, a missing service 8', async t => {
	const {config} = await given(t);
	const unreachable = await runSpoke(['proxy', 'get', 'svc/web/unreachable', ...config]);
	t.is(unreachable.status, 11, unreachable.stderr);
	t.is(unreachable.stdout, '');
	t.is((await runSpoke(['proxy', 'get', 'svc/web/cut', ...config])).status, 13);
	t.is((await runSpoke(['proxy', 'get', 'svc/gone/', ...config])).status, 8);
});

test('request headers are sent, and -i prints response headers on stderr', async t => {
	const {config, seen} = await given(t);
	const {stdout, stderr} = await runSpoke(['proxy', 'delete', 'svc/web/x?a=b', '-H', 'X-Mine: yes', '-i', ...config]);
	t.is(stdout, `DELETE ${base}/x`);
	t.regex(stderr, /^HTTP\/1\.1 200 OK\n[\s\S]*x-backend: yes\n/);
	t.deepEqual(seen, [`DELETE ${base}/x?a=b yes`]);
});

test('a redirect is reported and not followed', async t => {
	const {config, seen} = await given(t);
	const {status: ended, stdout, stderr} = await runSpoke(['proxy', 'get', 'svc/web/away', ...config]);
	t.deepEqual({ended, stdout, stderr}, {ended: 0, stdout: 'moved', stderr: 'redirected to https://evil.test/: not followed\n'});
	t.is(seen.length, 1);
});

test('HEAD prints no body, and dot segments stay within the target', async t => {
	const {config, seen} = await given(t);
	t.is((await runSpoke(['proxy', 'head', 'svc/web/', ...config])).stdout, '');
	await runSpoke(['proxy', 'get', 'svc/web/../../../../secrets/%2e%2e/x', ...config]);
	t.deepEqual(seen, [`HEAD ${base}/`, `GET ${base}/x`]);
});

test('a WebSocket sends and prints lines', async t => {
	const {config} = await given(t);
	t.deepEqual(await runSpoke(['proxy', 'get', 'svc/web/chat', '--websocket', '--protocol', 'chat.v1', ...config], {input: 'one\ntwo\n'}), {
		status: 0,
		stdout: 'you said one\nyou said two\n',
		stderr: '',
	});
});

test('only a line feed separates messages', async t => {
	const {config} = await given(t);
	const lines = ['{"a":"x\u2028y\u2029z"}', '10%\r20%', 'from a DOS file\r', '', 'the last one has no line feed'];
	const {status, stdout} = await runSpoke(['proxy', 'get', 'svc/web/chat', '--websocket', ...config], {input: lines.join('\n')});
	t.is(status, 0);
	t.is(stdout, lines.map(line => `you said ${line.replace(/\r$/, '')}\n`).join(''));
});

test('a line that is not UTF-8 is sent as a binary message, byte for byte', async t => {
	const {config} = await given(t);
	const stdio = ['pipe', 'pipe', 'ignore'] as const;
	const {child} = startSpoke(t, ['proxy', 'get', 'svc/web/same', '--websocket', ...config], {stdio: [...stdio], reads: false});
	child.stdin.end(Buffer.from([0xc3, 0x28, 0xff, 0x00, 0x0a]));
	t.deepEqual(await buffer(child.stdout), Buffer.from([0xc3, 0x28, 0xff, 0x00]));
});

test('a WebSocket that ends without a close frame is lost on an unknown leg', async t => {
	const {config} = await given(t);
	const {child, ended} = startSpoke(t, ['proxy', 'get', 'svc/web/lost', '--websocket', ...config], {stdio: ['pipe', 'ignore', 'pipe']});
	child.stdin.on('error', () => {}).write('one\n');
	const {status, stderr} = await ended;
	t.is(status, 13);
	t.regex(
		stderr,
		/it is unknown whether the apiserver’s connection to the backend \(leg 2\) or your connection to the apiserver \(leg 1\) was lost/,
	);
});

test('a slow backend receives all lines, also after stdin ended', async t => {
	const {config} = await given(t);
	const line = 'x'.repeat(2000);
	const {status, stdout, stderr} = await runSpoke(['proxy', 'get', 'svc/web/busy', '--websocket', ...config], {
		input: `${line}\n`.repeat(5000),
	});
	t.is(stderr, '');
	t.is(status, 0);
	t.is(stdout, `you said ${line}\n`.repeat(5000));
});

test('the path of a proxy request is plain, or encrypted without verification', async t => {
	const {config} = await given(t);
	for (const [target, state] of [
		['svc/web/', 'plain'],
		['svc/https:web:80/', 'unverified'],
	] as const) {
		const {stderr} = await runSpoke(['proxy', 'get', target, '--path=json', ...config]);
		const path = JSON.parse(stderr.trim().split('\n').at(-1)!) as {feature: string; legs: Array<{tls: {state: string}}>};
		t.is(path.feature, 'service-proxy');
		t.is(path.legs[1]!.tls.state, state);
	}
});

test('usage errors print one line and exit 2', async t => {
	const {config, seen} = await given(t);
	for (const argv of [
		['fetch', 'svc/web/'],
		['get'],
		['get', 'svc/web', 'svc/web'],
		['get', 'deploy/web'],
		['get', 'svc/web', '--data', 'x'],
		['post', 'svc/web', '--data', 'x', '--data-file', 'y'],
		['get', 'svc/web', '-H', 'Authorization: Bearer x'],
		['post', 'svc/web', '--websocket'],
		['--data', 'x'],
		['--port', '70000'],
		['--unix-socket', '/tmp/x', '--port', '1'],
		['--accept-paths', '('],
		['--allow-commands'],
		['get', 'svc/web', '--disable-filter'],
	]) {
		const {status: ended, stderr} = await runSpoke(['proxy', ...argv, ...config]);
		t.is(ended, 2, argv.join(' '));
		t.regex(stderr, /^error: [^\n]*\[ERR_USAGE\]\n$/, argv.join(' '));
	}

	t.deepEqual(seen, []);
});

test('a listener prints its address and users, and ends on a signal', async t => {
	const {config} = await given(t);
	const {address, output, end} = await listener(t, ['--port', '0', ...config]);
	t.is(await (await fetch(`http://${address}/version`)).text(), 'GET /version');
	t.is((await fetch(`http://${address}/version`, {headers: {Origin: 'http://evil.test'}})).status, 403);
	t.regex(output.stderr, /^every user of this host can use it with the permissions of ada while it runs\n/);
	t.is(await end('SIGTERM'), 143);
});

test('a listener without its static directory warns as kubectl does and serves the API', async t => {
	const {config} = await given(t);
	for (const [folder, warning] of [
		[
			`${builtProgram}.nope`,
			`Warning: failed to stat static file directory ${builtProgram}.nope: stat ${builtProgram}.nope: no such file or directory`,
		],
		[builtProgram, `Warning: static file directory ${builtProgram} is not a directory`],
	] as const) {
		const {end, output} = await listener(t, ['--port', '0', '-w', folder, ...config]);
		await end('SIGTERM');
		t.is(output.stderr.split('\n', 1)[0], warning);
	}
});

for (const [argv, warnings] of [
	[['-p', '0', '--disable-filter'], ['Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious']],
	[
		['-p', '0', '--disable-filter', '--allow-commands'],
		[
			'Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious',
			'exec, attach and port-forward are relayed: anyone who can reach this local API proxy can run commands in your containers',
		],
	],
	[['-p', '0', '--append-server-path'], []],
] as const) {
	test(`proxy ${argv.join(' ')} serves the API and warns ${warnings.length} times`, async t => {
		const {config} = await given(t);
		const {address, end, output} = await listener(t, [...argv, ...config]);
		const isOpen = argv.includes('--disable-filter' as never);
		t.is((await fetch(`http://${address}/api/`, {headers: {Origin: 'http://other.test'}})).status, isOpen ? 200 : 403);
		await end('SIGTERM');
		t.deepEqual(
			output.stderr.split('\n').filter(text => text.startsWith('Warning: ')),
			warnings.map(text => `Warning: ${text}`),
		);
	});
}

test('proxy warns about a server path that it does not append', async t => {
	const server = await serve(t, (request, response) => response.end(request.url));
	const config = await server.config({cluster: {server: `${server.url}/k8s/c-1`}});
	for (const [flags, path] of [
		[[], '/k8s/c-1/version'],
		[['--append-server-path'], '/version'],
	] as const) {
		const {address, end, output} = await listener(t, ['-p', '0', ...flags, ...config]);
		t.is(await (await fetch(`http://${address}${path}`)).text(), '/k8s/c-1/version');
		await end('SIGTERM');
		t.is(
			output.stderr.includes('Warning: Your kube context contains a server path /k8s/c-1, use --append-server-path'),
			flags.length === 0,
		);
	}
});
