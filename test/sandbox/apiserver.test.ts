/** Apiserver: lists, watches, users and non-resource paths. */
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import type {V1Pod, V1SelfSubjectAccessReview, V1SelfSubjectReview} from '@kubernetes/client-node';
import test from 'ava';
import type {Json} from '../../source/wire/json.ts';
import {startSandbox} from '../../source/sandbox/start-sandbox.ts';
import {ask, askJson, open, podsOf, upgrade, webSocketHeaders} from '../support/sandbox-client.ts';

const sandbox = await startSandbox();
test.after.always(async () => sandbox.close());

const pods = '/api/v1/namespaces/default/pods';

type List = {
	kind: string;
	metadata: {resourceVersion: string; continue?: string; remainingItemCount?: number};
	items: Array<{metadata: {name: string}}>;
};

test('a paged list has every object once, sorted by name', async t => {
	const whole = await askJson<List>(sandbox, pods);
	const names: string[] = [];
	let token = '';
	for (let page = 0; page === 0 || token !== ''; page++) {
		const list = await askJson<List>(sandbox, `${pods}?limit=3&continue=${token}`);
		t.true(list.items.length <= 3);
		t.is(list.metadata.continue === undefined, list.metadata.remainingItemCount === undefined);
		names.push(...list.items.map(({metadata}) => metadata.name));
		token = list.metadata.continue ?? '';
	}

	t.deepEqual(
		names,
		whole.items.map(({metadata}) => metadata.name),
	);
	t.deepEqual(names, names.toSorted());
});

type Table = {kind: string; columnDefinitions: Array<{name: string}>; rows: Array<{object: unknown; cells: unknown[]}>};

test('a Table has the columns of the server, and rows without objects on request', async t => {
	const table = await askJson<Table>(sandbox, `${pods}?includeObject=None`, {
		headers: {accept: 'application/json;as=Table;v=v1;g=meta.k8s.io'},
	});
	t.is(table.kind, 'Table');
	t.deepEqual(
		table.columnDefinitions.slice(0, 5).map(({name}) => name),
		['Name', 'Ready', 'Status', 'Restarts', 'Age'],
	);
	t.true(table.rows.every(({object, cells}) => object === null && cells.length === table.columnDefinitions.length));
});

test('selectors match labels and fields, and an invalid one is rejected', async t => {
	const count = async (query: string) => (await askJson<List>(sandbox, `${pods}?${query}`)).items.length;
	t.is(await count('labelSelector=app%3Dweb'), 2);
	t.is(await count('labelSelector=app+in+(web,api)'), 4);
	t.is(await count('labelSelector=!app'), 0);
	t.is(await count('fieldSelector=metadata.name%3Ddb-0'), 1);
	t.is((await ask(sandbox, `${pods}?labelSelector=a+b+c`)).status, 400);
});

test('a watch sends additions, changes and deletions after its revision', async t => {
	const {
		metadata: {resourceVersion},
	} = await askJson<List>(sandbox, pods);
	const [name] = await podsOf(sandbox, 'checkout', 'shop');
	const stream = await open(sandbox, `/api/v1/namespaces/shop/pods?watch=true&resourceVersion=${resourceVersion}&timeoutSeconds=20`);
	const lines = createInterface({input: stream});
	sandbox.faults.replacePod({namespace: 'shop', name: name!});
	const seen: string[] = [];
	let running = false;
	for await (const line of lines) {
		const {type, object} = JSON.parse(line) as {type: string; object: {metadata: {name: string}; status?: {phase?: string}}};
		// A job of the same namespace ends at any time.
		if (!object.metadata.name.startsWith('checkout-')) {
			continue;
		}

		seen.push(`${type} ${object.metadata.name === name ? 'old' : 'new'}`);
		running ||= object.status?.phase === 'Running' && object.metadata.name !== name;
		if (seen.includes('DELETED old') && running) {
			break;
		}
	}

	stream.destroy();
	t.is(seen[0], 'MODIFIED old');
	t.true(seen.indexOf('ADDED new') > 0);
	t.true(seen.includes('MODIFIED new'));
});

