/** The leg of a lost tunnel, only where it is known. */
import {createServer} from 'node:net';
import {text} from 'node:stream/consumers';
import test from 'ava';
import type {Connection} from '../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {locateStreamLoss, locateTunnelLoss} from '../../source/streams/locate-loss.ts';
import {silenceError, StreamLostError, streamLostError} from '../../source/wire/protocol-error.ts';
import {serve} from '../support/api-server.ts';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';
import {clientForTest} from '../support/client-for-test.ts';

const lost = (message: string, code?: string) =>
	streamLostError(message, code === undefined ? undefined : Object.assign(new Error(message), {code}));
const unconfirmed = (message: string) => new StreamLostError(message, {kind: 'not-confirmed'});

/** `leg` is `null` if the message says that it is unknown. */
const rows: ReadonlyArray<[title: string, error: SpokeError, answers: boolean, leg: 1 | 2 | null, message: RegExp]> = [
	[
		'a reset of spoke’s own connection is leg 1, even while other requests are answered',
		lost('the connection was lost: read ECONNRESET', 'ECONNRESET'),
		true,
		1,
		/leg 1\) was lost$/,
	],
	['an end while the apiserver is away is leg 1', lost('the connection ended without a WebSocket Close'), false, 1, /leg 1\) was lost$/],
	['silence while the apiserver is away is leg 1', silenceError(60_000), false, 1, /leg 1\) was lost$/],
	[
		'an end while the apiserver answers may be either',
		lost('the connection ended without a WebSocket Close'),
		true,
		null,
		/\(leg 2\) or your connection to the apiserver \(leg 1\) was lost$/,
	],
	['silence while the apiserver answers may be either', silenceError(60_000), true, null, /it is unknown whether .* was lost$/],
	[
		'a connection that no tunnel took while the apiserver is away is leg 1',
		unconfirmed('no tunnel to the pod within 30 s'),
		false,
		1,
		/: the apiserver \(leg 1\) does not respond to a new connection$/,
	],
	[
		'a connection that nobody behind its tunnel took may stand on any leg',
		unconfirmed('the container runtime did not confirm the connection within 15 s'),
		true,
		null,
		/unknown whether your connection to the apiserver \(leg 1\), its connection to the kubelet \(leg 2\) or the runtime has stalled$/,
	],
	['a broken protocol is what it is', new SpokeError('ERR_PROTOCOL', 'a frame of no kind'), false, 1, /^a frame of no kind$/],
];

for (const [title, error, isAnswered, leg, message] of rows) {
	test(title, async t => {
		const named = await locateTunnelLoss(
			{
				async connect() {
					if (!isAnswered) {
						throw new SpokeError('ERR_APISERVER_UNREACHABLE', 'nobody is here');
					}

					return {close() {}} as Connection;
				},
			},
			error,
		);
		t.is(named.legKnown ? named.leg : null, leg);
		t.regex(named.message, message);
		t.is(named.code, error.code);
	});
}

for (const [title, failure] of [
	['a failed credential', new SpokeError('ERR_CREDENTIAL_PLUGIN', 'the plugin is gone')],
	['an untrusted certificate', new SpokeError('ERR_APISERVER_TLS', 'the apiserver is not trusted')],
	['a long wait for other handshakes', new DOMException('the operation was aborted due to timeout', 'TimeoutError')],
	[
		'the limit on open files',
		new SpokeError('ERR_APISERVER_UNREACHABLE', 'too many open files', {cause: Object.assign(new Error('connect'), {code: 'EMFILE'})}),
	],
] as const) {
	test(`${title} leaves the leg unknown`, async t => {
		const cluster = {
			async connect() {
				throw failure;
			},
		};
		for (const name of [locateTunnelLoss, locateStreamLoss]) {
			const {message, legKnown} = await name(cluster, lost('the connection ended without a WebSocket Close'));
			t.regex(
				message,
				/: it is unknown whether the apiserver’s connection to the kubelet \(leg 2\) or your connection to the apiserver \(leg 1\) was lost$/,
			);
			t.false(legKnown);
		}
	});
}

test('a new connection decides on the leg, although an idle one is left', async t => {
	const server = await serve(t, (_request, response) => response.end('{"kind":"Status","apiVersion":"v1","metadata":{}}'));
	const cluster = await server.cluster();
	const {connection: idle, body} = await cluster.request({path: '/version'});
	await text(body);
	const used: string[] = [];
	const connecting = {
		async connect(options: Parameters<typeof cluster.connect>[0]) {
			const connection = await cluster.connect(options);
			used.push(connection.id);
			return connection;
		},
	};
	await locateStreamLoss(connecting, new StreamLostError('the command ended without a status', {kind: 'no-status'}));
	t.is(used.length, 1);
	t.false(used.includes(idle.id));
});

test('an apiserver that does not complete the TLS handshake does not respond', async t => {
	const server = createServer();
	t.teardown(() => server.close());
	const port = await listenOnLoopback(server);
	const cluster = await clientForTest(t, ['--server', `https://127.0.0.1:${port}`]);
	const {leg, legKnown} = await locateStreamLoss(cluster, lost('the connection ended without a WebSocket Close'));
	t.deepEqual({leg, legKnown}, {leg: 1, legKnown: true});
});
