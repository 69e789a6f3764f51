/** A log that cannot be read. */
import {Readable} from 'node:stream';
import test from 'ava';
import type {ClusterClient, Connection} from '../../../source/cluster/cluster-client.ts';
import {noConnectionObservations} from '../../../source/evidence/connection-observations.ts';
import {secondLegStep} from '../../../source/evidence/doctor/second-leg-step.ts';
import type {DoctorStep} from '../../../source/evidence/doctor/doctor-object.ts';
import type {PathPlan} from '../../../source/evidence/plan-paths.ts';
import type {PodObject} from '../../../source/cluster/targets/pod-object.ts';
import {statusObject as status} from '../../support/api-server.ts';
import {makeObservations} from '../../support/observations.ts';

const rows: ReadonlyArray<[title: string, code: number, message: string, observed: RegExp, found: DoctorStep['status']]> = [
	[
		'a kubelet that reports a waiting container has answered',
		400,
		'container "app" in pod "web" is waiting to start: ErrImageNeverPull',
		/^kubelet n1 responds: container "app" in pod "web" is waiting to start/,
		'ok',
	],
	[
		'a missing container is the apiserver’s message',
		400,
		'container x is not valid for pod web',
		/^not tried: container x is not valid/,
		'unknown',
	],
	[
		'a missing permission is the apiserver’s message',
		403,
		'pods "web" is forbidden: User "ada" cannot get resource "pods/log"',
		/^not tried: you have no permission for logs or port-forward/,
		'unknown',
	],
];

for (const [title, code, message, observed, found] of rows) {
	test(title, async t => {
		const own = {
			id: 'c1',
			usable: true,
			request: async () => ({
				connection: {id: 'c1'},
				status: code,
				statusText: '',
				headers: {'content-type': 'application/json'},
				body: Readable.from([Buffer.from(JSON.stringify(status(code, message)))]),
			}),
		} as unknown as Connection;
		const pod = {metadata: {name: 'web', namespace: 'default'}, spec: {containers: [{name: 'app'}]}} as unknown as PodObject;
		const subjects: PathPlan = {
			target: {...makeObservations().purpose.target, container: 'app'},
			purposes: [],
			probe: null,
			node: null,
			pod,
			proxyNotice: null,
		};
		const {step, isOwn, answer} = await secondLegStep({} as ClusterClient, {connection: own, own: noConnectionObservations}, subjects);
		t.regex(step.observed, observed);
		t.is(step.status, found);
		t.true(isOwn);
		t.is(answer?.logDifferentials[0]?.facts.normal, found === 'ok' ? 'ok' : undefined);
	});
}

test('a pod on no node shows the scheduler’s message', async t => {
	const message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
	const pod = {
		metadata: {name: 'web', namespace: 'default'},
		spec: {containers: [{name: 'app'}]},
		status: {phase: 'Pending', conditions: [{type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message}]},
	} as unknown as PodObject;
	const subjects: PathPlan = {
		target: {...makeObservations().purpose.target, node: null},
		purposes: [],
		probe: null,
		node: null,
		pod,
		proxyNotice: null,
	};
	const {step} = await secondLegStep({} as ClusterClient, {connection: {} as Connection, own: noConnectionObservations}, subjects);
	t.is(step.status, 'failed');
	t.deepEqual(step.fits, [`Unschedulable: ${message}`]);
});
