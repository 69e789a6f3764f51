import type {ServerResponse} from 'node:http';
import test from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../source/errors/spoke-error.ts';
import {parseTarget} from '../../source/targets/parse-target.ts';
import type {PodObject} from '../../source/targets/pod-object.ts';
import {cronJobPodFilter, resolveTargetPods} from '../../source/targets/target-pods.ts';
import {resolvePod} from '../../source/targets/resolve-pod.ts';
import {watchPods} from '../../source/targets/watch-pods.ts';
import {startServer} from '../support/api-server.ts';
import {until} from '../support/until.ts';

const pod = (name: string, ready = true): PodObject => ({
	metadata: {name, namespace: 'demo', uid: `uid-${name}`, resourceVersion: '1'},
	spec: {nodeName: 'n1', containers: [{name: 'app'}]},
	status: {phase: 'Running', conditions: ready ? [{type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z'}] : []},
});

const objects: Readonly<Record<string, object>> = {
	'/api/v1/namespaces/demo/pods/web-1': pod('web-1'),
	'/apis/apps/v1/namespaces/demo/deployments/web': {
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
	'/apis/apps/v1/namespaces/demo/deployments/empty': {metadata: {name: 'empty'}, spec: {selector: {matchLabels: {app: 'empty'}}}},
	'/api/v1/namespaces/demo/services/web': {metadata: {name: 'web'}, spec: {selector: {app: 'web'}, ports: [{port: 80}]}},
	'/api/v1/namespaces/demo/services/bare': {metadata: {name: 'bare'}, spec: {ports: [{port: 80}]}},
};

type Asked = {path: string; selector: string | null; watch: boolean};

async function withCluster<Result>(
	run: (
		cluster: Awaited<ReturnType<Awaited<ReturnType<typeof startServer>>['cluster']>>,
		asked: Asked[],
		control: {pods: PodObject[]; watching: ServerResponse[]; refuseWatch: boolean},
	) => Promise<Result>,
): Promise<Result> {
	const asked: Asked[] = [];
	const control = {pods: [pod('web-0', false), pod('web-1')], watching: [] as ServerResponse[], refuseWatch: false};
	const server = await startServer({
		request({url}, response) {
			const {pathname, searchParams} = new URL(url!, 'https://h');
			const selector = searchParams.get('labelSelector');
			const watch = searchParams.get('watch') === 'true';
			asked.push({path: pathname, selector, watch});
			const answer = (status: number, body: object) =>
				response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
			if (watch && control.refuseWatch) {
				answer(403, {kind: 'Status', message: 'pods is forbidden: User "ada" cannot watch resource "pods"'});
			} else if (watch) {
				response.writeHead(200, {'content-type': 'application/json'}).flushHeaders();
				control.watching.push(response);
			} else if (pathname === '/api/v1/namespaces/demo/pods') {
				answer(200, {kind: 'PodList', metadata: {resourceVersion: '1'}, items: selector === 'app=empty' ? [] : control.pods});
			} else if (objects[pathname]) {
				answer(200, objects[pathname]);
			} else {
				answer(404, {kind: 'Status', message: `"${pathname.split('/').at(-1)!}" not found`, reason: 'NotFound'});
			}
		},
	});
	try {
		return await run(await server.cluster({flags: ['--namespace', 'demo']}), asked, control);
	} finally {
		await server.close();
	}
}

const options = {podPreference: 'attach', podRunningTimeoutMs: 500} as const;

test('a named pod needs one read', async t => {
	await withCluster(async (cluster, asked) => {
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
});

test('a workload resolves to its ready pod', async t => {
	await withCluster(async (cluster, asked) => {
		const {target, scope} = await resolvePod(cluster, 'deploy/web', options);
		t.like(target, {name: 'web-1', chosenFrom: 2, asked: 'deploy/web'});
		t.deepEqual(scope, {namespace: 'demo', labelSelector: 'app=web,tier in (a,b),!old'});
		t.is(asked[1]!.selector, 'app=web,tier in (a,b),!old');
	});
});

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

async function withCronJobs<Result>(
	run: (cluster: ClusterClient, control: {pods: PodObject[]; watching: ServerResponse[]; jobs: object[]}) => Promise<Result>,
): Promise<Result> {
	const control = {
		pods: [] as PodObject[],
		watching: [] as ServerResponse[],
		jobs: [job('a-1', 'a'), job('a-2', 'a'), job('b-1', 'b')] as object[],
	};
	const server = await startServer({
		request({url}, response) {
			const {pathname, searchParams} = new URL(url!, 'https://h');
			response.setHeader('content-type', 'application/json');
			const name = pathname.split('/').at(-1)!;
			if (searchParams.get('watch') === 'true') {
				response.flushHeaders();
				control.watching.push(response);
			} else if (name === 'pods') {
				response.end(
					JSON.stringify({
						kind: 'PodList',
						metadata: {resourceVersion: '1'},
						items: searchParams.get('labelSelector') === 'job-name' ? control.pods : [],
					}),
				);
			} else if (name === 'jobs') {
				response.end(JSON.stringify({kind: 'JobList', metadata: {resourceVersion: '1'}, items: control.jobs}));
			} else if (pathname.includes('/cronjobs/')) {
				response.end(
					JSON.stringify({
						kind: 'CronJob',
						metadata: {name, uid: `uid-${name}`},
						spec: {schedule: '0 3 * * *', suspend: name === 'off'},
						status: {},
					}),
				);
			} else {
				response.end(JSON.stringify({kind: 'Job', ...job(name, name.split('-')[0]!)}));
			}
		},
	});
	try {
		return await run(await server.cluster({flags: ['--namespace', 'demo']}), control);
	} finally {
		await server.close();
	}
}

test('a cron job resolves to a pod of its last run', async t => {
	await withCronJobs(async (cluster, control) => {
		control.pods = [
			jobPod('a-1', {phase: 'Succeeded', created: '2026-01-01T00:00:00Z'}),
			jobPod('a-2', {phase: 'Succeeded', created: '2026-01-02T00:00:00Z'}),
			jobPod('b-1', {phase: 'Running', created: '2026-01-03T00:00:00Z'}),
		];
		t.like((await resolvePod(cluster, 'cj/a', {...options, podPreference: 'logs'})).target, {name: 'a-2-x', chosenFrom: 2});
		control.pods[0] = jobPod('a-1', {phase: 'Running', created: '2026-01-01T00:00:00Z'});
		t.is((await resolvePod(cluster, 'cronjob/a', options)).target.name, 'a-1-x', 'what still runs comes before what is over');
	});
});

test('follows a cron job that was recreated', async t => {
	await withCronJobs(async (cluster, control) => {
		control.jobs = [{metadata: {...job('a-1', 'a').metadata, ownerReferences: [{kind: 'CronJob', name: 'a', uid: 'uid-before'}]}}];
		control.pods = [jobPod('a-1', {phase: 'Running', created: '2026-01-01T00:00:00Z'})];
		t.is((await resolvePod(cluster, 'cj/a', options)).target.name, 'a-1-x');
	});
});

test('a cron job without pods fails without waiting, and says why', async t => {
	await withCronJobs(async cluster => {
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
});

test('watches pods of later jobs of the cron job, and of no others', async t => {
	await withCronJobs(async (cluster, control) => {
		const resolved = await resolveTargetPods(cluster, parseTarget('cj/a'), 'demo');
		const ended = new AbortController();
		const seen: string[] = [];
		for await (const change of watchPods(cluster, resolved.kind === 'selected' ? resolved.scope : {namespace: 'demo'}, {
			signal: ended.signal,
		})) {
			if (change.type === 'synced') {
				const tell = () => {
					for (const owner of ['b-7', 'a-7']) {
						control.watching[0]!.write(
							`${JSON.stringify({type: 'ADDED', object: jobPod(owner, {phase: 'Running', created: '2026-01-04T00:00:00Z'})})}\n`,
						);
					}
				};

				const timer = setInterval(() => {
					if (control.watching.length > 0) {
						clearInterval(timer);
						tell();
					}
				}, 10);
			} else if (change.type === 'appeared') {
				seen.push(change.pod.metadata.name);
				ended.abort();
			}
		}

		t.deepEqual(seen, ['a-7-x']);
	});
});

test('a service target returns the service', async t => {
	await withCluster(async cluster => {
		const {service, target} = await resolvePod(cluster, 'svc/web', options);
		t.is(service?.metadata.name, 'web');
		t.is(target.name, 'web-1');
	});
});

test('a service without a selector is an error', async t => {
	await withCluster(async cluster => {
		await t.throwsAsync(resolvePod(cluster, 'svc/bare', options), {code: 'ERR_NOT_FOUND', message: /svc\/bare selects no pods/});
	});
});

test('rejects a node, and reports a missing object', async t => {
	await withCluster(async cluster => {
		await t.throwsAsync(resolvePod(cluster, 'node/n1', options), {code: 'ERR_USAGE', message: /is a node/});
		await t.throwsAsync(resolvePod(cluster, 'deploy/nope', options), {code: 'ERR_NOT_FOUND'});
		await t.throwsAsync(resolvePod(cluster, 'nope', options), {code: 'ERR_NOT_FOUND'});
	});
});

test('waits for a pod that appears in time', async t => {
	await withCluster(async (cluster, _, control) => {
		const resolving = resolvePod(cluster, 'deploy/empty', {...options, podRunningTimeoutMs: 5000});
		await until(() => control.watching.length > 0);

		control.watching[0]!.write(`${JSON.stringify({type: 'ADDED', object: pod('late')})}\n`);
		t.is((await resolving).target.name, 'late');
	});
});

test('names the target when no pod appears in time', async t => {
	await withCluster(async cluster => {
		const began = Date.now();
		await t.throwsAsync(resolvePod(cluster, 'deploy/empty', options), {
			code: 'ERR_NOT_FOUND',
			message: 'no pods found for deploy/empty after 0.5 s',
		});
		t.true(Date.now() - began < 15_000);
	});
});

test('an abort while waiting for a pod rejects with its reason', async t => {
	await withCluster(async (cluster, _, control) => {
		const left = new AbortController();
		const resolving = resolvePod(cluster, 'deploy/empty', {...options, podRunningTimeoutMs: 60_000, signal: left.signal});
		await until(() => control.watching.length > 0);

		left.abort(new Error('gave up'));
		await t.throwsAsync(resolving, {message: 'gave up'});
	});
});

test('an abort while rereading a job rejects with its reason', async t => {
	await withCronJobs(async cluster => {
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
});

for (const [limitMs, title] of [
	[1001 + 2 ** -10, 'a fractional number of milliseconds'],
	[2 ** 31, 'more than a timer supports'],
] as const) {
	test(`accepts a timeout of ${title}`, async t => {
		await withCluster(async (cluster, _, control) => {
			const resolving = resolvePod(cluster, 'deploy/empty', {...options, podRunningTimeoutMs: limitMs});
			await until(() => control.watching.length > 0);

			control.watching[0]!.write(`${JSON.stringify({type: 'ADDED', object: pod('late')})}\n`);
			t.is((await resolving).target.name, 'late');
		});
	});
}

test('reports each pod once, then its changes, across an interruption', async t => {
	await withCluster(async (cluster, _, control) => {
		const stop = new AbortController();
		const told: string[] = [];
		for await (const change of watchPods(cluster, {namespace: 'demo'}, {signal: stop.signal})) {
			told.push('pod' in change ? `${change.type} ${change.pod.metadata.name}` : change.type);
			if (change.type === 'synced') {
				void (async () => {
					await until(() => control.watching.length > 0);
					const changed = {...pod('web-0'), metadata: {...pod('web-0').metadata, resourceVersion: '2'}};
					control.pods = [changed, pod('web-2')];
					control.watching[0]!.write(`${JSON.stringify({type: 'MODIFIED', object: changed})}\n`);
					control.watching[0]!.write(`${JSON.stringify({type: 'ERROR', object: {code: 410, message: 'too old'}})}\n`);
				})();
			} else if (told.at(-1) === 'appeared web-2') {
				stop.abort();
			}
		}

		t.deepEqual(told, ['appeared web-0', 'appeared web-1', 'synced', 'changed web-0', 'gone web-1', 'appeared web-2']);
	});
});

test('reports polling when watching is forbidden', async t => {
	await withCluster(async (cluster, asked, control) => {
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
});

const refusals: ReadonlyArray<[title: string, ofNamespace: SpokeError | null, says: string, remedy: string]> = [
	['is reported with its namespace', null, 'pods "web" not found in namespace "demo"', 'list them with `kubectl get pods -n demo`'],
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
for (const [title, ofNamespace, says, remedy] of refusals) {
	test(`a pod that does not exist ${title}`, async t => {
		const cluster = {
			async json({path}: {path: string}) {
				if (path.endsWith('/pods/web')) {
					throw new SpokeError('ERR_NOT_FOUND', 'pods "web" not found', {text: 'pods "web" not found'});
				}

				if (ofNamespace) {
					throw ofNamespace;
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
