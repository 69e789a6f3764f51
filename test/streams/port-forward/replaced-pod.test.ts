/** A pod that is replaced by one of the same name while the watch of the pods hangs. */
import {PassThrough} from 'node:stream';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {createClusterClient} from '../../../source/cluster/create-cluster-client.ts';
import {connectionFlags} from '../../../source/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/command-line/parse-command-line.ts';
import type {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {ForwardEvent} from '../../../source/streams/port-forward/forward-event.ts';
import {parseListenAddresses} from '../../../source/streams/port-forward/listen-address.ts';
import {parsePortSpec} from '../../../source/streams/port-forward/port-spec.ts';
import {startForward} from '../../../source/streams/port-forward/start-forward.ts';
import type {PodObject} from '../../../source/targets/pod-object.ts';
import {isReady} from '../../../source/targets/pod-order.ts';
import {parseTarget} from '../../../source/targets/parse-target.ts';
import {echoes} from '../../support/port-forward-run.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {askJson} from '../../support/sandbox-client.ts';
import {until} from '../../support/until.ts';

const podPath = '/api/v1/namespaces/default/pods/db-0';

/** `canReadPod`: whether reads of the pod on a tunnel's connection are allowed. */
async function forwarded(t: ExecutionContext, asked: string, {canReadPod = true} = {}) {
	const {sandbox, kubeconfigFile} = await openSandbox(t);
	const client = await createClusterClient(parseCommandLine(connectionFlags, ['--kubeconfig', kubeconfigFile]).flags, {});
	let reads = 0;
	const cluster: ClusterClient = {
		...client,
		async request(options) {
			const response = await client.request(options);
			if (!options.path.includes('watch=true')) {
				return response;
			}

			response.body.destroy();
			const body = new PassThrough();
			options.signal?.addEventListener('abort', () => body.destroy());
			return {...response, body};
		},
		async connect(options) {
			const connection = await client.connect(options);
			const pipelined = connection.pipelined.bind(connection);
			return Object.assign(connection, {
				async pipelined(options: Parameters<typeof pipelined>[0]) {
					const response = await pipelined(options);
					if (options.path !== podPath) {
						return response;
					}

					reads++;
					return canReadPod ? response : {...response, status: 403};
				},
			});
		},
	};
	const stop = new AbortController();
	const openedTo: Array<string | null> = [];
	const {events} = startForward(
		cluster,
		{
			target: parseTarget(asked),
			ports: [{id: 'f1', spec: parsePortSpec(':7000')}],
			addresses: parseListenAddresses(['127.0.0.1']),
			podRunningTimeoutMs: 10_000,
		},
		{
			signal: stop.signal,
			observer: {
				onOpened(_connection, {target: {uid}}) {
					openedTo.push(uid);
				},
			},
		},
	);
	const told: ForwardEvent[] = [];
	const ended = (async () => {
		try {
			for await (const event of events) {
				told.push(event);
			}

			return null;
		} catch (error) {
			return error as SpokeError;
		}
	})();
	t.teardown(async () => {
		stop.abort();
		await ended;
		client.close();
	});
	const find = <Name extends ForwardEvent['event']>(name: Name) =>
		told.find((event): event is Extract<ForwardEvent, {event: Name}> => event.event === name);
	await until(
		() => find('ready') !== undefined,
		() => told,
	);
	const {
		listen: [listen],
		target: {uid: oldUid},
	} = find('ready')!;
	t.is(await echoes(listen!.port), 'hello');
	// Two tunnels are kept ready.
	await until(
		() => openedTo.length >= 2,
		() => openedTo,
	);
	return {
		sandbox,
		told,
		reads: () => reads,
		openedTo,
		ended,
		find,
		oldUid,
		port: listen!.port,
		/** The uid of the successor, after every tunnel was lost. */
		async replace() {
			sandbox.faults.replacePod({name: 'db-0'});
			const {metadata} = await until(
				async () => {
					const pod = await askJson<PodObject>(sandbox, podPath);
					return pod.metadata?.uid !== undefined && pod.metadata.uid !== oldUid && isReady(pod) ? pod : null;
				},
				() => told,
			);
			openedTo.length = 0;
			sandbox.faults.cut();
			return metadata.uid!;
		},
	};
}

test('a connection reaches the successor of a pod only under the successor’s uid', async t => {
	const forward = await forwarded(t, 'sts/db');
	t.is(forward.reads(), 0, 'a tunnel without a loss costs no request');
	const newUid = await forward.replace();
	// One that comes before spoke has read the reset is lost with the old tunnel.
	t.is(
		await until(
			async () => echoes(forward.port).catch(() => null),
			() => forward.told,
		),
		'hello',
	);
	t.deepEqual([...new Set(forward.openedTo)], [newUid]);
	t.is(forward.find('moved')?.to.uid, newUid);
});

test('a forward of a named pod ends when the pod was replaced during a loss', async t => {
	const forward = await forwarded(t, 'pod/db-0');
	await forward.replace();
	t.is((await forward.ended)?.code, 'ERR_TARGET_GONE');
	t.deepEqual(forward.openedTo, []);
});

test('a lost tunnel is replaced if the same pod is read, or may not be read', async t => {
	for (const canReadPod of [true, false]) {
		const forward = await forwarded(t, 'sts/db', {canReadPod});
		forward.openedTo.length = 0;
		forward.sandbox.faults.cut();
		await until(
			() => forward.reads() > 0 && forward.openedTo.length > 0,
			() => forward.told,
		);
		t.is(await echoes(forward.port), 'hello');
		t.deepEqual([...new Set(forward.openedTo)], [forward.oldUid]);
		t.is(forward.find('interrupted'), undefined);
	}
});
