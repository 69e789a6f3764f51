/** `spoke mcp` in the sandbox, driven by the SDK's own client. */
import {once} from 'node:events';
import {connect} from 'node:net';
import {createInterface} from 'node:readline';
import test from 'ava';
import {startFlaggedApiservers, verifiesNothing} from '../../support/flagged-apiserver.ts';
import {markedObjects, startMcp} from '../../support/mcp-client.ts';
import {startSpoke} from '../../support/run-spoke.ts';
import {openContexts, openSandbox} from '../../support/sandbox.ts';
import {untilStable} from '../../support/until.ts';

const readOnlyTools = ['list', 'logs', 'path', 'doctor', 'audit'];

const initialize = {
	method: 'initialize',
	params: {protocolVersion: '2025-06-18', capabilities: {}, clientInfo: {name: 'x', version: '1'}},
};

test('every tool is read-only, and none forwards, without --allow-forward', async t => {
	const {env} = await openSandbox(t);
	const {client} = await startMcp(t, [], env);
	const {tools} = await client.listTools();
	t.deepEqual(
		tools.map(({name, annotations}) => [name, annotations?.readOnlyHint]),
		readOnlyTools.map(name => [name, true]),
	);
	await t.throwsAsync(client.callTool({name: 'forward', arguments: {target: 'svc/db', port: ':7000'}}), {message: /forward not found/});
});

test('each tool returns what its command prints, and the path', async t => {
	const {env} = await openSandbox(t);
	const {call} = await startMcp(t, [], env);
	const list = await call('list', {kind: 'pods', selector: 'app=db'});
	t.like(list.result, {tool: 'list', context: 'sandbox', namespace: 'default', exitStatus: 0, code: null, truncated: []});
	const [head, ...rows] = list.result!.clusterData.objects;
	t.like(head, {
		kind: 'ResourceList',
		rows: 1,
		line: 'path: you -verified-> apiserver',
		legs: [{n: 1, tls: {state: 'verified', basis: 'proven'}}],
	});
	t.deepEqual(
		rows.map(({kind, name, cells}) => [kind, name, (cells as Record<string, unknown>)['Status']]),
		[['ResourceRow', 'db-0', 'Running']],
	);

	const [, event] = (await call('list', {kind: 'events', limit: 1})).result!.clusterData.objects;
	t.deepEqual(Object.keys(event!['cells'] as object).slice(0, 3), ['Last Seen', 'Type', 'Reason']);

	const logs = await call('logs', {target: 'deploy/web', container: 'web', tail: 1});
	t.deepEqual(
		logs.result!.clusterData.objects.map(({kind, container}) => [kind, container]),
		[['LogLine', 'web']],
	);
	const {paths, pathLines} = logs.result!.clusterData;
	t.like(paths[0], {kind: 'Path', feature: 'logs', legs: [{tls: {state: 'verified'}}, {tls: {state: 'unverified'}}]});
	t.deepEqual(
		paths.map(({line}) => line),
		pathLines,
	);

	const path = await call('path', {target: 'deploy/web', feature: ['exec', 'logs']});
	t.deepEqual(
		path.result!.clusterData.objects.map(({kind, feature}) => [kind, feature]),
		[
			['Path', 'logs'],
			['Path', 'exec'],
		],
	);
	const audit = await call('audit');
	t.like(audit.result, {tool: 'audit', namespace: null, clusterData: {objects: [{kind: 'Audit', probe: 'passive'}]}});
});

test('doctor opens no stream', async t => {
	const server = await startFlaggedApiservers(t, [verifiesNothing]);
	const {call} = await startMcp(t, [], server.env);
	const {result} = await call('doctor', {target: 'web'});
	const steps = result!.clusterData.objects[0]!['steps'] as ReadonlyArray<{name: string; status: string; observed: string}>;
	t.like(
		steps.find(({name}) => name === 'leg-2'),
		{status: 'unknown', observed: 'not tested: passive probes open no stream to kubelet n1'},
	);
	t.deepEqual(server.streams, []);
});

