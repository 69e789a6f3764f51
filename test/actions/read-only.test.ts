/** `--read-only` refuses everything that runs commands, listens or writes, and nothing else: every action of the session and every command is driven against it. */
import test from 'ava';
import {assertAccess, isAccessAllowed, type AccessClass} from '../../source/actions/access.ts';
import {actionSpecs} from '../../source/actions/action-table.ts';
import {proxyAccess} from '../../source/actions/proxy-access.ts';
import {commandTable} from '../../source/commands/command-table.ts';
import {runsKubeletCommands} from '../../source/streams/proxy/command-path.ts';
import {startCommandServer} from '../support/command-server.ts';
import {runSpoke} from '../support/run-spoke.ts';

const refused = new Set<AccessClass>(['shell', 'listen', 'write']);

test('each class is decided in one place', t => {
	for (const access of ['read', 'stream', 'shell', 'listen', 'write'] as const) {
		t.is(isAccessAllowed(access, {readOnly: true}), !refused.has(access), access);
		t.true(isAccessAllowed(access, {readOnly: false}));
		t.notThrows(() => {
			assertAccess('it', access, {readOnly: false});
		});
		if (refused.has(access)) {
			t.throws(
				() => {
					assertAccess('it', access, {readOnly: true});
				},
				{code: 'ERR_READ_ONLY', message: /^it is refused/},
			);
		}
	}
});

/** All that reaches beyond reading, by name: an action that is added here or there must be added to both. */
const acting = [
	'pods.shell',
	'pods.attach',
	'pods.forward',
	'pods.debug',
	'workloads.shell',
	'workloads.forward',
	'services.forward',
	'forwards.add',
	'forwards.restart',
	'forwards.edit',
	'forwards.open-set',
	'connections.restart',
	'tail.shell',
	'ended.again',
	'proxy.listener',
];

test('of the session’s actions exactly those that run, listen or write are refused', t => {
	const refusedRows = actionSpecs.filter(({access}) => access !== 'screen' && !isAccessAllowed(access, {readOnly: true})).map(({id}) => id);
	t.deepEqual([...refusedRows].sort(), [...acting].sort());
	t.true(actionSpecs.every(({access}) => access === 'screen' || isAccessAllowed(access, {readOnly: false})));
});

test('every verb of the proxy has its class', t => {
	const of = (method: string, path = '/', websocket = false) => proxyAccess({method, runsCommands: runsKubeletCommands(path), websocket});
	t.deepEqual(
		['get', 'head', 'OPTIONS'].map(method => of(method)),
		['read', 'read', 'read'],
	);
	t.deepEqual(
		['post', 'put', 'patch', 'delete', 'TRACE', 'FOO'].map(method => of(method)),
		['write', 'write', 'write', 'write', 'write', 'write'],
	);
	t.is(of('get', '/', true), 'write');
	for (const path of [
		'/exec/d/p/c',
		'/run/d/p/c',
		'/attach/d/p/c',
		'/portForward/d/p',
		'/cri/exec/x',
		'//run/x',
		'/%72un/x',
		'/%2572un/x',
		'/a/../run/x',
		'/RUN/x',
	]) {
		t.is(of('get', path), 'shell', path);
	}

	t.is(of('get', '/metrics'), 'read');
	t.is(of('get', '/runningpods/'), 'read');
});

/** What each command with the flag is called with, and what would make it do the forbidden thing. */
const calls: Readonly<Record<string, readonly string[][]>> = {
	exec: [['web', '--', 'ls']],
	attach: [['web']],
	debug: [['web', '--image=x']],
	'port-forward': [['pod/web', '0:80']],
	proxy: [
		['--port', '0'],
		['post', 'pod/web:80/'],
		['put', 'pod/web:80/'],
		['patch', 'pod/web:80/'],
		['delete', 'pod/web:80/'],
		['get', 'pod/web:80/', '--websocket'],
		['get', 'node/n1/exec/a/b/c'],
		['get', 'pod/web:80/%252e%252e/%252e%252e/web/exec'],
		['get', 'node/n1/%72un/a/b/c'],
	],
};

test('every command that takes --read-only refuses with it, before it asks the apiserver for anything that acts', async t => {
	const server = await startCommandServer(() => {});
	t.teardown(async () => server.close());
	await server.cluster();
	const withFlag = commandTable
		.map(({row}) => row)
		.filter(({flags}) => flags.some(({name}) => name === 'read-only'))
		.map(({name}) => name);
	for (const name of Object.keys(calls)) {
		t.true(withFlag.includes(name), `${name} takes --read-only`);
	}

	for (const [name, argvs] of Object.entries(calls)) {
		for (const argv of argvs) {
			// The node is not there; a refusal comes first where the path alone decides, and the missing node else.
			const {status, stderr} = await runSpoke([name, '--kubeconfig', `${server.folder}/config-1`, '--read-only', ...argv]);
			t.not(status, 0, `${name} ${argv.join(' ')}`);
			t.regex(stderr, /\[ERR_READ_ONLY\]|nodes\/n1 not found/, `${name} ${argv.join(' ')}: ${stderr}`);
		}
	}

	t.deepEqual(server.upgrades, []);
});