test('initial events of a watch end with an annotated bookmark', async t => {
	const stream = await open(
		sandbox,
		'/api/v1/namespaces?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
	);
	const types: string[] = [];
	for await (const line of createInterface({input: stream})) {
		const {type, object} = JSON.parse(line) as {type: string; object: {metadata: {annotations?: Record<string, string>}}};
		types.push(type);
		if (type === 'BOOKMARK') {
			t.is(object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
			break;
		}
	}

	stream.destroy();
	t.deepEqual(new Set(types.slice(0, -1)), new Set(['ADDED']));
});

test.serial('an old watch gets 410 after a compaction', async t => {
	sandbox.faults.rollOut({name: 'toolbox'});
	sandbox.faults.compact();
	await once(await open(sandbox, `${pods}?watch=true&resourceVersion=1`), 'data').then(([chunk]) => {
		const {type, object} = JSON.parse(String(chunk)) as {type: string; object: {code: number; reason: string}};
		t.deepEqual([type, object.code, object.reason], ['ERROR', 410, 'Expired']);
	});
});

test('each user has the permissions of its spec, and a refusal names user, verb and resource', async t => {
	t.is((await ask(sandbox, '/api/v1/nodes', {user: 'ada'})).status, 200);
	t.is((await ask(sandbox, '/metrics', {user: 'ada'})).status, 200);
	t.is((await ask(sandbox, pods, {user: 'bob'})).status, 200);
	const refused = await askJson(sandbox, '/api/v1/nodes', {user: 'bob'});
	t.is(refused['message'], 'nodes is forbidden: User "bob" cannot list resource "nodes" in API group "" at the cluster scope');
	t.is((await askJson(sandbox, '/flagz', {user: 'bob'}))['message'], 'forbidden: User "bob" cannot get path "/flagz"');
	t.is((await ask(sandbox, pods, {user: 'eve'})).status, 403);
});

test('anonymous requests reach only version and health, and an invalid token nothing', async t => {
	const statusOf = async (path: string) => (await ask(sandbox, path, {user: 'nobody'})).status;
	t.deepEqual(
		await Promise.all(['/version', '/healthz', '/livez', '/readyz', '/api', '/flagz', '/metrics'].map(async path => statusOf(path))),
		[200, 200, 200, 200, 403, 403, 403],
	);
	t.is((await ask(sandbox, '/version', {user: 'nobody', headers: {authorization: 'Bearer nonsense'}})).status, 401);
});

test('flagz is structured on request, and 406 for plain JSON', async t => {
	const structured = await ask(sandbox, '/flagz', {headers: {accept: 'application/json;v=v1beta1;g=config.k8s.io;as=Flagz'}});
	t.is(structured.headers['content-type'], 'application/json;g=config.k8s.io;v=v1beta1;as=Flagz');
	t.is((JSON.parse(structured.body) as {flags: Record<string, string>}).flags['kubelet-certificate-authority'], '');
	t.is((await ask(sandbox, '/flagz', {headers: {accept: 'application/json'}})).status, 406);
});

test('access reviews match the results of the requests', async t => {
	const mayI = async (user: 'bob' | 'cleo', verb: string, subresource: string) =>
		(
			await askJson<Json<V1SelfSubjectAccessReview>>(sandbox, '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
				user,
				method: 'POST',
				body: {
					kind: 'SelfSubjectAccessReview',
					apiVersion: 'authorization.k8s.io/v1',
					spec: {resourceAttributes: {namespace: 'default', verb, resource: 'pods', subresource}},
				},
			})
		).status!.allowed;
	t.deepEqual(
		[await mayI('bob', 'create', 'exec'), await mayI('cleo', 'get', 'exec'), await mayI('cleo', 'create', 'exec')],
		[true, true, false],
	);
	const who = await askJson<Json<V1SelfSubjectReview>>(sandbox, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
		user: 'bob',
		method: 'POST',
		body: {},
	});
	t.deepEqual(who.status?.userInfo, {username: 'bob', groups: ['developers', 'system:authenticated']});
});

type OpenApi = {paths: Record<string, {patch: {'x-kubernetes-group-version-kind': {kind: string}; parameters: Array<{name: string}>}}>};

test('every writable kind has an OpenAPI path with fieldValidation', async t => {
	const {paths} = await askJson<{paths: Record<string, {serverRelativeURL: string}>}>(sandbox, '/openapi/v3');
	t.deepEqual(Object.keys(paths).slice(0, 2), ['api/v1', 'apis/apps/v1']);
	for (const [root, {serverRelativeURL}] of Object.entries(paths)) {
		const {resources} = await askJson<{resources: Array<{name: string; kind: string; namespaced: boolean; verbs: string[]}>}>(
			sandbox,
			`/${root}`,
		);
		const document = await askJson<OpenApi>(sandbox, serverRelativeURL);
		for (const {name, kind, namespaced} of resources.filter(({name, verbs}) => !name.includes('/') && verbs.includes('patch'))) {
			const {patch} = document.paths[`/${root}/${namespaced ? 'namespaces/{namespace}/' : ''}${name}/{name}`]!;
			t.is(patch['x-kubernetes-group-version-kind'].kind, kind);
			t.true(patch.parameters.some(parameter => parameter.name === 'fieldValidation'));
		}
	}

	t.is((await ask(sandbox, '/openapi/v3/apis/nosuch/v1')).status, 404);
});