test('contexts and namespaces of the start are the only ones', async t => {
	const {env} = await openContexts(t, {east: {}, west: {scenario: 'verified'}, north: {}});
	const {call} = await startMcp(t, ['--context', 'east,west', '-n', 'default,shop'], env);
	const lines = async (context: string) =>
		(await call('logs', {target: 'deploy/checkout', context, namespace: 'shop', tail: 1})).result!.clusterData.pathLines.join();
	t.regex(await lines('east'), /-direct,unverified-> kubelet/);
	t.regex(await lines('west'), /-direct,verified-> kubelet/);
	const refused: ReadonlyArray<readonly [args: Record<string, unknown>, said: RegExp]> = [
		[{target: 'web', context: 'north', namespace: 'shop'}, /^error: context "north" is not served: only east, west .*\[ERR_NOT_SERVED\]$/],
		[{target: 'web', context: '', namespace: 'shop'}, /^error: context "" is not served.*\[ERR_NOT_SERVED\]$/],
		[
			{target: 'web', context: 'east', namespace: 'kube-system'},
			/^error: namespace "kube-system" is not served: only default, shop .*\[ERR_NOT_SERVED\]$/,
		],
		[{target: 'web', namespace: 'shop'}, /^error: several contexts are served: name one of east, west .*\[ERR_USAGE\]$/],
		[{target: 'web', context: 'east'}, /^error: several namespaces are served: name one of default, shop .*\[ERR_USAGE\]$/],
	];
	for (const [args, said] of refused) {
		const {isError, text, result} = await call('logs', args);
		t.true(isError);
		t.regex(text, said);
		t.is(result, null);
	}
});

test('bad arguments are one tool error without a stack', async t => {
	const {env} = await openSandbox(t);
	const {call} = await startMcp(t, [], env);
	const bad: ReadonlyArray<readonly [tool: string, args: Record<string, unknown>, said: RegExp]> = [
		['logs', {target: 'web', command: 'rm'}, /Unrecognized key: "command"/],
		['logs', {target: 'web', tail: 'all'}, /tail.*expected number|expected (?:number|int).*tail/s],
		['logs', {target: 'web', since: 'yesterday'}, /invalid argument \\?"yesterday\\?" for --since/],
		['logs', {target: 'web', include: ['[']}, /ERR_USAGE/],
		['logs', {target: '--server=https://evil'}, /begins with a hyphen, so it names no target/],
		['logs', {target: 'a\0b'}, /target/],
		['logs', {target: 'node/n1'}, /node\/n1 requires --query/],
		['path', {}, /target/],
		['list', {kind: 'secrets'}, /kind/],
		['list', {limit: 5000}, /limit 5000 must be between 1 and 500/],
	];
	for (const [tool, args, said] of bad) {
		const {isError, text} = await call(tool, args);
		t.true(isError, `${tool} ${JSON.stringify(args)}: ${text}`);
		t.regex(text, said);
		t.notRegex(text, /^\s+at /m);
	}
});

test('a missing permission is an error with its code and remedy', async t => {
	const {env} = await openSandbox(t, {user: 'eve'});
	const {call} = await startMcp(t, [], env);
	for (const [tool, args] of [
		['list', {}],
		['logs', {target: 'deploy/web'}],
	] as const) {
		const {isError, text, result} = await call(tool, args);
		t.true(isError);
		t.like(result, {exitStatus: 7, code: 'ERR_FORBIDDEN', clusterData: {error: {code: 'ERR_FORBIDDEN', leg: 1}}});
		t.regex(text, /exit status 7 ERR_FORBIDDEN/);
	}
});

test('--require holds for logs, and nothing of a log is read', async t => {
	const server = await startFlaggedApiservers(t, [verifiesNothing]);
	const {call} = await startMcp(t, ['--require', 'verified', '--allow-forward'], server.env);
	for (const [tool, args] of [
		['logs', {target: 'web'}],
		['forward', {target: 'web', port: ':80'}],
	] as const) {
		const {isError, result} = await call(tool, args);
		t.true(isError);
		t.like(result, {exitStatus: 3, code: 'ERR_REQUIRE_NOT_MET'});
	}

	t.deepEqual(server.streams, []);
});

