/** The choice of a remote command's carrier. */
import {once} from 'node:events';
import type {IncomingMessage} from 'node:http';
import test from 'ava';
import type {SpokeError} from '../../../source/errors/spoke-error.ts';
import {statusObject} from '../../support/api-server.ts';
import {ends, type FarSide, type Refusal, startCommandServer} from '../../support/command-server.ts';
import {openCommand, openCommandAt} from '../../support/remote-command.ts';

const websocketV5 = 'GET websocket v5.channel.k8s.io';
const websocketV4 = 'GET websocket v4.channel.k8s.io';
const spdy = 'POST SPDY/3.1 v4.channel.k8s.io';

const mayNotGet = refusal(
	403,
	'pods "web" is forbidden: User "ada" cannot get resource "pods/exec" in API group "" in the namespace "default"',
);
const mayNotCreate = refusal(
	403,
	'pods "web" is forbidden: User "ada" cannot create resource "pods/exec" in API group "" in the namespace "default"',
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
	['SPDY behind a proxy that strips WebSockets', {[websocketV5]: refusal(400, 'Upgrade request required')}, [websocketV5, spdy], null],
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
		{[websocketV5]: refusal(403, 'pods "web" is forbidden: ')},
		[websocketV5],
		'ERR_FORBIDDEN',
	],
	['no other carrier for bad credentials', {[websocketV5]: refusal(401, 'Unauthorized')}, [websocketV5], 'ERR_CREDENTIALS'],
	[
		'no other carrier for a wrong container',
		{[websocketV5]: refusal(400, 'container app is not valid for pod web')},
		[websocketV5],
		'ERR_NOT_FOUND',
	],
	[
		'no other carrier where the kubelet cannot be reached',
		{[websocketV5]: refusal(500, 'error dialing backend: No agent available')},
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

const upgradeOf = ({method, headers}: IncomingMessage) =>
	`${method} ${headers.upgrade} ${String(headers['sec-websocket-protocol'] ?? headers['x-stream-protocol-version'])}`;

for (const [title, refused, tried, code] of rows) {
	test(title, async t => {
		const server = await startCommandServer(t, ends(), {refuse: request => refused[upgradeOf(request)] ?? null});
		const opening = openCommandAt(server);
		if (code === null) {
			t.is(await (await opening).outcome, 0);
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

for (const [title, refusal, opening, tried] of [
	['KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false leaves only SPDY', mayNotCreate, {feature: 'attach', carrier: 'spdy'}, [spdy]],
	[
		'a command that reads stdin to its end does not use channels that cannot end it',
		{status: 403, body: ''},
		{command: ['cat'], stdin: true},
		[websocketV5, spdy],
	],
] as const) {
	test(title, async t => {
		const server = await startCommandServer(t, ends(), {refuse: () => refusal});
		await t.throwsAsync(openCommandAt(server, opening));
		t.deepEqual(server.upgrades, [...tried]);
	});
}

test('the end of the input is a notice where the channels cannot signal it', async t => {
	const ended = Promise.withResolvers<void>();
	const notices: string[] = [];
	const command = await openCommand(t, async far => ended.promise.then(() => far.end()), {
		server: {refuse: ({headers}) => (headers['sec-websocket-protocol'] === 'v4.channel.k8s.io' ? null : {status: 403, body: ''})},
		feature: 'attach',
		stdin: true,
		tty: true,
		onWaiting: notice => notices.push(notice),
	});
	const closed = once(command.stdin!, 'close');
	command.stdin!.end('x');
	await closed;
	t.deepEqual(notices, ['the protocol v4.channel.k8s.io cannot signal the end of the input: the command may wait for more input']);
	ended.resolve();
	t.is(await command.outcome, 0);
});

test('the arguments of a command reach the path unchanged', async t => {
	let asked: URL | undefined;
	const command = ['sh', '-c', 'echo "a&b=c" +%20 ü', '', '--', '-it'];
	const script = (far: FarSide) => {
		asked = far.url;
		far.end();
	};
	const {outcome} = await openCommand(t, script, {command, stdin: true, tty: true});
	t.is(await outcome, 0);
	t.deepEqual(asked!.searchParams.getAll('command'), command);
	t.deepEqual(
		['stdin', 'stdout', 'stderr', 'tty', 'container'].map(name => asked!.searchParams.get(name)),
		['true', 'true', null, 'true', 'app'],
	);
});

function refusal(code: number, message: string): Refusal {
	return {status: code, body: JSON.stringify(statusObject(code, message))};
}
