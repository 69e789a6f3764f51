/** The second leg of requests through a listener. */
import test from 'ava';
import {type ClusterClient, ClusterRecords} from '../../../source/cluster/cluster-client.ts';
import {RelayedTargets} from '../../../source/streams/proxy-listener/relayed-targets.ts';

const objects: Readonly<Record<string, object>> = {
	'/api/v1/namespaces/d/pods/p': {
		metadata: {name: 'p', uid: 'u'},
		spec: {nodeName: 'n1', containers: [{name: 'c', ports: [{name: 'http', containerPort: 8080}]}]},
	},
	'/api/v1/namespaces/d/services/s': {metadata: {name: 's', uid: 'u'}, spec: {ports: [{name: 'web', port: 80}]}},
	'/api/v1/namespaces/d/services/https': {metadata: {name: 'https', uid: 'u'}, spec: {ports: [{name: 's', port: 80}]}},
	'/api/v1/nodes/n1': {metadata: {name: 'n1', uid: 'u'}, status: {daemonEndpoints: {kubeletEndpoint: {Port: 10_250}}}},
};

function targets({failing = 0} = {}) {
	const asked: string[] = [];
	const cluster = {
		records: new ClusterRecords(),
		async json({path}: {path: string}) {
			asked.push(path);
			if (asked.length <= failing || !objects[path]) {
				throw new Error('not now');
			}

			return objects[path];
		},
	} as unknown as ClusterClient;
	return {asked, targets: new RelayedTargets(cluster)};
}

const rows: ReadonlyArray<
	[path: string, found: readonly [base: string, behind: string, feature: string, name: string, scheme: string, port: number | null] | null]
> = [
	['/api/v1/nodes/n1/proxy', ['/api/v1/nodes/n1/proxy', '', 'node-proxy', 'n1', 'https', 10_250]],
	['/api/v1/nodes/n1/proxy?x=1', ['/api/v1/nodes/n1/proxy', '?x=1', 'node-proxy', 'n1', 'https', 10_250]],
	['/api/v1/nodes/n1:10250/proxy/pods', ['/api/v1/nodes/n1/proxy', '/pods', 'node-proxy', 'n1', 'https', 10_250]],
	['/api/v1/nodes/https:n1:10250/proxy/', ['/api/v1/nodes/https:n1:/proxy', '/', 'node-proxy', 'n1', 'https', 10_250]],
	['/api/v1/nodes/http:n1:/proxy/', ['/api/v1/nodes/http:n1:/proxy', '/', 'node-proxy', 'n1', 'https', 10_250]],
	['/api/v1/nodes/n1:9100/proxy/metrics', ['/api/v1/nodes/n1:9100/proxy', '/metrics', 'node-proxy', 'n1', 'http', 9100]],
	['/api/v1/namespaces/d/pods/p/proxy/', ['/api/v1/namespaces/d/pods/p/proxy', '/', 'pod-proxy', 'p', 'http', 8080]],
	['/api/v1/namespaces/d/pods/p:http/proxy/x', ['/api/v1/namespaces/d/pods/p:8080/proxy', '/x', 'pod-proxy', 'p', 'http', 8080]],
	[
		'/api/v1/namespaces/d/pods/https:p:8443/proxy/x',
		['/api/v1/namespaces/d/pods/https:p:8443/proxy', '/x', 'pod-proxy', 'p', 'https', 8443],
	],
	['/api/v1/namespaces/d/services/s:web/proxy/', ['/api/v1/namespaces/d/services/s:web/proxy', '/', 'service-proxy', 's', 'http', 80]],
	[
		'/api/v1/namespaces/d/services/https:s:web/proxy/',
		['/api/v1/namespaces/d/services/https:s:web/proxy', '/', 'service-proxy', 's', 'https', 80],
	],
	[
		'/api/v1/namespaces/d/services/https:s/proxy/',
		['/api/v1/namespaces/d/services/https:s/proxy', '/', 'service-proxy', 'https', 'http', 80],
	],
	['/api/v1/nodes/n1/proxyish', null],
	['/x/api/v1/nodes/n1/proxy', null],
	['/api/v1/namespaces/d/pods/p', null],
	['/api/v1/namespaces/d/pods/p/logs', null],
	['/x/api/v1/namespaces/d/pods/p/log', null],
	['/api/v1/namespaces/d/pods/p/log/x', null],
];

for (const [path, expected] of rows) {
	test(`${path} ${expected ? `is the ${expected[2]} of ${expected[3]}` : 'ends at the apiserver'}`, async t => {
		const found = await targets().targets.find(path);
		t.deepEqual(
			found === null
				? null
				: [
						found.base,
						found.rest,
						found.purpose.feature,
						found.purpose.target.name,
						found.purpose.request?.scheme,
						found.purpose.request?.port ?? null,
					],
			expected,
		);
	});
}

for (const path of [
	'/api/v1/namespaces/d/pods/p/l%6Fg',
	'/api/v1/namespaces/d/pods/p/l%256Fg?follow=true',
	'/api/v1/namespaces/d/pods/p/log/',
	'/api/v1/namespaces/d/pods/p//log',
	'/api/v1/namespaces/d/pods/p/e%78ec?command=id',
	'/api/v1/node%73/n1/proxy/metrics',
	'/api/v1/x/../nodes/n1/proxy/metrics',
	'/api/v1/namespaces/d/services/s%2Fproxy%2F',
	'/api/v1/namespaces/d/pods/p/proxy/../exec?command=id',
	'/api/v1/namespaces/d/pods/p/proxy/x%2F%252e%252E/../exec',
	'/api/v1/nodes/n1/proxy/../../n2/proxy/pods',
	'/../c-1/api/v1/namespaces/d/pods/p/log',
	'/%2e%2E/c-2/api/v1/namespaces/d/pods/p/log',
	'/api/v1/namespaces/../pods/p/log',
	'/api/v1/./pods',
]) {
	test(`${path} is refused, because a server may take it for a stream or a proxy`, async t => {
		const {targets: known} = targets();
		await t.throwsAsync(known.find(path), {code: 'ERR_USAGE'});
		await t.throwsAsync(known.find(path, {isUpgrade: true}), {code: 'ERR_USAGE'});
	});
}

test('the label of a log names the pod and its node, or null when unknown', async t => {
	const found = await targets().targets.find('/api/v1/namespaces/d/pods/p/log?container=c');
	t.like(found?.purpose.target, {kind: 'Pod', namespace: 'd', name: 'p', uid: 'u', node: 'n1', container: 'c', chosenFrom: 1});
	t.like((await targets({failing: 1}).targets.find('/api/v1/namespaces/d/pods/p/log'))?.purpose.target, {
		uid: null,
		node: null,
		container: null,
	});
});

test('a burst of requests resolves a target once, and a failure is retried', async t => {
	const {targets: known, asked} = targets();
	await Promise.all(Array.from({length: 10}, async () => known.find('/api/v1/nodes/n1/proxy/metrics')));
	await known.find('/api/v1/nodes/n1/proxy/pods');
	t.is(asked.length, 1);
	const {targets: failing, asked: again} = targets({failing: 1});
	await t.throwsAsync(failing.find('/api/v1/nodes/n1/proxy/'));
	await failing.find('/api/v1/nodes/n1/proxy/');
	t.is(again.length, 2);
});