test('forward exists only with --allow-forward, listens on loopback, and ends with the server', async t => {
	const {env} = await openSandbox(t);
	const {call, toolNames, close} = await startMcp(t, ['--allow-forward'], env);
	t.deepEqual(await toolNames(), [...readOnlyTools, 'forward', 'stop_forward']);
	const {result} = await call('forward', {target: 'svc/db', port: ':7000'});
	t.like(result!.clusterData.paths.at(-1), {feature: 'port-forward', phase: 'settled'});
	const {listen} = result!.clusterData.objects.find(({event}) => event === 'ready') as unknown as {
		listen: ReadonlyArray<{address: string; port: number}>;
	};
	t.true(listen.length > 0 && listen.every(({address}) => address === '127.0.0.1' || address === '::1'));
	const {port} = listen[0]!;
	const socket = connect(port, '127.0.0.1');
	socket.write('echo me\n');
	const [echoed] = (await once(socket, 'data')) as [Buffer];
	t.is(echoed.toString(), 'echo me\n');
	socket.destroy();
	const second = await call('forward', {target: 'svc/db', port: ':7000'});
	t.false(second.isError);
	const stopped = await call('stop_forward', {'local-port': port});
	t.like(stopped.result!.clusterData.objects[0], {event: 'ended', exitStatus: 0, totals: {connections: 1}});
	const unknown = await call('stop_forward', {'local-port': port});
	t.like(unknown.result, {code: 'ERR_NOT_FOUND'});
	for (const port of ['svc/web', '--detach', '7000:7000:7000']) {
		const {isError, text} = await call('forward', {target: 'svc/db', port});
		t.true(isError);
		t.regex(text, /ERR_USAGE/);
	}

	const {port: other} = (second.result!.clusterData.objects.find(({event}) => event === 'ready')!['listen'] as typeof listen)[0]!;
	await close();
	const late = connect(other, '127.0.0.1');
	const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
	t.is(error.code, 'ECONNREFUSED');
});

test('text and structured content have the same objects, and no credential', async t => {
	const {env, sandbox} = await openSandbox(t);
	const {call} = await startMcp(t, [], env);
	const {text, result} = await call('list');
	t.deepEqual(markedObjects(text), [...result!.clusterData.paths, ...result!.clusterData.objects]);
	const {users} = sandbox.kubeconfig('admin');
	const secrets = users.flatMap(({user}) => Object.values(user as Record<string, unknown>)).filter(one => typeof one === 'string');
	t.true(secrets.length > 0);
	const all = JSON.stringify([await call('doctor', {target: 'deploy/web'}), await call('audit'), text]);
	t.deepEqual(
		secrets.filter(secret => all.includes(secret)),
		[],
	);
});

test('the end of stdin ends the process with 0, also before a request and within a call', async t => {
	const {env} = await openSandbox(t);
	const run = async (input: string) => {
		const {child, ended} = startSpoke(t, ['mcp'], {env, stdio: 'pipe'});
		child.stdin.end(input);
		return ended;
	};

	t.deepEqual(await run(''), {status: 0, stdout: '', stderr: ''});
	const follow = {
		jsonrpc: '2.0',
		id: 2,
		method: 'tools/call',
		params: {name: 'logs', arguments: {target: 'deploy/web', 'follow-for': '10m'}},
	};
	const {status, stdout} = await run(`not json\n${JSON.stringify({jsonrpc: '2.0', id: 1, ...initialize})}\n${JSON.stringify(follow)}\n`);
	t.is(status, 0);
	for (const line of stdout.split('\n').filter(line => line !== '')) {
		t.like(JSON.parse(line), {jsonrpc: '2.0'});
	}
});

