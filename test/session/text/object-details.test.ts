/** Details of an object. */
import test from 'ava';
import {lineText} from '../../../source/session/kit/text-rows.ts';
import {readDetails, nodeVerdict, podVerdict, workloadVerdict} from '../../../source/session/text/object-details.ts';
import {readYaml, yamlPath} from '../../../source/session/text/details-handlers.ts';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {connectionFlags} from '../../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import {createClusterClient} from '../../../source/cluster/create-cluster-client.ts';
import {startServer} from '../../support/api-server.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {until} from '../../support/until.ts';
import type {PodObject} from '../../../source/cluster/targets/pod-object.ts';

test('pod details show the labels, and the image of each container', async t => {
	const pod = {
		metadata: {name: 'web-0', labels: {app: 'web', tier: 'edge'}},
		spec: {containers: [{name: 'app', image: 'registry.corp/web:4.2'}]},
	};
	const {lines} = await readDetails({json: async () => pod} as unknown as ClusterClient, 'pod/web-0', 'demo');
	const texts = lines.map(({label = '', text}) => `${label} ${text}`.trim());
	t.true(texts.includes('Labels app=web, tier=edge'));
	t.true(texts.includes('image registry.corp/web:4.2'));
});

test('a long container name is shown completely', async t => {
	const pod = {metadata: {name: 'web-0'}, spec: {containers: [{name: 'konnectivity-agent-sidecar'}]}};
	const {lines} = await readDetails({json: async () => pod} as unknown as ClusterClient, 'pod/web-0', 'demo');
	t.true(lines.some(({label}) => label?.trim() === 'konnectivity-agent-sidecar'));
});

