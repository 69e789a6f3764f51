/** The choice of a remote command's carrier. */
import {once} from 'node:events';
import test from 'ava';
import type {SpokeError} from '../../../source/errors/spoke-error.ts';
import {openRemoteCommand} from '../../../source/streams/remote-command/open-remote-command.ts';
import {startCommandServer, status, success, type Refusal} from '../../support/command-server.ts';
import {receivedText} from '../../support/read-stream.ts';
import {reachedWeb} from '../../support/remote-command.ts';

const websocketV5 = 'GET websocket v5.channel.k8s.io';
const websocketV4 = 'GET websocket v4.channel.k8s.io';
const spdy = 'POST SPDY/3.1 v4.channel.k8s.io';

const mayNotGet = refusal(
	403,
	status(403, 'pods "web" is forbidden: User "ada" cannot get resource "pods/exec" in API group "" in the namespace "default"'),
);
const mayNotCreate = refusal(
	403,
	status(403, 'pods "web" is forbidden: User "ada" cannot create resource "pods/exec" in API group "" in the namespace "default"'),
);

type Row = [title: string, refused: Record<string, Refusal>, tried: readonly string[], error: string | null];

const rows: readonly Row[] = [
	['the current WebSocket first', {}, [websocketV5], null],
	['SPDY for a user who has only create', {[websocketV5]: mayNotGet}, [websocketV5, spdy], null],
	[
		'SPDY for a server that does not know the channels: 403 without a word',
		{[websocketV5]: {status: 403, body: ''}},
		[websocketV5, spdy],
		null,
	],
	[
		'SPDY behind a proxy that strips WebSockets',
		{[websocketV5]: refusal(400, status(400, 'Upgrade request required'))},
		[websocketV5, spdy],
		null,
	],
	[
		'SPDY behind a proxy with words of its own',
		{[websocketV5]: {status: 502, body: '<html>', contentType: 'text/html'}},
		[websocketV5, spdy],
		null,
	],
	[
		'the old WebSocket last',
		{[websocketV5]: {status: 403, body: ''}, [spdy]: {status: 400, body: 'bad', contentType: 'text/plain'}},
		[websocketV5, spdy, websocketV4],
		null,
	],
	['no other carrier for who may not create', {[websocketV5]: mayNotCreate}, [websocketV5], 'ERR_FORBIDDEN'],
	[
		'no other carrier for the fingerprint of get without create',
		{[websocketV5]: refusal(403, status(403, 'pods "web" is forbidden: '))},
		[websocketV5],
		'ERR_FORBIDDEN',
	],
	['no other carrier for bad credentials', {[websocketV5]: refusal(401, status(401, 'Unauthorized'))}, [websocketV5], 'ERR_CREDENTIALS'],
	[
		'no other carrier for a wrong container',
		{[websocketV5]: refusal(400, status(400, 'container app is not valid for pod web'))},
		[websocketV5],
		'ERR_NOT_FOUND',
	],
	[
		'no other carrier where the kubelet cannot be reached',
		{[websocketV5]: refusal(500, status(500, 'error dialing backend: No agent available'))},
		[websocketV5],
		'ERR_SECOND_LEG',
	],
	[
		'no other carrier where the kubelet refuses the apiserver',
		{[websocketV5]: {status: 401, body: 'Unauthorized', contentType: 'text/plain'}},
		[websocketV5],
		'ERR_SECOND_LEG',
	],
	[
		'a user with neither verb gets the SPDY refusal, and the first message is kept',
		{[websocketV5]: mayNotGet, [spdy]: mayNotCreate},
		[websocketV5, spdy],
		'ERR_FORBIDDEN',
	],
	[
		'a redirect is not followed',
		{[websocketV5]: {status: 302, body: ''}, [spdy]: {status: 302, body: ''}, [websocketV4]: {status: 302, body: ''}},
		[websocketV5, spdy, websocketV4],
		'ERR_UPGRADE_REFUSED',
	],
];

