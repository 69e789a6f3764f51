import test from 'ava';
import {parseTarget} from '../../../source/cluster/targets/parse-target.ts';
import {podKey} from '../../../source/cluster/targets/pod-object.ts';
import {resolvePod} from '../../../source/cluster/targets/resolve-pod.ts';
import type {ForwardEvent} from '../../../source/streams/port-forward/forward-event.ts';
import {clientForTest} from '../../support/client-for-test.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {until} from '../../support/until.ts';
import {decidePod, isPodGone, moveReason, PodTunnels} from '../../../source/streams/port-forward/pod-tunnels.ts';
import type {PodObject} from '../../../source/cluster/targets/pod-object.ts';

function pod(
	name: string,
	status: {ready?: boolean; phase?: string; reason?: string; deleting?: boolean; disrupted?: boolean} = {},
): PodObject {
	const {ready = true, phase = 'Running', reason, deleting = false, disrupted = false} = status;
	return {
		metadata: {name, uid: `uid-${name}`, ...(deleting && {deletionTimestamp: '2026-11-24T14:00:00Z'})},
		spec: {nodeName: 'n1', containers: [{name: 'c'}]},
		status: {
			phase,
			...(reason !== undefined && {reason}),
			conditions: [{type: 'Ready', status: ready ? 'True' : 'False'}, ...(disrupted ? [{type: 'DisruptionTarget', status: 'True'}] : [])],
		},
	};
}

const among = (...pods: PodObject[]) => new Map(pods.map(pod => [pod.metadata.uid!, pod]));
const current = pod('a');

test('a forward stays on a pod that is Ready', t => {
	const choice = decidePod(current, among(pod('a'), pod('b')));
	t.is(choice.action, 'stay');
});

const moves: Array<[string, PodObject | undefined, string]> = [
	['deleted', undefined, 'deleted'],
	['about to be deleted', pod('a', {deleting: true}), 'deleted'],
	['deleted and has ended', pod('a', {phase: 'Succeeded', ready: false, deleting: true}), 'deleted'],
	['not ready', pod('a', {ready: false}), 'not-ready'],
	['evicted', pod('a', {phase: 'Failed', reason: 'Evicted', ready: false}), 'evicted'],
	['drained', pod('a', {disrupted: true, deleting: true}), 'evicted'],
	['completed', pod('a', {phase: 'Succeeded', ready: false}), 'completed'],
];

for (const [what, now, reason] of moves) {
	test(`a forward moves from a pod that is ${what} to a Ready one`, t => {
		const choice = decidePod(current, among(...(now ? [now] : []), pod('b', {ready: false}), pod('c', {deleting: true}), pod('d')));
		t.is(choice.action, 'move');
		t.true(choice.action === 'move' && choice.pod.metadata.name === 'd' && choice.reason === reason, JSON.stringify(choice));
	});
}

test('without another Ready pod, a forward stays on a running pod and waits if it is terminated', t => {
	t.is(decidePod(current, among(pod('a', {ready: false}), pod('b', {ready: false}))).action, 'stay');
	t.is(decidePod(current, among(pod('a', {deleting: true}))).action, 'stay');
	t.deepEqual(decidePod(current, among(pod('b', {ready: false}))), {action: 'wait', reason: 'deleted'});
	t.deepEqual(decidePod(current, among(pod('a', {phase: 'Failed', ready: false}))), {action: 'wait', reason: 'completed'});
});

test('a pod recreated under the same name is another pod', t => {
	const again = pod('a');
	const now = {...again, metadata: {...again.metadata, uid: 'other'}};
	const choice = decidePod(current, among(now));
	t.true(choice.action === 'move' && choice.reason === 'deleted');
});

test('a pod is gone when it is absent, Succeeded or Failed', t => {
	t.deepEqual(
		[undefined, pod('a', {phase: 'Succeeded'}), pod('a', {phase: 'Failed'}), pod('a', {deleting: true}), pod('a', {ready: false})].map(
			pod => isPodGone(pod),
		),
		[true, true, true, false, false],
	);
	t.is(moveReason(pod('a')), null);
});

test('after a pod’s sandbox was recreated, connections use new tunnels, and idle old ones end', async t => {
	const {kubeconfigFile} = await openSandbox(t);
	const cluster = await clientForTest(t, ['--kubeconfig', kubeconfigFile]);
	const signal = AbortSignal.timeout(10_000);
	const resolved = await resolvePod(cluster, parseTarget('sts/db'), {podPreference: 'attach', podRunningTimeoutMs: 10_000, signal});
	const told: ForwardEvent[] = [];
	const tunnels = new PodTunnels(cluster, resolved, {
		emit: event => told.push(event('f1')),
		onTerminated: () => t.fail('the pod is not terminated'),
		onGone: error => t.fail(error.message),
	});
	t.teardown(() => {
		tunnels.destroy();
	});
	await tunnels.start(cluster);
	const old = await tunnels.lease(signal);
	const {pod} = resolved;
	tunnels.update(new Map([[podKey(pod), {...pod, status: {...pod.status!, podIP: '10.9.9.9'}}]]));
	const fresh = await tunnels.lease(signal);
	t.not(fresh.tunnel, old.tunnel);
	const moved = await until(() => told.find(({event}) => event === 'moved'), told);
	t.like(moved, {reason: 'sandbox-changed', from: {name: pod.metadata.name}, to: {name: pod.metadata.name}});
	t.true(old.isCurrent());
	t.true(old.tunnel.session.usable);
	old.release();
	t.false(old.tunnel.session.usable);
	old.renew();
	t.is((await tunnels.lease(signal)).pod.metadata.uid, pod.metadata.uid);
	t.is(told.length, 1);
});
