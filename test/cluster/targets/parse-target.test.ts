import test from 'ava';
import {parseTarget} from '../../../source/cluster/targets/parse-target.ts';
import {listPath, objectPath, podResource} from '../../../source/cluster/targets/resource-names.ts';

for (const [asked, plural, name] of [
	['web', 'pods', 'web'],
	['pod/web', 'pods', 'web'],
	['po/web', 'pods', 'web'],
	['pods/web', 'pods', 'web'],
	['POD/web', 'pods', 'web'],
	['svc/web', 'services', 'web'],
	['service/web', 'services', 'web'],
	['deploy/web', 'deployments', 'web'],
	['deployment/web', 'deployments', 'web'],
	['deployments.apps/web', 'deployments', 'web'],
	['deployment.v1.apps/web', 'deployments', 'web'],
	['Deployment/web', 'deployments', 'web'],
	['sts/db', 'statefulsets', 'db'],
	['ds/agent', 'daemonsets', 'agent'],
	['job/migrate', 'jobs', 'migrate'],
	['jobs.batch/migrate', 'jobs', 'migrate'],
	['cronjob/nightly', 'cronjobs', 'nightly'],
	['cj/nightly', 'cronjobs', 'nightly'],
	['rs/web-1', 'replicasets', 'web-1'],
	['rc/old', 'replicationcontrollers', 'old'],
	['node/n1', 'nodes', 'n1'],
	['no/n1', 'nodes', 'n1'],
	['web.example', 'pods', 'web.example'],
] as const) {
	test(`parses ${asked} as ${plural} ${name}`, t => {
		const parsed = parseTarget(asked);
		t.deepEqual([parsed.resource.plural, parsed.name, parsed.input], [plural, name, asked]);
	});
}

for (const asked of [
	'',
	'/',
	'pod/',
	'/web',
	'pod/../../x',
	'pod/a/b',
	'..',
	'.',
	'pod/..',
	'pod/%2e%2e',
	'a%2fb',
	'configmap/x',
	'secret/x',
	'deployments.batch/x',
	'pods.v1.apps/x',
]) {
	test(`rejects ${JSON.stringify(asked)} and names it`, t => {
		const error = t.throws(() => parseTarget(asked), {code: 'ERR_USAGE'});
		t.true(error.message.includes(asked.split(/^pod\//).at(-1)!));
	});
}

test('keeps a name in one path segment', t => {
	for (const name of ['a b', 'a?b', 'a#b', 'a\\b', 'a&b=c', '-dash', '\u0000', 'é', 'a;b', '@x:y']) {
		const url = new URL(objectPath(podResource, 'default', parseTarget(name).name, 'log'), 'https://h');
		t.is(url.pathname.split('/').length, '/api/v1/namespaces/default/pods/x/log'.split('/').length);
		t.is(url.search + url.hash, '');
		t.is(decodeURIComponent(url.pathname.split('/')[6]!), name);
	}
});

test('keeps a namespace in one path segment', t => {
	for (const namespace of ['..', 'a/b', 'a%2fb', '']) {
		t.throws(() => listPath(podResource, namespace), {code: 'ERR_USAGE'});
	}

	t.is(listPath(podResource, null), '/api/v1/pods');
});

test('names nodes in the error only with errorListsNodes', t => {
	t.throws(() => parseTarget('configmap/x'), {message: /must be one of po, svc, rc, /});
	t.throws(() => parseTarget('configmap/x', {errorListsNodes: true}), {message: /must be one of po, svc, node, rc, /});
});
