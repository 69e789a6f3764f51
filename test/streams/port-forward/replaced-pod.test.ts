/** A pod that is replaced by one of the same name while the watch of the pods hangs. */
import {PassThrough} from 'node:stream';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import type {PodObject} from '../../../source/cluster/targets/pod-object.ts';
import {isReady} from '../../../source/cluster/targets/resolve-pod.ts';
import {clientForTest} from '../../support/client-for-test.ts';
import {openForward} from '../../support/open-forward.ts';
import {echoes} from '../../support/port-forward-run.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {askJson} from '../../support/sandbox-client.ts';
import {until} from '../../support/until.ts';

const podPath = '/api/v1/namespaces/default/pods/db-0';

/** `canReadPod`: whether reads of the pod on a tunnel's connection are allowed. */
async function forwarded(t: ExecutionContext, asked: string, {canReadPod = true} = {}) {
	const {sandbox, kubeconfigFile} = await openSandbox(t);
	const client = await clientForTest(t, ['--kubeconfig', kubeconfigFile]);
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
	const openedTo: Array<string | null> = [];
	const forward = await openForward(t, cluster, {
		target: asked,
		observer: {onOpened: (_connection, {target: {uid}}) => openedTo.push(uid)},
	});
	const oldUid = forward.find('ready')!.target.uid;
	t.is(await echoes(forward.port), 'hello');
	// Two tunnels are kept ready.
	await until(() => openedTo.length >= 2, openedTo);
	return {
		...forward,
		sandbox,
		reads: () => reads,
		openedTo,
		oldUid,
		/** The uid of the successor, after every tunnel was lost. */
		async replace() {
			sandbox.faults.replacePod({name: 'db-0'});
			const {metadata} = await until(async () => {
				const pod = await askJson<PodObject>(sandbox, podPath);
				return pod.metadata?.uid !== undefined && pod.metadata.uid !== oldUid && isReady(pod) ? pod : null;
			}, forward.told);
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
	t.is(await until(async () => echoes(forward.port).catch(() => null), forward.told), 'hello');
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
		await until(() => forward.reads() > 0 && forward.openedTo.length > 0, forward.told);
		t.is(await echoes(forward.port), 'hello');
		t.deepEqual([...new Set(forward.openedTo)], [forward.oldUid]);
		t.is(forward.find('interrupted'), undefined);
	}
});
