/** `--read-only` refuses exactly what runs commands, listens or writes, in the session and in every command. */
import test from 'ava';
import {type AccessClass, assertAccess, isAccessAllowed, proxyAccess} from '../../../source/session/actions/access.ts';
import {actionSpecs} from '../../../source/session/actions/action-table.ts';
import {commandSpecs} from '../../../source/commands/command-specs.ts';
import {runsKubeletCommands} from '../../../source/streams/proxy/request-path.ts';
import {startCommandServer} from '../../support/command-server.ts';
import {runSpoke} from '../../support/run-spoke.ts';

const refused = new Set<AccessClass>(['shell', 'listen', 'write']);

test('read-only mode refuses shell, listen and write access, and only these', t => {
	for (const access of ['read', 'stream', 'shell', 'listen', 'write'] as const) {
		t.is(isAccessAllowed(access, {readOnly: true}), !refused.has(access), access);
		t.true(isAccessAllowed(access, {readOnly: false}));
		t.notThrows(() => {
			assertAccess('exec', access, {readOnly: false});
		});
		if (refused.has(access)) {
			t.throws(
				() => {
					assertAccess('exec', access, {readOnly: true});
				},
				{code: 'ERR_READ_ONLY', message: /^exec is refused/},
			);
		}
	}
});

const refusedActions = [
	'connections/restart',
	'pods/shell',
	'pods/attach',
	'pods/forward',
	'pods/debug',
	'pods/files',
	'workloads/shell',
	'workloads/forward',
	'services/forward',
	'forwards/forward',
	'forwards/restart',
	'forwards/edit',
	'forwards/forwards.open-set',
	'proxy/proxy.listener',
	'tail/shell',
	'ended/ended.new-shell',
];

test('read-only mode refuses exactly the session actions that run commands, listen or write', t => {
	const refusedRows = actionSpecs
		.filter(({access}) => access !== 'screen' && !isAccessAllowed(access, {readOnly: true}))
		.map(({context, id}) => `${context}/${id}`);
	t.deepEqual([...refusedRows].sort(), [...refusedActions].sort());
	t.true(actionSpecs.every(({access}) => access === 'screen' || isAccessAllowed(access, {readOnly: false})));
});

test('a proxy request has the access class of its method, path and protocol', t => {
	const accessOf = (method: string, path = '/', websocket = false) =>
		proxyAccess({method, runsCommands: runsKubeletCommands(path), websocket});
	t.deepEqual(
		['get', 'head', 'OPTIONS'].map(method => accessOf(method)),
		['read', 'read', 'read'],
	);
	t.deepEqual(
		['post', 'put', 'patch', 'delete', 'TRACE', 'FOO'].map(method => accessOf(method)),
		['write', 'write', 'write', 'write', 'write', 'write'],
	);
	t.is(accessOf('get', '/', true), 'write');
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
		t.is(accessOf('get', path), 'shell', path);
	}

	t.is(accessOf('get', '/metrics'), 'read');
	t.is(accessOf('get', '/runningpods/'), 'read');
});

/** Arguments with which each command that takes --read-only would do something forbidden. */
const calls: Readonly<Record<string, readonly string[][]>> = {
	exec: [['web', '--', 'ls']],
	attach: [['web']],
	debug: [['web', '--image=x']],
	cp: [
		['web:/a', '.'],
		['a', 'web:/a'],
	],
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

test('commands with --read-only refuse forbidden arguments before they open a stream', async t => {
	const server = await startCommandServer(t, () => {});
	await server.cluster();
	const withFlag = commandSpecs.filter(({flags}) => flags.some(({name}) => name === 'read-only')).map(({name}) => name);
	for (const name of Object.keys(calls)) {
		t.true(withFlag.includes(name), `${name} takes --read-only`);
	}

	for (const [name, argvs] of Object.entries(calls)) {
		for (const argv of argvs) {
			// The node does not exist: its 404 comes first unless the path alone decides.
			const {status, stderr} = await runSpoke([name, '--kubeconfig', `${server.folder}/config-1`, '--read-only', ...argv]);
			t.not(status, 0, `${name} ${argv.join(' ')}`);
			t.regex(stderr, /\[ERR_READ_ONLY\]|nodes\/n1 not found/, `${name} ${argv.join(' ')}: ${stderr}`);
		}
	}

	t.deepEqual(server.upgrades, []);
});