for (const [title, refused, tried, code] of rows) {
	test(title, async t => {
		const server = await startCommandServer(
			far => {
				far.status(success);
				far.close();
			},
			{
				refuse: request =>
					refused[
						`${request.method} ${request.headers.upgrade} ${String(request.headers['sec-websocket-protocol'] ?? request.headers['x-stream-protocol-version'])}`
					] ?? null,
			},
		);
		t.teardown(async () => server.close());
		const opening = openRemoteCommand(
			await server.cluster(),
			{feature: 'exec', target: reachedWeb, command: ['ls'], stdin: false, tty: false},
			{environment: {}},
		);
		if (code === null) {
			const command = await opening;
			void receivedText(command.stdout);
			void receivedText(command.stderr!);
			t.is(await command.outcome, 0);
		} else {
			const error = await t.throwsAsync<SpokeError>(opening);
			t.is(error.code, code as SpokeError['code'], error.message);
			if (tried.length === 2) {
				t.true(error.text?.includes('cannot get resource'));
				t.true(error.message.includes('cannot create resource'));
			}
		}

		t.deepEqual(server.upgrades, tried);
	});
}

test('KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false leaves only SPDY', async t => {
	const server = await startCommandServer(() => {}, {refuse: () => mayNotCreate});
	t.teardown(async () => server.close());
	await t.throwsAsync(
		openRemoteCommand(
			await server.cluster(),
			{feature: 'attach', target: reachedWeb, command: [], stdin: false, tty: false},
			{environment: {KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false'}},
		),
	);
	t.deepEqual(server.upgrades, [spdy]);
});

test('a command that reads stdin to its end does not use channels that cannot end it', async t => {
	const server = await startCommandServer(() => {}, {refuse: () => ({status: 403, body: ''})});
	t.teardown(async () => server.close());
	await t.throwsAsync(
		openRemoteCommand(
			await server.cluster(),
			{feature: 'exec', target: reachedWeb, command: ['cat'], stdin: true, tty: false},
			{environment: {}},
		),
	);
	t.deepEqual(server.upgrades, [websocketV5, spdy]);
});

test('the end of the input is a notice where the channels cannot signal it', async t => {
	const ended = Promise.withResolvers<void>();
	const server = await startCommandServer(
		async far => {
			await ended.promise;
			far.status(success);
			far.close();
		},
		{refuse: ({headers}) => (headers['sec-websocket-protocol'] === 'v4.channel.k8s.io' ? null : {status: 403, body: ''})},
	);
	t.teardown(async () => server.close());
	const notices: string[] = [];
	const command = await openRemoteCommand(
		await server.cluster(),
		{feature: 'attach', target: reachedWeb, command: [], stdin: true, tty: true},
		{environment: {}, onWaiting: notice => notices.push(notice)},
	);
	void receivedText(command.stdout);
	const closed = once(command.stdin!, 'close');
	command.stdin!.end('x');
	await closed;
	t.deepEqual(notices, ['the protocol v4.channel.k8s.io cannot signal the end of the input: the command may wait for more input']);
	ended.resolve();
	t.is(await command.outcome, 0);
});

test('the arguments of a command reach the path unchanged', async t => {
	let asked: URL | undefined;
	const server = await startCommandServer(far => {
		asked = far.url;
		far.status(success);
		far.close();
	});
	t.teardown(async () => server.close());
	const words = ['sh', '-c', 'echo "a&b=c" +%20 ü', '', '--', '-it'];
	const command = await openRemoteCommand(
		await server.cluster(),
		{feature: 'exec', target: reachedWeb, command: words, stdin: true, tty: true},
		{environment: {}},
	);
	void receivedText(command.stdout);
	t.is(await command.outcome, 0);
	t.deepEqual(asked!.searchParams.getAll('command'), words);
	t.deepEqual(
		['stdin', 'stdout', 'stderr', 'tty', 'container'].map(name => asked!.searchParams.get(name)),
		['true', 'true', null, 'true', 'app'],
	);
});

function refusal(code: number, body: object): Refusal {
	return {status: code, body: JSON.stringify(body)};
}
