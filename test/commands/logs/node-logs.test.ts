/** `spoke logs node/NAME`. */
import test, {type ExecutionContext} from 'ava';
import {deadlineNotice} from '../../../source/commands/logs/print-node-log.ts';
import {connectionArguments, serve} from '../../support/api-server.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';

async function inSandbox(t: ExecutionContext) {
	const {env, sandbox} = await openSandbox(t);
	return {sandbox, logs: async (...argv: string[]) => runSpoke(['logs', ...argv], {env})};
}

/** A kubelet that answers with these bytes; `asked` are the requests that it got. */
async function kubelet(t: ExecutionContext, answer: {status?: number; type?: string; body: string}) {
	const asked: string[] = [];
	const server = await serve(t, (request, response) => {
		const [, path] = /^\/api\/v1\/nodes\/n1\/proxy(.*)$/.exec(request.url!) ?? [];
		if (path === undefined) {
			const isNode = request.url === '/api/v1/nodes/n1';
			const node = {metadata: {name: 'n1'}, status: {daemonEndpoints: {kubeletEndpoint: {Port: 10_250}}}};
			response.writeHead(isNode ? 200 : 404, {'Content-Type': 'application/json'}).end(isNode ? JSON.stringify(node) : '');
			return;
		}

		asked.push(`${request.method} ${path}`);
		response.writeHead(answer.status ?? 200, {'Content-Type': answer.type ?? 'text/plain;charset=UTF-8'}).end(answer.body);
	});
	const connection = await connectionArguments(server);
	return {asked, logs: async (...argv: string[]) => runSpoke(['logs', 'node/n1', ...argv, ...connection])};
}

test('a service’s log is printed as the kubelet sends it, over the path of a node proxy request', async t => {
	const {logs} = await inSandbox(t);
	const {status, stdout, stderr} = await logs('node/n1', '--query', 'kubelet', '--pattern', 'registered', '--path=always');
	t.is(status, 0, stderr);
	t.regex(stdout, /^\w{3} \d\d [\d:.]{15} n1 kubelet\[\d+\]: "Successfully registered node" node="n1"\n$/);
	t.is(stderr, 'path: you -verified-> apiserver -direct,unverified-> kubelet n1\n');
});

test('a policy of the command line holds before the kubelet is asked', async t => {
	const {logs} = await inSandbox(t);
	const {status, stdout, stderr} = await logs('node/n1', '--query', 'kubelet', '--require', 'verified');
	t.deepEqual([status, stdout], [3, '']);
	t.true(stderr.includes('verified (node-proxy): leg 2 is unverified'), stderr);
});

test('flags become the parameters of NodeLogQuery', async t => {
	const {asked, logs} = await kubelet(t, {body: 'a line\n'});
	const {stdout} = await logs(
		...['--query', 'kubelet', '--query', 'containerd', '--since-time', '2026-11-24T14:00:00+01:00'],
		...['--tail', '5', '--boot=-1', '--pattern', 'a|b &c'],
	);
	t.is(stdout, 'a line\n');
	await logs('--query', '/pods/a b/0.log');
	await logs('--query', String.raw`\containers\kube-proxy.log`);
	t.deepEqual(asked, [
		'GET /logs/?query=kubelet&query=containerd&sinceTime=2026-11-24T13%3A00%3A00Z&tailLines=5&boot=-1&pattern=a%7Cb+%26c',
		'GET /logs/pods/a%20b/0.log',
		'GET /logs/containers/kube-proxy.log',
	]);
});

test('--since becomes a time before now', async t => {
	const {asked, logs} = await kubelet(t, {body: ''});
	const before = Date.now();
	await logs('--query', 'kubelet', '--since', '10m');
	const [, since = ''] = /sinceTime=([^&]*)/.exec(asked[0]!) ?? [];
	const [at, tenMinutes] = [Date.parse(decodeURIComponent(since)), 600_000];
	t.true(at >= before - tenMinutes - 1000 && at <= Date.now() - tenMinutes, since);
});

test('-o json prints an object per line, with the bytes of lines that are not UTF-8', async t => {
	const {logs} = await kubelet(t, {body: 'one\n\u001B[31m two'});
	const {stdout} = await logs('--query', 'kubelet', '-o', 'json');
	const objects = stdout
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as Record<string, unknown>);
	t.deepEqual(
		objects.map(({kind, node, query, text, base64}) => ({kind, node, query, text, base64})),
		['one', '\u001B[31m two'].map(text => ({kind: 'NodeLogLine', node: 'n1', query: ['kubelet'], text, base64: null})),
	);
});

for (const [title, body, status, printed, words] of [
	['a service without a log', '\nlog not found for a.b\n', 8, '', /log not found for a\.b: no unit in the journal/],
	['a service without a log after another’s lines', 'line\n\nlog not found for a.b\n', 8, 'line\n', /log not found for a\.b/],
	[
		'a service that logs to a file, with options',
		'\noptions present and query resolved to log files for [a.b]\ntry without specifying options\n',
		1,
		'',
		/sent whole: omit the other flags/,
	],
	[
		'a log that cannot be opened',
		'half a line\nerror getting log for a.b: open a.b: permission denied\n',
		1,
		'half a line',
		/permission denied/,
	],
	['a node without a journal', '\nerror: journal output not available\n', 1, '', /journal output not available/],
	[
		'such words in another service’s lines',
		'x: log not found for a.b\nlog not found for axb\n',
		0,
		'x: log not found for a.b\nlog not found for axb\n',
		/^$/,
	],
] as const) {
	test(`${title}: the kubelet’s text ${status === 0 ? 'is printed' : 'becomes the error'}`, async t => {
		const {logs} = await kubelet(t, {body});
		const ended = await logs('--query', 'a.b');
		t.deepEqual([ended.status, ended.stdout], [status, printed], ended.stderr);
		t.regex(ended.stderr, words);
	});
}

