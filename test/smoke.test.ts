/** Each command of the built program once, on one sandbox. `npm run test:program` has the rest. */
import {join} from 'node:path';
import test from 'ava';
import {commandSpecs} from '../source/commands/command-specs.ts';
import {newHome} from './support/new-home.ts';
import {runSpoke} from './support/run-spoke.ts';
import {shareContexts} from './support/sandbox.ts';
import {temporaryDirectory} from './support/temporary-directory.ts';
import {openTerminal} from './support/terminal.ts';

const shared = shareContexts(test, {lab: {}});
const initialize = {
	jsonrpc: '2.0',
	id: 1,
	method: 'initialize',
	params: {protocolVersion: '2025-06-18', capabilities: {}, clientInfo: {name: 'test', version: '1'}},
};

/** Without the session and `tail`, which need a terminal. `stdout`: the whole output, or a part of it. */
const rows: ReadonlyArray<{argv: readonly string[]; stdout: string | RegExp; status?: number; input?: string}> = [
	{argv: ['logs', 'deploy/api'], stdout: /^starting on api-/},
	{argv: ['exec', 'deploy/toolbox', '--', 'echo', 'hello'], stdout: 'hello\n'},
	{argv: ['attach', 'deploy/toolbox', '-i'], stdout: /./, input: 'exit\n'},
	{argv: ['path', 'deploy/web'], stdout: /unverified/},
	{argv: ['audit'], stdout: /C4/},
	{argv: ['doctor', 'deploy/web'], stdout: /kubelet/},
	{argv: ['port-forward', 'svc/web', ':80', '--', 'echo', 'up'], stdout: /^up$/m},
	{argv: ['forwards', 'list'], stdout: ''},
	{argv: ['mcp'], stdout: /"serverInfo"/, input: `${JSON.stringify(initialize)}\n`},
	{argv: ['demo', '--help'], stdout: /sandbox/},
	{argv: ['debug', 'deploy/nope', '--image', 'busybox'], stdout: '', status: 125},
	{argv: ['proxy', 'get', 'svc/web:80/'], stdout: /./},
	{argv: ['keys'], stdout: /quit/},
	{argv: ['policy'], stdout: /./},
	{argv: ['theme'], stdout: /tls\.verified/},
	{argv: ['completion', 'bash'], stdout: /complete/},
	{argv: ['schema'], stdout: /audit/},
	{argv: ['version'], stdout: /0\.1\.0/},
];
for (const {argv, stdout, status = 0, input = ''} of rows) {
	test(`spoke ${argv.join(' ')} exits ${status}`, async t => {
		const ended = await runSpoke(argv, {env: shared.env, input});
		t.is(ended.status, status, ended.stderr);
		if (typeof stdout === 'string') {
			t.is(ended.stdout, stdout);
		} else {
			t.regex(ended.stdout, stdout);
		}
	});
}

test('spoke cp copies a file from a container', async t => {
	const folder = await temporaryDirectory(t);
	const {status, stderr} = await runSpoke(['cp', 'deploy/web:/etc/app/config.yaml', join(folder, 'config.yaml')], {env: shared.env});
	t.is(status, 0, stderr);
});

test('the session shows pods, and a tail shows lines', async t => {
	const options = {home: await newHome(t)};
	const session = await openTerminal(t, ['--kubeconfig', shared.kubeconfigFile], options);
	await session.sees(/api-\w+-\w+ +1\/1 +Running/);
	const tail = await openTerminal(t, ['tail', 'deploy/api', '--kubeconfig', shared.kubeconfigFile], options);
	await tail.sees(/ error upstream/);
});

test('each command runs here', t => {
	const run = new Set(['session', 'tail', 'cp', ...rows.map(({argv}) => argv[0])]);
	t.deepEqual(
		commandSpecs.map(({name}) => name).filter(name => !run.has(name)),
		[],
	);
});