test('malformed proxy requests do not crash the sandbox', async t => {
	const web = '/api/v1/namespaces/default/services/web:http/proxy';
	const statuses = await Promise.all(
		['/api/v1/nodes/n1/proxy//', '/api/v1/nodes/n1/proxy/containerLogs/%zz/web/web', `${web}//`].map(
			async path => (await ask(sandbox, path)).status,
		),
	);
	t.deepEqual(statuses, [404, 404, 404]);
	t.like(
		await upgrade(sandbox, '/api/v1/nodes/n1/proxy/exec/%zz/%zz/%zz?command=true&output=1', {
			headers: webSocketHeaders('v5.channel.k8s.io'),
		}),
		{status: 404},
	);
	t.is((await ask(sandbox, `${web}/healthz`)).status, 200);
});

test('an invalid object is rejected with its field and does not crash the sandbox', async t => {
	const write = async (path: string, body: unknown, method = 'POST') =>
		ask(sandbox, path, {method, body, ...(method === 'PATCH' && {headers: {'content-type': 'application/merge-patch+json'}})});
	const [own, deployments, services] = [
		'/api/v1/namespaces/kube-public/pods',
		'/apis/apps/v1/namespaces/kube-public/deployments',
		'/api/v1/namespaces/kube-public/services',
	];
	const container = {name: 'main', image: 'busybox'};
	const deploymentOf = (more: Record<string, unknown>) => ({
		metadata: {name: 'fresh'},
		spec: {
			selector: {matchLabels: {app: 'fresh'}},
			template: {metadata: {labels: {app: 'fresh'}}, spec: {containers: [container]}},
			...more,
		},
	});
	for (const [path, body, field] of [
		[own, {metadata: {name: 'fresh'}}, 'spec.containers'],
		[own, {metadata: {name: 'fresh'}, spec: {containers: [null]}}, 'spec.containers[0].name'],
		[own, {metadata: {name: 'fresh'}, spec: {containers: [{name: 'main', image: 'x'}], initContainers: {}}}, 'spec.initContainers'],
		[own, {metadata: {name: 'fresh'}, spec: {containers: [container, {name: 'other'}]}}, 'spec.containers[1].image'],
		[services, {metadata: {name: 'fresh'}}, 'spec'],
		[deployments, {metadata: {name: 'fresh'}, spec: {}}, 'spec.template'],
		[deployments, deploymentOf({template: {metadata: {labels: {app: 'fresh'}}, spec: {}}}), 'spec.template.spec.containers'],
		[deployments, deploymentOf({replicas: -1}), 'spec.replicas'],
	] as const) {
		const {status, body: answer} = await write(path, body);
		t.is(status, 422, answer);
		t.is((JSON.parse(answer) as {details: {causes: Array<{field: string}>}}).details.causes[0]!.field, field);
	}

	const [web] = await podsOf(sandbox, 'web');
	t.is((await write(`${pods}/${web}`, {spec: {containers: null}}, 'PATCH')).status, 422);
	t.is((await write(services, {metadata: {name: 'headless'}, spec: {clusterIP: 'None', selector: {app: 'alone'}}})).status, 201);
	t.is((await write(own, {metadata: {name: 'fresh'}, spec: {containers: [{name: 'main', image: 'constructor'}]}})).status, 201);
	t.is((await askJson<Json<V1Pod>>(sandbox, `${own}/fresh`)).status?.containerStatuses?.[0]?.state?.waiting?.reason, 'ImagePullBackOff');
});

test('a deployment without replicas has one pod', async t => {
	const labels = {app: 'alone'};
	await ask(sandbox, '/apis/apps/v1/namespaces/kube-public/deployments', {
		method: 'POST',
		body: {
			metadata: {name: 'alone'},
			spec: {selector: {matchLabels: labels}, template: {metadata: {labels}, spec: {containers: [{name: 'main', image: 'busybox'}]}}},
		},
	});
	t.is((await podsOf(sandbox, 'alone', 'kube-public')).length, 1);
});