for (const [title, answer, words] of [
	[
		'no log handler',
		{status: 405, body: 'logs endpoint is disabled.\n'},
		/405: logs endpoint is disabled\. \(set enableSystemLogHandler: true/,
	],
	[
		'no debugging handlers',
		{status: 405, body: 'Debug endpoints are disabled.\n'},
		/405: Debug endpoints are disabled\. \(set enableDebuggingHandlers: true/,
	],
	[
		'no log query',
		{type: 'text/html; charset=utf-8', body: '<pre>\n<a href="pods/">pods/</a>\n</pre>\n'},
		/does not support log queries.*\(set enableSystemLogQuery: true/,
	],
	[
		'a refused query',
		{status: 406, body: 'query: Too many: 5: must have at most 4 items\n'},
		/406: query: Too many: 5: must have at most 4 items \[/,
	],
] as const) {
	test(`a kubelet with ${title} is reported with its text and what to set`, async t => {
		const {logs} = await kubelet(t, answer);
		const {status, stdout, stderr} = await logs('--query', 'kubelet');
		t.deepEqual([status, stdout], [1, '']);
		t.regex(stderr, words);
		t.regex(stderr, /\[ERR_NODE_LOGS\]\n$/);
	});
}

test('a directory is listed by name, and markup in a name is text', async t => {
	const {logs} = await kubelet(t, {
		type: 'text/html; charset=utf-8',
		body: '<!doctype html>\n<pre>\n<a href="a&amp;b/">a&amp;b/</a>\n<a href="%3Cx%3E%1B">&lt;x&gt;\u001B</a>\n</pre>\n',
	});
	t.is((await logs('--query', '/')).stdout, 'a&b/\n<x>^[\n');
});

test('files of the sandbox: a file, a directory, and neither', async t => {
	const {logs} = await inSandbox(t);
	t.is((await logs('node/n1', '--query', '/')).stdout, 'cni/\nkube-proxy.log\n');
	t.is((await logs('node/n1', '--query', '/cni/')).stdout, 'calico.log\n');
	t.regex((await logs('node/n1', '--query', '/kube-proxy.log')).stdout, /"Version info"/);
	t.regex((await logs('node/n1', '--query', '/cni')).stderr, /is a directory \(list it with --query '\/cni\/'\) \[ERR_USAGE\]/);
	const {status, stderr} = await logs('node/n1', '--query', '/none.log');
	t.is(status, 8);
	t.regex(stderr, /node\/n1 has no \/var\/log\/none\.log/);
});

test('without nodes/proxy, the error names the permission and why no role of spoke has it', async t => {
	const {logs} = await inSandbox(t);
	const {status, stderr} = await logs('node/n1', '--query', 'kubelet', '--as', 'bob');
	t.is(status, 7);
	t.regex(stderr, /get on nodes\/proxy: check with `kubectl auth can-i get nodes --subresource=proxy --as bob`/);
	t.regex(stderr, /No role of spoke contains it, because it also allows commands in every pod of the node/);
});

test('an apiserver that the kubelet refuses is reported as leg 2', async t => {
	const {sandbox, logs} = await inSandbox(t);
	await sandbox.switches.set({identity: 'refused'});
	const {status, stderr} = await logs('node/n1', '--query', 'kubelet');
	t.is(status, 11);
	t.regex(
		stderr,
		/the kubelet refuses the apiserver’s identity: Forbidden \(user=\S+, verb=get, resource=nodes, subresource\(s\)=\[log\]\)/,
	);
});

test('arguments that the log of a node does not have are usage errors of one line', async t => {
	const {asked, logs} = await kubelet(t, {body: ''});
	for (const [argv, words] of [
		[[], 'node/n1 requires --query: a service of the node, or a file or directory below /var/log'],
		[['--query', ' '], 'node/n1 requires --query'],
		...['-f', '-p', '--all-containers', '--prefix', '--timestamps'].map(
			flag => [['--query', 'kubelet', flag], 'cannot be used with node/n1: --query'] as const,
		),
		[['--query', 'kubelet', '-c', 'app'], '--container cannot be used with node/n1'],
		[['--query', 'kubelet', '-l', 'app=web'], '--selector cannot be used with node/n1'],
		[['web', '--query', 'kubelet'], 'the log of a node is read alone: node/n1 web'],
		[['--query', '/a', '--query', 'kubelet'], 'a file is read alone'],
		[['--query', '/a', '--tail', '1'], 'a file is sent whole'],
		[['--query', '/a/../../exec'], 'a path must not contain . or ..'],
		[['--query', 'kubelet', '--boot', '1'], '--boot must be 0'],
		[['--query', 'kubelet', '--since', '1m', '--since-time', '2026-11-24T14:00:00Z'], 'at most one of --since and --since-time'],
	] as const) {
		const {status, stdout, stderr} = await logs(...argv);
		t.deepEqual([status, stdout], [2, ''], argv.join(' '));
		t.true(stderr.startsWith('error: ') && stderr.includes(words) && stderr.endsWith('[ERR_USAGE]\n'), stderr);
		t.is(stderr.split('\n').length, 2, stderr);
	}

	t.deepEqual(asked, []);
	t.regex((await runSpoke(['logs', 'web', '--query', 'kubelet'])).stderr, /--query requires a node: spoke logs node\/NAME/);
});

test('a query that the kubelet may have stopped after its 30 s is reported', t => {
	t.is(deadlineNotice(29_999), null);
	t.regex(deadlineNotice(30_000)!, /^spoke: lines may be missing at the end/);
});
