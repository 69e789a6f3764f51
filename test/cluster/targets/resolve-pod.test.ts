import type {ServerResponse} from 'node:http';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {parseTarget} from '../../../source/cluster/targets/parse-target.ts';
import type {PodObject} from '../../../source/cluster/targets/pod-object.ts';
import {cronJobPodFilter, resolveTargetPods} from '../../../source/cluster/targets/target-pods.ts';
import {resolvePod, watchPods} from '../../../source/cluster/targets/resolve-pod.ts';
import {answerFrom, type Answers, type ByHand, refuse, reply, serve} from '../../support/api-server.ts';
import {until} from '../../support/until.ts';

const pod = (name: string, ready = true): PodObject => ({
	metadata: {name, namespace: 'demo', uid: `uid-${name}`, resourceVersion: '1'},
	spec: {nodeName: 'n1', containers: [{name: 'app'}]},
	status: {phase: 'Running', conditions: ready ? [{type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z'}] : []},
});

const ofCore = '/api/v1/namespaces/demo';
const ofApps = '/apis/apps/v1/namespaces/demo';
const ofBatch = '/apis/batch/v1/namespaces/demo';

const objects: Readonly<Record<string, object>> = {
	[`${ofCore}/pods/web-1`]: pod('web-1'),
	[`${ofApps}/deployments/web`]: {
		metadata: {name: 'web'},
		spec: {
			selector: {
				matchLabels: {app: 'web'},
				matchExpressions: [
					{key: 'tier', operator: 'In', values: ['a', 'b']},
					{key: 'old', operator: 'DoesNotExist'},
				],
			},
		},
	},
	[`${ofApps}/deployments/empty`]: {metadata: {name: 'empty'}, spec: {selector: {matchLabels: {app: 'empty'}}}},
	[`${ofCore}/services/web`]: {metadata: {name: 'web'}, spec: {selector: {app: 'web'}, ports: [{port: 80}]}},
	[`${ofCore}/services/bare`]: {metadata: {name: 'bare'}, spec: {ports: [{port: 80}]}},
};

const job = (name: string, owner: string) => ({
	metadata: {name, uid: `uid-${name}`, ownerReferences: [{kind: 'CronJob', name: owner, uid: `uid-${owner}`, controller: true}]},
});

const jobPod = (of: string, {phase, created}: {phase: string; created: string}): PodObject => {
	const {metadata, spec, status} = pod(`${of}-x`, false);
	return {
		metadata: {...metadata, creationTimestamp: created, ownerReferences: [{kind: 'Job', name: of, uid: `uid-${of}`, controller: true}]},
		spec,
		status: {...status, phase},
	};
};

const cronJob = (name: string) => ({
	kind: 'CronJob',
	metadata: {name, uid: `uid-${name}`},
	spec: {schedule: '0 3 * * *', suspend: name === 'off'},
	status: {},
});

type Asked = {path: string; selector: string | null; watch: boolean};

async function given(t: ExecutionContext, pods: readonly PodObject[] = [pod('web-0', false), pod('web-1')]) {
	const asked: Asked[] = [];
	const control = {
		pods: [...pods],
		jobs: [job('a-1', 'a'), job('a-2', 'a'), job('b-1', 'b')] as object[],
		watching: [] as ServerResponse[],
		refuseWatch: false,
	};
	const watch: ByHand = (_, response) => {
		response.writeHead(200, {'content-type': 'application/json'}).flushHeaders();
		control.watching.push(response);
	};
	const listOf = (kind: string, items: readonly object[]) => reply(200, {kind, metadata: {resourceVersion: '1'}, items});
	const answers = (query: URLSearchParams): Answers => ({
		...objects,
		[`${ofCore}/pods`]: listOf('PodList', query.get('labelSelector') === 'app=empty' ? [] : control.pods),
		[`${ofBatch}/jobs`]: listOf('JobList', control.jobs),
		...Object.fromEntries(['a', 'c', 'off'].map(name => [`${ofBatch}/cronjobs/${name}`, cronJob(name)])),
		...Object.fromEntries(['a-7', 'b-7'].map(name => [`${ofBatch}/jobs/${name}`, {kind: 'Job', ...job(name, name[0]!)}])),
	});
	const server = await serve(t, (request, response, query) => {
		const isWatch = query.get('watch') === 'true';
		asked.push({path: request.url!.split('?', 1)[0]!, selector: query.get('labelSelector'), watch: isWatch});
		const refused = refuse(403, 'pods is forbidden: User "ada" cannot watch resource "pods"');
		const answer = isWatch ? (control.refuseWatch ? refused : watch) : answerFrom(answers(query));
		answer(request, response, query);
	});
	const cluster = await server.cluster({flags: ['--namespace', 'demo']});
	/** Tells the first watch, once there is one. */
	const tell = async (type: string, ...told: readonly object[]) => {
		await until(() => control.watching.length > 0);
		for (const object of told) {
			control.watching[0]!.write(`${JSON.stringify({type, object})}\n`);
		}
	};
	return {cluster, asked, control, tell};
}

const options = {podPreference: 'attach', podRunningTimeoutMs: 500} as const;

test('a named pod needs one read', async t => {
	const {cluster, asked} = await given(t);
	const {target, service, scope} = await resolvePod(cluster, 'pod/web-1', options);
	t.deepEqual(target, {
		asked: 'pod/web-1',
		kind: 'Pod',
		namespace: 'demo',
		name: 'web-1',
		uid: 'uid-web-1',
		node: 'n1',
		container: null,
		chosenFrom: 1,
	});
	t.deepEqual([service, scope, asked.length], [null, null, 1]);
});

test('a workload resolves to its ready pod', async t => {
	const {cluster, asked} = await given(t);
	const {target, scope} = await resolvePod(cluster, 'deploy/web', options);
	t.like(target, {name: 'web-1', chosenFrom: 2, asked: 'deploy/web'});
	t.deepEqual(scope, {namespace: 'demo', labelSelector: 'app=web,tier in (a,b),!old'});
	t.is(asked[1]!.selector, 'app=web,tier in (a,b),!old');
});

test('a cron job resolves to a pod of its last run', async t => {
	const {cluster, control} = await given(t, []);
	control.pods = [
		jobPod('a-1', {phase: 'Succeeded', created: '2026-01-01T00:00:00Z'}),
		jobPod('a-2', {phase: 'Succeeded', created: '2026-01-02T00:00:00Z'}),
		jobPod('b-1', {phase: 'Running', created: '2026-01-03T00:00:00Z'}),
	];
	t.like((await resolvePod(cluster, 'cj/a', {...options, podPreference: 'logs'})).target, {name: 'a-2-x', chosenFrom: 2});
	control.pods[0] = jobPod('a-1', {phase: 'Running', created: '2026-01-01T00:00:00Z'});
	t.is((await resolvePod(cluster, 'cronjob/a', options)).target.name, 'a-1-x', 'what still runs comes before what is over');
});

test('follows a cron job that was recreated', async t => {
	const {cluster, control} = await given(t, []);
	control.jobs = [{metadata: {...job('a-1', 'a').metadata, ownerReferences: [{kind: 'CronJob', name: 'a', uid: 'uid-before'}]}}];
	control.pods = [jobPod('a-1', {phase: 'Running', created: '2026-01-01T00:00:00Z'})];
	t.is((await resolvePod(cluster, 'cj/a', options)).target.name, 'a-1-x');
});

test('a cron job without pods fails without waiting, and says why', async t => {
	const {cluster} = await given(t, []);
	await t.throwsAsync(resolvePod(cluster, 'cj/c', {...options, podRunningTimeoutMs: 60_000}), {
		code: 'ERR_NOT_FOUND',
		message: 'no pods found for cj/c: its schedule is "0 3 * * *", it has not run by its schedule yet',
	});
	await t.throwsAsync(resolvePod(cluster, 'cj/off', {...options, podRunningTimeoutMs: 60_000}), {
		code: 'ERR_NOT_FOUND',
		message: /: it is suspended, /,
	});
	const error = await resolvePod(cluster, 'cj/off', options).catch((thrown: unknown) => thrown as SpokeError);
	t.regex((error as SpokeError).remedy!, /^`kubectl create job -n \S+ --from=cronjob\/off off-once` runs it once$/);
});

test('watches pods of later jobs of the cron job, and of no others', async t => {
	const {cluster, tell} = await given(t, []);
	const resolved = await resolveTargetPods(cluster, parseTarget('cj/a'), 'demo');
	const ended = new AbortController();
	const seen: string[] = [];
	for await (const change of watchPods(cluster, resolved.kind === 'selected' ? resolved.scope : {namespace: 'demo'}, {
		signal: ended.signal,
	})) {
		if (change.type === 'synced') {
			void tell('ADDED', ...['b-7', 'a-7'].map(owner => jobPod(owner, {phase: 'Running', created: '2026-01-04T00:00:00Z'})));
		} else if (change.type === 'appeared') {
			seen.push(change.pod.metadata.name);
			ended.abort();
		}
	}

	t.deepEqual(seen, ['a-7-x']);
});

test('a service target returns the service', async t => {
	const {cluster} = await given(t);
	const {service, target} = await resolvePod(cluster, 'svc/web', options);
	t.is(service?.metadata.name, 'web');
	t.is(target.name, 'web-1');
});

test('a service without a selector is an error', async t => {
	const {cluster} = await given(t);
	await t.throwsAsync(resolvePod(cluster, 'svc/bare', options), {code: 'ERR_NOT_FOUND', message: /svc\/bare selects no pods/});
});

test('rejects a node, and reports a missing object', async t => {
	const {cluster} = await given(t);
	await t.throwsAsync(resolvePod(cluster, 'node/n1', options), {code: 'ERR_USAGE', message: /is a node/});
	await t.throwsAsync(resolvePod(cluster, 'deploy/nope', options), {code: 'ERR_NOT_FOUND'});
	await t.throwsAsync(resolvePod(cluster, 'nope', options), {code: 'ERR_NOT_FOUND'});
});

test('waits for a pod that appears in time', async t => {
	const {cluster, tell} = await given(t);
	const resolving = resolvePod(cluster, 'deploy/empty', {...options, podRunningTimeoutMs: 5000});
	await tell('ADDED', pod('late'));
	t.is((await resolving).target.name, 'late');
});

test('names the target when no pod appears in time', async t => {
	const {cluster} = await given(t);
	const began = Date.now();
	await t.throwsAsync(resolvePod(cluster, 'deploy/empty', options), {
		code: 'ERR_NOT_FOUND',
		message: 'no pods found for deploy/empty after 0.5 s',
	});
	t.true(Date.now() - began < 15_000);
});

test('an abort while waiting for a pod rejects with its reason', async t => {
	const {cluster, control} = await given(t);
	const left = new AbortController();
	const resolving = resolvePod(cluster, 'deploy/empty', {...options, podRunningTimeoutMs: 60_000, signal: left.signal});
	await until(() => control.watching.length > 0);

	left.abort(new Error('gave up'));
	await t.throwsAsync(resolving, {message: 'gave up'});
});

test('an abort while rereading a job rejects with its reason', async t => {
	const {cluster} = await given(t, []);
	const left = new AbortController();
	const asked = Promise.withResolvers<void>();
	const includesPod = await cronJobPodFilter(
		{
			...cluster,
			async json() {
				asked.resolve();
				throw new SpokeError('ERR_APISERVER_UNREACHABLE', 'not now');
			},
		},
		{name: 'a'},
		'demo',
		left.signal,
	);
	const answer = includesPod(jobPod('a-9', {phase: 'Running', created: '2026-01-04T00:00:00Z'}));
	await asked.promise;
	left.abort(new Error('gave up'));
	await t.throwsAsync(answer, {message: 'gave up'});
});

for (const [limitMs, title] of [
	[1001 + 2 ** -10, 'a fractional number of milliseconds'],
	[2 ** 31, 'more than a timer supports'],
] as const) {
	test(`accepts a timeout of ${title}`, async t => {
		const {cluster, tell} = await given(t);
		const resolving = resolvePod(cluster, 'deploy/empty', {...options, podRunningTimeoutMs: limitMs});
		await tell('ADDED', pod('late'));
		t.is((await resolving).target.name, 'late');
	});
}

test('reports each pod once, then its changes, across an interruption', async t => {
	const {cluster, control, tell} = await given(t);
	const stop = new AbortController();
	const told: string[] = [];
	for await (const change of watchPods(cluster, {namespace: 'demo'}, {signal: stop.signal})) {
		told.push('pod' in change ? `${change.type} ${change.pod.metadata.name}` : change.type);
		if (change.type === 'synced') {
			const changed = {...pod('web-0'), metadata: {...pod('web-0').metadata, resourceVersion: '2'}};
			control.pods = [changed, pod('web-2')];
			void tell('MODIFIED', changed).then(async () => tell('ERROR', {code: 410, message: 'too old'}));
		} else if (told.at(-1) === 'appeared web-2') {
			stop.abort();
		}
	}

	t.deepEqual(told, ['appeared web-0', 'appeared web-1', 'synced', 'changed web-0', 'gone web-1', 'appeared web-2']);
});

test('reports polling when watching is forbidden', async t => {
	const {cluster, asked, control} = await given(t);
	control.refuseWatch = true;
	const stop = new AbortController();
	const told: string[] = [];
	for await (const change of watchPods(cluster, {namespace: 'demo'}, {signal: stop.signal})) {
		told.push(change.type);
		if (change.type === 'polling') {
			stop.abort();
		}
	}

	t.deepEqual(told, ['appeared', 'appeared', 'synced', 'polling']);
	t.true(asked.some(({watch}) => watch));
});

const refusals: ReadonlyArray<[title: string, ofNamespace: SpokeError | null, says: string, remedy: string, namesakes?: RegExp]> = [
	['is reported with its namespace', null, 'pods "web" not found in namespace "demo"', 'list them with `kubectl get pods -n demo`'],
	[
		'is reported with the workload that has its name, rather than a service',
		null,
		'pods "web" not found in namespace "demo"',
		'did you mean sts/web? list them with `kubectl get pods -n demo`',
		/\/(?:statefulsets|services)\/web$/,
	],
	[
		'is reported as a missing namespace, if the namespace does not exist',
		new SpokeError('ERR_NOT_FOUND', 'namespaces "demo" not found'),
		'namespaces "demo" not found',
		'list them with `kubectl get namespaces`',
	],
	[
		'is reported with its namespace, if the namespace cannot be read',
		new SpokeError('ERR_FORBIDDEN', 'namespaces "demo" is forbidden'),
		'pods "web" not found in namespace "demo"',
		'list them with `kubectl get pods -n demo`',
	],
];
for (const [title, ofNamespace, says, remedy, namesakes = /^$/] of refusals) {
	test(`a pod that does not exist ${title}`, async t => {
		const cluster = {
			async json({path}: {path: string}) {
				if (path.endsWith('/pods/web')) {
					throw new SpokeError('ERR_NOT_FOUND', 'pods "web" not found', {text: 'pods "web" not found'});
				}

				if (ofNamespace) {
					throw ofNamespace;
				}

				if (path.endsWith('/web') && !namesakes.test(path)) {
					throw new SpokeError('ERR_NOT_FOUND', 'not found');
				}

				return {};
			},
		} as unknown as ClusterClient;
		const error = await t.throwsAsync<SpokeError>(resolveTargetPods(cluster, parseTarget('web'), 'demo'), {
			name: 'SpokeError',
			message: says,
		});
		t.like(error, {code: 'ERR_NOT_FOUND', text: 'pods "web" not found', remedy});
	});
}
