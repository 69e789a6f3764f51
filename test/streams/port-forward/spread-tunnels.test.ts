/** The pod that a connection of a spread forward goes to. */
import {Duplex, Readable} from 'node:stream';
import {setImmediate as turn} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {rejectOnAbort} from '../../../source/async/abortable.ts';
import {type ClusterClient, ClusterRecords} from '../../../source/cluster/cluster-client.ts';
import type {Connection, PipelinedOptions, UpgradeOptions, UpgradeResult} from '../../../source/cluster/connection.ts';
import {SpreadTunnels} from '../../../source/streams/port-forward/spread-tunnels.ts';
import type {PodObject} from '../../../source/targets/pod-object.ts';
import {toResolvedTarget} from '../../../source/targets/resolve-pod.ts';
import {until} from '../../support/until.ts';

const never = new Promise<void>(() => undefined);

function readyPod(name: string): PodObject {
	return {
		metadata: {name, namespace: 'demo', uid: `uid-${name}`},
		spec: {nodeName: 'n1', containers: [{name: 'app'}]},
		status: {phase: 'Running', conditions: [{type: 'Ready', status: 'True'}]},
	};
}

/** Tunnels to pods in `blocked` open once its promise resolves. */
async function spreadOver(t: ExecutionContext, names: readonly string[], blocked: ReadonlyMap<string, Promise<void>>) {
	const sockets: Array<{pod: string; socket: Duplex}> = [];
	const upgrade = async ({path, signal}: UpgradeOptions): Promise<UpgradeResult> => {
		const pod = /\/pods\/([^/]+)/.exec(path)![1]!;
		await rejectOnAbort(async () => blocked.get(pod), signal);
		const socket = new Duplex({
			read() {},
			write(_chunk, _encoding, done) {
				done();
			},
		});
		sockets.push({pod, socket});
		return {upgraded: true, socket, protocol: 'portforward.k8s.io', headers: {}};
	};

	const pipelined = async ({path}: PipelinedOptions) => ({
		status: 200,
		body: Readable.from([Buffer.from(JSON.stringify({apiVersion: 'v1', kind: 'Pod', ...readyPod(path.split('/').at(-1)!)}))]),
	});
	const cluster = {
		facts: {},
		records: new ClusterRecords(),
		connect: async () => ({usable: true, pipelined, upgrade, close() {}}) as unknown as Connection,
	} as unknown as ClusterClient;
	const pods = names.map(name => readyPod(name));
	const tunnels = new SpreadTunnels(
		cluster,
		{pod: pods[0]!, target: toResolvedTarget('svc/web', pods[0]!, names.length), service: null, scope: {namespace: 'demo'}},
		{environment: {KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false'}, emit() {}, onTerminated() {}, onGone() {}},
	);
	t.teardown(() => {
		tunnels.destroy();
	});
	await tunnels.start(cluster);
	tunnels.update(new Map(pods.map(pod => [pod.metadata.uid!, pod])));
	return {
		async opened(name: string) {
			await until(() => sockets.some(({pod}) => pod === name));
		},
		async lose(name: string) {
			for (const {pod, socket} of sockets) {
				if (pod === name) {
					socket.destroy(Object.assign(new Error('read ECONNRESET'), {code: 'ECONNRESET'}));
				}
			}

			await turn();
		},
		/** The pod of a new connection. */
		async connect() {
			const {pod, release} = tunnels.leaseReady() ?? (await tunnels.lease(AbortSignal.timeout(3000)));
			return {name: pod.metadata.name, release};
		},
	};
}

test('connections go to pods with a tunnel in turn', async t => {
	const {opened, connect} = await spreadOver(t, ['a', 'b'], new Map());
	await opened('b');
	const names = [];
	for (let count = 0; count < 4; count++) {
		const {name, release} = await connect();
		names.push(name);
		release();
	}

	t.deepEqual(names.slice(2), names.slice(0, 2));
	t.deepEqual(names.slice(0, 2).sort(), ['a', 'b']);
});

test('a pod whose first tunnel does not open gets no connection while another has a tunnel', async t => {
	const {connect} = await spreadOver(t, ['a', 'b'], new Map([['b', never]]));
	const names = [];
	// More than the tunnels that are kept ready.
	for (let count = 0; count < 8; count++) {
		names.push((await connect()).name);
	}

	t.deepEqual([...new Set(names)], ['a']);
});

test('a connection that waits for a pod with busy tunnels goes to another pod that gets a tunnel', async t => {
	const {promise, resolve} = Promise.withResolvers<void>();
	const blocked = new Map([['b', promise]]);
	const {connect} = await spreadOver(t, ['a', 'b'], blocked);
	blocked.set('a', never);
	const names = [];
	// Until no tunnel to `a` is free.
	for (;;) {
		const next = await Promise.race([connect(), turn(null).then(async () => turn(null))]);
		if (next === null) {
			break;
		}

		names.push(next.name);
	}

	const waiting = connect();
	resolve();
	t.is((await waiting).name, 'b');
	t.deepEqual([...new Set(names)], ['a']);
});

test('connections that wait without any tunnel go to the first pod that gets one', async t => {
	const blocked = new Map([['b', never]]);
	const {lose, connect} = await spreadOver(t, ['a', 'b'], blocked);
	const {promise, resolve} = Promise.withResolvers<void>();
	blocked.set('a', promise);
	await lose('a');
	const connecting = Promise.all([connect(), connect(), connect()]);
	resolve();
	t.deepEqual(
		(await connecting).map(({name}) => name),
		['a', 'a', 'a'],
	);
});