test('a line over the limit is answered with an error, and the next line is read', async t => {
	const {env} = await openSandbox(t);
	const {child} = startSpoke(t, ['mcp'], {env, stdio: ['pipe', 'pipe', 'ignore'], reads: false});
	child.stdin.on('error', () => {});
	const asLine = (message: object) => `${JSON.stringify({jsonrpc: '2.0', ...message})}\n`;
	const atLimit = {id: 2, method: 'ping', params: {text: ''}};
	atLimit.params.text = 'x'.repeat(1024 * 1024 + 1 - asLine(atLimit).length);
	const overLimit = {...atLimit, id: 3, params: {text: `${atLimit.params.text}x`}};
	child.stdin.write([{id: 1, ...initialize}, overLimit, atLimit].map(message => asLine(message)).join(''));
	const answers: Array<{id: number | null; error?: {code: number; message: string}}> = [];
	for await (const line of createInterface(child.stdout)) {
		answers.push(JSON.parse(line) as (typeof answers)[number]);
		if (answers.some(({id}) => id === 2)) {
			child.stdin.end();
		}
	}

	t.deepEqual(
		answers.filter(({error}) => error !== undefined),
		[{jsonrpc: '2.0', id: null, error: {code: -32_600, message: 'the line has more than 1048576 bytes'}}] as unknown[],
	);
	t.deepEqual(new Set(answers.map(({id}) => id)), new Set([1, null, 2]));
});

test('a client that does not read its results is not read either, and nothing is lost', async t => {
	const {env} = await openSandbox(t);
	const {child} = startSpoke(t, ['mcp'], {env, stdio: ['pipe', 'pipe', 'ignore'], reads: false});
	const send = async (message: object) =>
		new Promise(resolve => child.stdin.write(`${JSON.stringify({jsonrpc: '2.0', ...message})}\n`, resolve));
	// spoke and the pipes hold about 40 requests and their responses.
	const count = 160;
	let sent = 0;
	const allSent = (async () => {
		await send({id: 0, ...initialize});
		for (let id = 1; id <= count; id++) {
			await send(largeRequest(id));
			sent++;
		}
	})();
	await once(child.stdout, 'readable');
	t.true((await untilStable(() => sent)) < count);
	const ids = new Set<number>();
	for await (const line of createInterface(child.stdout)) {
		ids.add((JSON.parse(line) as {id: number}).id);
		if (ids.size === count + 1) {
			child.stdin.end();
		}
	}

	await allSent;
	t.is(ids.size, count + 1);
});

test('a context that is down is an error of its calls, and the others are read', async t => {
	const {env} = await openContexts(t, {east: {}});
	const {call} = await startMcp(t, ['--context', 'down,east', '-n', 'default', '--allow-forward'], env);
	for (const [tool, args] of [
		['list', {}],
		['logs', {target: 'web'}],
		['path', {target: 'web'}],
		['audit', {}],
		['forward', {target: 'svc/db', port: ':7000'}],
	] as const) {
		const place = {context: 'down', ...(tool === 'audit' ? {} : {namespace: 'default'})};
		const {isError, text, result} = await call(tool, {...args, ...place});
		t.true(isError, tool);
		t.like(result, {context: 'down', exitStatus: 9, code: 'ERR_APISERVER_UNREACHABLE', clusterData: {error: {leg: 1}}}, tool);
		t.regex(text, /exit status 9 ERR_APISERVER_UNREACHABLE/);
	}

	const doctor = await call('doctor', {target: 'web', context: 'down'});
	t.like(doctor.result!.clusterData.objects[0], {kind: 'Doctor', exitStatus: 9});
	t.like((await call('list', {context: 'east'})).result, {context: 'east', exitStatus: 0});
});

test('a signal ends it with the status of the signal', async t => {
	const {env} = await openSandbox(t);
	const {child, sees, end} = startSpoke(t, ['mcp'], {env, stdio: 'pipe'});
	child.stdin.write(`${JSON.stringify({jsonrpc: '2.0', id: 1, ...initialize})}\n`);
	await sees(/./);
	t.is(await end('SIGTERM'), 143);
});

function largeRequest(id: number) {
	return {id, method: 'tools/list', params: {_meta: {padding: 'x'.repeat(100_000)}}};
}
