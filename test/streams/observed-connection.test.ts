/** Reports about streams that were not opened. */
import test from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import type {ConnectionObserver} from '../../source/streams/connection-observer.ts';
import {openTunnel} from '../../source/streams/port-forward/tunnel.ts';
import {openLog} from '../../source/streams/logs/open-log.ts';
import {openProxyWebSocket, sendProxyRequest} from '../../source/streams/proxy/proxy-request.ts';
import {openRemoteCommand} from '../../source/streams/remote-command/open-remote-command.ts';
import {serve} from '../support/api-server.ts';
import {reachedWeb} from '../support/remote-command.ts';

type Watched = {observer: ConnectionObserver; signal: AbortSignal};

const proxied = {
	base: '/api/v1/namespaces/default/pods/web/proxy',
	purpose: {feature: 'pod-proxy', target: reachedWeb, request: {scheme: 'http', port: null, portName: null, kubeletPort: false}},
} as const;

const streams: ReadonlyArray<[string, (cluster: ClusterClient, watched: Watched) => Promise<unknown>]> = [
	['a forward’s tunnel', async (cluster, watched) => openTunnel(cluster, reachedWeb, watched)],
	[
		'a log',
		async (cluster, watched) =>
			openLog(cluster, {namespace: 'default', pod: 'web', uid: null, node: null, container: 'app'}, {}, {target: reachedWeb, ...watched}),
	],
	[
		'a command',
		async (cluster, watched) =>
			openRemoteCommand(cluster, {feature: 'exec', target: reachedWeb, command: ['x'], stdin: false, tty: false}, watched),
	],
	[
		'a proxy request',
		async (cluster, watched) => sendProxyRequest(cluster, proxied, {method: 'GET', path: '/', headers: {}, timeoutMs: 0}, watched),
	],
	[
		'a proxied WebSocket',
		async (cluster, watched) => openProxyWebSocket(cluster, proxied, {path: '/', headers: {}, protocols: []}, watched),
	],
];

for (const [title, open] of streams) {
	test(`${title} that is aborted is closed, not failed`, async t => {
		const asked = Promise.withResolvers<unknown>();
		const server = await serve(t, asked.resolve, {upgrade: asked.resolve});
		const told: string[] = [];
		const controller = new AbortController();
		const opening = open(await server.cluster(), {
			signal: controller.signal,
			observer: {
				onFailed(_connection, _purpose, {code}) {
					told.push(`failed ${code}`);
				},
				onClosed() {
					told.push('closed');
				},
			},
		});
		await asked.promise;
		controller.abort();
		await t.throwsAsync(opening, {any: true});
		t.deepEqual(told, ['closed']);
	});

	test(`${title} fails when the server is gone`, async t => {
		const server = await serve(t, ({socket}) => socket.destroy(), {
			upgrade(_request, socket) {
				socket.destroy();
			},
		});
		const told: string[] = [];
		await t.throwsAsync(
			open(await server.cluster(), {
				signal: new AbortController().signal,
				observer: {
					onFailed(_connection, _purpose, {code}) {
						told.push(code);
					},
				},
			}),
		);
		// For a proxy request, the backend may have failed.
		t.deepEqual([...new Set(told)], [title === 'a proxy request' ? 'ERR_STREAM_LOST' : 'ERR_APISERVER_UNREACHABLE']);
	});
}