test('an evicted pod shows the reason', async t => {
	const pod = {
		metadata: {name: 'web-0'},
		spec: {containers: [{name: 'app'}]},
		status: {phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.'},
	};
	const {lines} = await readDetails({json: async () => pod} as unknown as ClusterClient, 'pod/web-0', 'demo');
	t.deepEqual(lines.find(({label}) => label === 'Message')?.text, pod.status.message);
});

test('the details of a crashing pod begin with its status, last exit and restarts', async t => {
	const state = {waiting: {reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container=app'}};
	const lastState = {terminated: {exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-01-01T00:00:00Z'}};
	const pod = {
		metadata: {name: 'web-0'},
		spec: {containers: [{name: 'app'}]},
		status: {phase: 'Running', podIP: '10.0.0.7', containerStatuses: [{name: 'app', restartCount: 4, state, lastState}]},
	};
	const {lines} = await readDetails({json: async () => pod} as unknown as ClusterClient, 'pod/web-0', 'demo');
	const now = Date.parse('2026-01-01T00:04:00Z');
	t.deepEqual(
		lines.slice(1, 4).map(one => `${one.label} ${lineText(one, now)}`),
		['Status CrashLoopBackOff · exited 137 (OOMKilled) 4m ago · 4 restarts', 'Node not scheduled', 'Phase Running, 10.0.0.7'],
	);
	t.is(lines[1]!.role, 'state.failed');
	t.true(lines.some(one => lineText(one, now) === 'previous run: exited 137 (OOMKilled) 4m ago'));
});

for (const [target, object, shown] of [
	[
		'deploy/web',
		{
			spec: {
				replicas: 3,
				selector: {matchLabels: {app: 'web'}},
				template: {
					spec: {
						containers: [
							{name: 'app', image: 'web:4'},
							{name: 'log', image: 'log:1'},
						],
					},
				},
			},
			status: {readyReplicas: 2, updatedReplicas: 1, availableReplicas: 2},
		},
		[
			'Status 2 of 3 ready · 1 up to date',
			'Image web:4, log:1',
			'Replicas 3 desired, 2 ready, 2 available, 1 up to date',
			'Selector app=web',
		],
	],
	[
		'ds/agent',
		{
			spec: {template: {spec: {containers: [{name: 'a', image: 'agent:2'}]}}},
			status: {desiredNumberScheduled: 10, numberReady: 9, updatedNumberScheduled: 10},
		},
		['Status 9 of 10 ready', 'Image agent:2', 'Nodes 10 desired, 9 ready, 10 up to date'],
	],
	[
		'node/n1',
		{
			spec: {unschedulable: true},
			status: {
				addresses: [{type: 'InternalIP', address: '10.0.0.1'}],
				capacity: {cpu: '4', memory: '16Gi'},
				allocatable: {cpu: '3800m', memory: '16Gi'},
				conditions: [
					{type: 'DiskPressure', status: 'True'},
					{type: 'Ready', status: 'True'},
				],
			},
		},
		[
			'Status Ready · DiskPressure · cordoned',
			'Addresses InternalIP 10.0.0.1',
			'Capacity cpu 4 (3800m allocatable), memory 16Gi',
			'Pressure DiskPressure',
		],
	],
] as const) {
	test(`the details of ${target} begin with its state`, async t => {
		const read = {json: async () => ({metadata: {name: 'x', namespace: 'demo'}, ...object})} as unknown as ClusterClient;
		const {lines} = await readDetails(read, target, 'demo');
		t.deepEqual(
			lines.slice(1, shown.length + 1).map(({label, text}) => `${label} ${text}`),
			[...shown],
		);
	});
}

test('a cron job shows its schedule, its suspension and its last run', async t => {
	const cronJob = {
		metadata: {name: 'nightly'},
		spec: {schedule: '0 3 * * *', timeZone: 'Europe/Berlin', suspend: true},
		status: {lastScheduleTime: '2026-01-01T02:00:00Z', lastSuccessfulTime: '2026-01-01T02:03:00Z', active: [{name: 'nightly-1'}]},
	};
	const {lines} = await readDetails({json: async () => cronJob} as unknown as ClusterClient, 'cronjob/nightly', 'demo');
	const texts = lines.map(({label = '', text}) => `${label} ${text}`.trim());
	for (const told of [
		'Schedule 0 3 * * * in Europe/Berlin',
		'Suspended yes: it creates no new jobs',
		'Last run 2026-01-01T02:00:00Z',
		'Succeeded 2026-01-01T02:03:00Z',
		'Active job/nightly-1',
	]) {
		t.true(texts.includes(told), told);
	}
});

test('a warning event is marked without color', async t => {
	const {env} = await openSandbox(t);
	const cluster = await createClusterClient(parseCommandLine(connectionFlags, []).flags, env);
	t.teardown(() => {
		cluster.close();
	});
	const {items} = await cluster.json<{items: ReadonlyArray<{metadata: {name: string}}>}>({
		path: '/api/v1/namespaces/default/pods?labelSelector=app%3Dflaky',
	});
	const labels = async () =>
		(await readDetails(cluster, `pod/${items[0]!.metadata.name}`, 'default')).lines.map(({label = ''}) => label.trim());
	await until(async () => (await labels()).includes('! BackOff'), labels);

	t.true((await labels()).includes('Created'));
});

test('YAML keeps all digits of a number and omits and names what kubectl omits', async t => {
	const asked: Array<string | undefined> = [];
	const server = await startServer({
		request({url}, response) {
			asked.push(url);
			response
				.setHeader('content-type', 'application/json')
				.end(
					'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","managedFields":[{"manager":"x"}]},"spec":{"containers":[],"terminationGracePeriodSeconds":9223372036854775807}}',
				);
		},
	});
	t.teardown(async () => server.close());
	const {lines, without} = await readYaml(await server.cluster(), 'pod/web', 'demo');
	t.deepEqual(
		lines.map(({text}) => text),
		[
			'apiVersion: v1',
			'kind: Pod',
			'metadata:',
			'  name: web',
			'spec:',
			'  containers: []',
			'  terminationGracePeriodSeconds: 9223372036854775807',
		],
	);
	t.is(without, 'managedFields');
	t.deepEqual(asked, ['/api/v1/namespaces/demo/pods/web']);
});

test('no name or kind changes the path of the request', t => {
	t.is(yamlPath('deploy/web', 'demo'), '/apis/apps/v1/namespaces/demo/deployments/web');
	t.is(yamlPath('node/n1', 'demo'), '/api/v1/nodes/n1');
	t.is(yamlPath('namespace/kube-system', 'demo'), '/api/v1/namespaces/kube-system');
	for (const target of ['secret/x', 'cm/x', 'secrets.v1./x', 'ns/demo/secrets/x', 'ns/../secrets', 'pod/a/b', 'pod/..']) {
		t.throws(() => yamlPath(target, 'demo'), {code: 'ERR_USAGE'}, target);
	}
});

const now = Date.parse('2026-01-01T01:00:00Z');
const at = '2026-01-01T00:56:00Z';
const running = {name: 'app', ready: true, restartCount: 0, state: {running: {}}};
const lastState = {terminated: {exitCode: 3, reason: 'Error', finishedAt: at}};

const waiting = (reason: string, message?: string) => ({name: 'app', state: {waiting: {reason, ...(message !== undefined && {message})}}});

const pods: ReadonlyArray<readonly [status: PodObject['status'], text: string, role: string | undefined]> = [
	[{phase: 'Running', containerStatuses: [running]}, 'Running', undefined],
	[{phase: 'Running', containerStatuses: [{...running, restartCount: 8, lastState}]}, 'Running · 8 restarts, the last 4m ago', undefined],
	[{phase: 'Running', containerStatuses: [running, {...running, ready: false}]}, 'Running · 1 of 2 containers ready', 'state.working'],
	[
		{phase: 'Running', containerStatuses: [running, {...waiting('CrashLoopBackOff', 'back-off'), name: 'log', restartCount: 1, lastState}]},
		'CrashLoopBackOff · log exited 3 (Error) 4m ago · 1 restart',
		'state.failed',
	],
	[
		{phase: 'Pending', containerStatuses: [waiting('ImagePullBackOff', 'Back-off pulling image "web:9"')]},
		'ImagePullBackOff · Back-off pulling image "web:9"',
		'state.failed',
	],
	[
		{phase: 'Pending', conditions: [{type: 'PodScheduled', status: 'False', message: '0/3 nodes are available\u0000\u001B[31m'}]},
		'Pending · 0/3 nodes are available',
		'state.working',
	],
	[
		{phase: 'Succeeded', containerStatuses: [{name: 'app', state: {terminated: {exitCode: 0, reason: 'Completed'}}}]},
		'Completed',
		'text.dim',
	],
	[{phase: 'Failed', containerStatuses: [{name: 'app', state: lastState}]}, 'Error · exited 3 (Error) 4m ago', 'state.failed'],
];
for (const [status, text, role] of pods) {
	test(`the verdict of a pod is ${text}`, t => {
		const verdict = podVerdict({metadata: {name: 'web'}, spec: {containers: []}, ...(status && {status})});
		t.true(lineText(verdict, now).startsWith(text), lineText(verdict, now));
		t.notRegex(lineText(verdict, now), /[\u0000-\u001F]/);
		t.is(verdict.role, role);
	});
}

test('the verdict of a node that is not ready says why and since when', t => {
	const ready = {
		type: 'Ready',
		status: 'Unknown',
		reason: 'NodeStatusUnknown',
		message: 'Kubelet stopped posting.',
		lastTransitionTime: at,
	};
	const verdict = nodeVerdict({metadata: {name: 'n1'}, status: {conditions: [ready]}});
	t.is(lineText(verdict, now), 'Unknown · NodeStatusUnknown: Kubelet stopped posting. · since 4m ago');
	t.is(verdict.role, 'state.failed');
});

test('the verdict of a deployment that does not progress has the reason', t => {
	const conditions = [{type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded'}];
	const verdict = workloadVerdict({metadata: {name: 'web'}, spec: {replicas: 2}, status: {readyReplicas: 1, conditions}});
	t.deepEqual(verdict, {text: '1 of 2 ready · ProgressDeadlineExceeded', role: 'state.failed'});
});
