import test from 'ava';
import {currentInstance, type ContainerInstance} from '../../../source/streams/logs/container-instance.ts';
import type {ContainerStatus, PodObject} from '../../../source/targets/pod-object.ts';

const terminated = (exitCode: number, containerID: string) => ({
	terminated: {exitCode, containerID, reason: exitCode === 0 ? 'Completed' : 'Error'},
});

function pod(
	status: Partial<ContainerStatus>,
	{
		policy = 'Always',
		phase = 'Running',
		deleted = false,
		spec = {},
		role = 'regular',
	}: {policy?: string; phase?: string; deleted?: boolean; spec?: object; role?: 'regular' | 'init' | 'ephemeral'} = {},
): PodObject {
	const container = {name: 'c', ...spec};
	const full = [{name: 'c', ...status}];
	return {
		metadata: {name: 'p', ...(deleted && {deletionTimestamp: 'now'})},
		spec: {
			restartPolicy: policy,
			containers: role === 'regular' ? [container] : [{name: 'main'}],
			...(role === 'init' && {initContainers: [container]}),
			...(role === 'ephemeral' && {ephemeralContainers: [container]}),
		},
		status: {
			phase,
			...(role === 'regular'
				? {containerStatuses: full}
				: role === 'init'
					? {initContainerStatuses: full}
					: {ephemeralContainerStatuses: full}),
		},
	};
}

const rows: ReadonlyArray<readonly [string, PodObject, Partial<ContainerInstance>]> = [
	[
		'a running container',
		pod({containerID: 'x', state: {running: {}}, restartCount: 2, lastState: terminated(137, 'w')}),
		{id: 'x', restarts: 2, state: 'running', previous: {exitCode: 137, reason: 'Error', at: null}},
	],
	[
		'one that is being created',
		pod({state: {waiting: {reason: 'ContainerCreating'}}}, {phase: 'Pending'}),
		{id: null, state: 'waiting', reason: 'ContainerCreating'},
	],
	[
		'one whose image cannot be pulled',
		pod({state: {waiting: {reason: 'ErrImagePull', message: 'not found'}}}, {phase: 'Pending'}),
		{id: null, state: 'waiting', reason: 'ErrImagePull', message: 'not found'},
	],
	[
		'one in back-off offers the log of its last life',
		pod({state: {waiting: {reason: 'CrashLoopBackOff'}}, lastState: terminated(1, 'w'), restartCount: 4}),
		{id: 'w', restarts: 4, state: 'restarting', reason: 'CrashLoopBackOff', ended: {exitCode: 1, reason: 'Error', at: null}},
	],
	['an end under Always', pod({state: terminated(0, 'x')}), {id: 'x', state: 'restarting'}],
	['an end under Never', pod({state: terminated(1, 'x')}, {policy: 'Never'}), {state: 'terminated'}],
	['success under OnFailure', pod({state: terminated(0, 'x')}, {policy: 'OnFailure'}), {state: 'terminated'}],
	['failure under OnFailure', pod({state: terminated(2, 'x')}, {policy: 'OnFailure'}), {state: 'restarting'}],
	['any end in a pod that is done', pod({state: terminated(0, 'x')}, {phase: 'Succeeded'}), {state: 'terminated'}],
	['any end in a pod that is being deleted', pod({state: terminated(0, 'x')}, {deleted: true}), {state: 'terminated'}],
	['an init container’s success', pod({state: terminated(0, 'x')}, {role: 'init'}), {state: 'terminated'}],
	['an init container’s failure', pod({state: terminated(1, 'x')}, {role: 'init'}), {state: 'restarting'}],
	[
		'a sidecar’s end',
		pod({state: terminated(0, 'x')}, {role: 'init', policy: 'Never', spec: {restartPolicy: 'Always'}}),
		{state: 'restarting'},
	],
	['an ephemeral container’s end', pod({state: terminated(1, 'x')}, {role: 'ephemeral'}), {state: 'terminated'}],
	[
		'a container with a policy of its own',
		pod({state: terminated(1, 'x')}, {policy: 'Never', spec: {restartPolicy: 'Always'}}),
		{state: 'restarting'},
	],
	['a container without a status in a running pod', pod({}), {id: 'instance 0', state: 'running'}],
	['a running container without an id', pod({state: {running: {}}, restartCount: 3}), {id: 'instance 3', state: 'running'}],
	[
		'an end after an earlier one',
		pod({state: terminated(0, 'x'), lastState: terminated(1, 'w'), restartCount: 1}),
		{
			id: 'x',
			state: 'restarting',
			reason: null,
			ended: {exitCode: 0, reason: 'Completed', at: null},
			previous: {exitCode: 1, reason: 'Error', at: null},
		},
	],
	[
		'an end by a signal',
		pod({state: {terminated: {signal: 9, finishedAt: '2026-11-24T14:00:00Z'}}, restartCount: 2} as unknown as Partial<ContainerStatus>),
		{id: 'instance 2', state: 'restarting', ended: {exitCode: 137, reason: null, at: '2026-11-24T14:00:00Z'}, previous: null},
	],
	[
		'an end without details',
		pod({state: {terminated: {}}} as unknown as Partial<ContainerStatus>),
		{state: 'restarting', ended: {exitCode: 0, reason: null, at: null}},
	],
	[
		'an ephemeral container’s end, whatever policy it claims',
		pod({state: terminated(1, 'x')}, {role: 'ephemeral', spec: {restartPolicy: 'Always'}}),
		{state: 'terminated'},
	],
	[
		'a failure where rules say what starts again',
		pod({state: terminated(3, 'x')}, {policy: 'Never', spec: {restartPolicy: 'Never', restartPolicyRules: [{action: 'Restart'}]}}),
		{state: 'restarting'},
	],
	[
		'a success where rules say what starts again',
		pod({state: terminated(0, 'x')}, {spec: {restartPolicyRules: [{action: 'Restart'}]}}),
		{state: 'terminated'},
	],
	[
		'a failure where the rules are none',
		pod({state: terminated(3, 'x')}, {spec: {restartPolicy: 'Never', restartPolicyRules: []}}),
		{state: 'terminated'},
	],
	['an init container’s failure under Never', pod({state: terminated(1, 'x')}, {role: 'init', policy: 'Never'}), {state: 'terminated'}],
	[
		'a pod that finds no node',
		{
			...pod({}, {phase: 'Pending'}),
			status: {
				phase: 'Pending',
				conditions: [
					{type: 'Ready', status: 'False', reason: 'NotReady'},
					{type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available'},
				],
			},
		},
		{id: null, state: 'waiting', reason: 'Unschedulable', message: '0/1 nodes are available'},
	],
	[
		'a pod that has found its node',
		{...pod({}, {phase: 'Pending'}), status: {phase: 'Pending', conditions: [{type: 'PodScheduled', status: 'True', reason: 'x'}]}},
		{id: null, state: 'waiting', reason: 'Pending'},
	],
	['a pod that failed before the container started', pod({}, {phase: 'Failed'}), {id: null, state: 'terminated'}],
];

for (const [title, object, expected] of rows) {
	test(`${title} is ${expected.state}`, t => {
		t.like(currentInstance(object, 'c'), expected);
	});
}
