import test from 'ava';
import {decidePod, isPodGone, moveReason} from '../../../source/streams/port-forward/pod-tunnels.ts';
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
