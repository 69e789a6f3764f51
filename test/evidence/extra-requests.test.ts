/** Every request that kubectl would not send has a row in docs/permissions.md, and the role there allows it. */
import test from 'ava';
import type {Connection, ClusterClient} from '../../source/cluster/cluster-client.ts';
import {runAudit} from '../../source/evidence/audit/run-audit.ts';
import {evidenceReaderRole, userRole, extraRequests} from '../../source/evidence/extra-requests.ts';
import {runDoctor} from '../../source/evidence/doctor/run-doctor.ts';
import {createLabeler} from '../../source/evidence/connection-labeler.ts';
import {findPaths} from '../../source/evidence/find-paths.ts';
import {connectObserved} from '../../source/streams/observed-connection.ts';
import {escapeRegExp} from '../../source/base/text/search-patterns.ts';
import {clientForTest} from '../support/client-for-test.ts';
import {openSandbox} from '../support/sandbox.ts';

function recorded(cluster: ClusterClient): {cluster: ClusterClient; requested: Set<string>} {
	const requested = new Set<string>();
	const note = (method: string | undefined, path: string) => requested.add(`${method ?? 'GET'} ${path.split('?')[0]!}`);
	const noted = (connection: Connection): Connection => {
		const {pipelined: ask, request, upgrade} = connection;
		connection.pipelined = async options => (
			note(options.review === undefined ? 'GET' : 'POST', options.path),
			ask.call(connection, options)
		);
		connection.request = async options => (note(options.method, options.path), request.call(connection, options));
		connection.upgrade = async options => (note(options.method, options.path), upgrade.call(connection, options));
		return connection;
	};

	return {
		requested,
		cluster: {
			facts: cluster.facts,
			records: cluster.records,
			async connect(options) {
				return noted(await cluster.connect(options));
			},
			async connectAt(address, options) {
				return noted(await cluster.connectAt(address, options));
			},
			request: async options => (note(options.method, options.path), cluster.request(options)),
			// A GET of an object is not extra: kubectl sends it too.
			json: async options => (options.method === undefined || note(options.method, options.path), cluster.json(options)),
			async logIn() {},
			connectEarly() {},
			anonymous: async options => (note(options.method, options.path), cluster.anonymous(options)),
			close: () => cluster.close(),
		},
	};
}

test('path, audit, doctor and labels send only documented requests', async t => {
	const {env} = await openSandbox(t, {scenario: 'konnectivity'});
	const {cluster, requested} = recorded(await clientForTest(t, [], env));
	await findPaths(cluster, 'deploy/web', {probe: 'active'});
	await findPaths(cluster, 'node/n1', {probe: 'passive'});
	await runAudit(cluster, {probe: 'active', require: [], minBasis: 'proven'});
	await runDoctor('deploy/web', async () => cluster);
	const labeler = createLabeler(cluster);
	const purpose = {
		feature: 'logs',
		target: {asked: 'web', kind: 'Pod', namespace: 'default', name: 'web', uid: null, node: 'n1', container: null, chosenFrom: 1},
		request: null,
	} as const;
	const connection = await connectObserved(cluster, purpose, labeler.observer);
	labeler.observer.onOpened?.(connection, purpose, {carrier: 'http', protocol: null});
	connection.close();
	for (const one of [
		'GET /flagz',
		'GET /statusz',
		'GET /metrics',
		'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
		'POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
	]) {
		t.true(requested.has(one), one);
	}

	t.deepEqual(
		[...requested].filter(line => {
			const [method = '', path = ''] = line.split(' ');
			return extraRequests.every(({request}) => {
				const [known = '', knownPath = ''] = request.split(' ');
				return (known !== method && known !== 'upgrade') || !pattern(knownPath).test(path);
			});
		}),
		[],
	);
});

/** `*` is one segment. */
function pattern(path: string): RegExp {
	return new RegExp(
		`^${path
			.split('*')
			.map(part => escapeRegExp(part))
			.join('[^/]+')}$`,
	);
}

test('requests for the same resource share one rule of the role', t => {
	const things = evidenceReaderRole.rules.map(({verbs: _verbs, ...thing}) => JSON.stringify(thing));
	t.deepEqual(
		things.filter((thing, index) => things.indexOf(thing) !== index),
		[],
	);
});

test('exactly the last three rules of the evidence-reader role serve only active requests', t => {
	const resourcesOf = (isActive: boolean) =>
		new Set(extraRequests.flatMap(({permission, active = false}) => (active === isActive ? (permission?.resources ?? []) : [])));
	const passive = resourcesOf(false);
	t.deepEqual(
		evidenceReaderRole.rules.slice(-3).flatMap(({resources = []}) => resources),
		[...resourcesOf(true)].filter(resource => !passive.has(resource)),
	);
});

test('nodes/proxy is in neither role', t => {
	for (const {rules} of [userRole, evidenceReaderRole]) {
		t.false(rules.some(({resources = []}) => resources.some(resource => resource === 'nodes/proxy' || resource.includes('*'))));
		t.false(rules.some(({verbs}) => verbs.includes('*')));
	}
});

test('every documented permission is in the evidence-reader role', t => {
	for (const {permission: right, request} of extraRequests) {
		t.true(
			right === null ||
				evidenceReaderRole.rules.some(
					rule =>
						(right.nonResourceURLs ?? []).every(url => rule.nonResourceURLs?.includes(url)) &&
						(right.resources ?? []).every(resource => rule.resources?.includes(resource)) &&
						right.verbs.every(verb => rule.verbs.includes(verb)),
				),
			request,
		);
	}
});
