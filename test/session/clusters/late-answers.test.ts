/** Late responses of a previous cluster. */
import type {ServerResponse} from 'node:http';
import test, {type ExecutionContext} from 'ava';
import {ReachabilityCheck} from '../../../source/session/clusters/reachability-check.ts';
import {clusterState, unopenedClusterState, waitForCluster} from '../../../source/session/clusters/open-clusters.ts';
import {PathFeed} from '../../../source/session/frame/path-feed.ts';
import {auditHandlers} from '../../../source/session/audit/audit-handlers.ts';
import {proxyHandlers} from '../../../source/session/proxy/proxy-handlers.ts';
import {openWhy} from '../../../source/session/why/why-handlers.ts';
import {RunningWork, type OpenCluster} from '../../../source/session/frame/session.ts';
import type {Store} from '../../../source/session/frame/store.ts';
import {ClusterRecords, type ClusterClient} from '../../../source/cluster/cluster-client.ts';
import type {SessionEvent} from '../../../source/session/frame/session-reducer.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {ClusterState} from '../../../source/session/frame/session-state.ts';
import type {WhyLayer} from '../../../source/session/why/why.ts';
import {shownPath} from '../../../source/session/frame/path-pane.tsx';
import {startServer} from '../../support/api-server.ts';
import {eventLoopTurns} from '../../support/event-loop-turns.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {manualClock, onClock} from '../../support/manual-clock.ts';
import {listRows} from '../../support/session-state.ts';
import {quietStore} from '../../support/tail-run.ts';
import {until} from '../../support/until.ts';

/** The first cluster responds when the test releases it, the second never. */
async function twoClusters(t: ExecutionContext) {
	const held: ServerResponse[] = [];
	let isOpen = false;
	const asked = Promise.withResolvers<void>();
	const answer = (response: ServerResponse) => {
		response.writeHead(404, {'content-type': 'application/json'}).end('{"kind":"Status","code":404}');
	};

	const server = await startServer({
		request(_request, response) {
			asked.resolve();
			if (isOpen) {
				answer(response);
			} else {
				held.push(response);
			}
		},
	});
	t.teardown(async () => server.close());
	const client = onClock(await server.cluster(), manualClock());
	const left = openCluster(client, 'left');
	const silent = async () => Promise.withResolvers<never>().promise;
	const {facts, records} = client;
	return {
		left,
		entered: openCluster({facts, records, connect: silent, request: silent, json: silent}, 'entered'),
		asked: asked.promise,
		async release() {
			isOpen = true;
			for (const response of held) {
				answer(response);
			}

			// All that was asked is answered and read, and what follows from it in this turn has happened.
			await client.quiet();
			await eventLoopTurns();
		},
	};
}

/** With what a test needs of its client. */
function openCluster(access: object, context: string): OpenCluster {
	return {access: access as ClusterClient, labeler: null as never, context};
}

const [web] = listRows('pods', ['web  1/1  Running  0  n1']);
const aPod: SessionEvent = {
	type: 'list',
	list: 'pods',
	event: {type: 'page', chunk: 'pods', first: true, rows: [{...web!, id: 'uid-web', namespace: 'default'}]},
};

function storeWithPod(): Store {
	const store = quietStore();
	store.dispatch({type: 'cluster', to: {reachable: 'yes'}});
	store.dispatch(aPod);
	return store;
}

/** A client whose every request fails, and who has been asked how often. */
function refusing(facts: object, error = new SpokeError('ERR_APISERVER_UNREACHABLE', 'the apiserver cannot be reached')) {
	const asked = {count: 0};
	const request = async () => {
		asked.count++;
		throw error;
	};

	return {asked, access: {facts, records: new ClusterRecords(), request} as unknown as ClusterClient};
}

async function pathRead(t: ExecutionContext) {
	const {left, release} = await twoClusters(t);
	await release();
	const store = storeWithPod();
	const cluster = {...left};
	const paths = new PathFeed(store, () => cluster);
	paths.follow();
	await until(
		() => store.state.selectedPath?.path,
		() => store.state.selectedPath,
	);

	return {store, paths, cluster};
}

test('leg 1 in the header belongs to the current cluster', async t => {
	const {left, asked, release} = await twoClusters(t);
	const told: Array<Partial<ClusterState>> = [];
	let isWanted = true;
	const met = waitForCluster(
		left.access,
		() => isWanted,
		to => {
			told.push(to);
		},
		async () => {},
	);
	await asked;
	isWanted = false;
	await release();
	t.false(await met);
	t.deepEqual(told, []);
});

test('the path of a row uses no observation of the previous cluster', async t => {
	const {left, entered, asked, release} = await twoClusters(t);
	const store = storeWithPod();
	let cluster = left;
	const paths = new PathFeed(store, () => cluster);
	paths.follow();
	await asked;
	cluster = entered;
	await release();
	t.is(store.state.selectedPath, null);
});

test('observations from before a restart are not used after it', async t => {
	const {left, asked, release} = await twoClusters(t);
	const store = storeWithPod();
	const paths = new PathFeed(store, () => left);
	paths.follow();
	await asked;
	store.dispatch({type: 'cluster', to: {reachable: 'not yet'}});
	paths.forget();
	await release();
	t.is(store.state.selectedPath, null);
});

test.serial('a read that fails clears the path: the process may have restarted since the last one', async t => {
	const {store, paths, cluster} = await pathRead(t);
	const {now} = Date;
	t.teardown(() => {
		Date.now = now;
	});
	Date.now = () => now() + 10_000;
	const refuse = async () => {
		throw new SpokeError('ERR_CREDENTIAL_PLUGIN', 'the plugin exited with status 1');
	};

	cluster.access = {facts: cluster.access.facts, records: cluster.access.records, connect: refuse, request: refuse} as never;
	paths.follow();
	await until(
		() => store.state.selectedPath?.path === null,
		() => store.state.selectedPath,
	);
	t.is(store.state.selectedPath?.path, null);
});

test('an unreachable apiserver clears the path: another process may come back', async t => {
	const {store, paths} = await pathRead(t);
	t.truthy(store.state.selectedPath?.path);
	store.dispatch({type: 'cluster', to: {reachable: 'no'}});
	paths.follow();
	t.is(store.state.selectedPath?.path, null);
});

test('the header follows the version of an apiserver that was upgraded', async t => {
	const server = await startServer({
		request({url}, response) {
			const [status, body] = url === '/version' ? [200, '{"gitVersion":"v1.36.3"}'] : [404, '{"kind":"Status","code":404}'];
			response.writeHead(status, {'content-type': 'application/json'}).end(body);
		},
	});
	t.teardown(async () => server.close());
	const cluster = openCluster(await server.cluster(), '');
	const store = storeWithPod();
	store.dispatch({type: 'cluster', to: {version: 'v1.35.0'}});
	new PathFeed(store, () => cluster).follow();
	await until(
		() => store.state.cluster.version === 'v1.36.3',
		() => store.state.cluster,
	);
	t.pass();
});

test('two pods of the same name in two namespaces never share a path', async t => {
	const {store} = await pathRead(t);
	const [row] = store.state.lists.pods.visible;
	store.dispatch({
		type: 'list',
		list: 'pods',
		event: {type: 'page', chunk: 'pods', first: false, rows: [{...row!, id: 'another', namespace: 'other'}]},
	});
	t.truthy(shownPath(store.state));
	store.dispatchNow({type: 'list', list: 'pods', event: {type: 'move', by: 1}});
	t.is(shownPath(store.state), null);
	// Both keys may arrive in one burst, before anything is read for the row.
	openWhy(fakeSession({store}));
	t.is((store.state.layers.at(-1) as WhyLayer).path, null);
});

test('the path reappears when the same namespace is opened again', async t => {
	const {store, paths} = await pathRead(t);
	t.is(store.state.selectedPath?.of, 'uid-web');
	store.dispatch({type: 'switch', cluster: store.state.cluster});
	paths.follow();
	store.dispatch(aPod);
	paths.follow();
	t.is(store.state.selectedPath?.of, 'uid-web');
});

test('a late audit is not shown for another cluster', async t => {
	const {left, entered, asked, release} = await twoClusters(t);
	const store = storeWithPod();
	const session = {cluster: left, shown: [left], store, showFailure() {}};
	const read = auditHandlers['audit/refresh'](fakeSession(session));
	await asked;
	session.cluster = entered;
	session.shown = [entered];
	store.dispatch({type: 'switch', cluster: clusterState(entered.access)});
	await release();
	await read;
	t.is(store.state.audit.found, null);
	t.deepEqual(store.state.audit.rows, []);
});

for (const where of ['cluster', 'namespace'] as const) {
	test(`a late proxy response ${where === 'cluster' ? 'is no request of another cluster' : 'keeps its namespace'}`, async t => {
		const {left, entered, asked, release} = await twoClusters(t);
		const store = storeWithPod();
		const session = {
			cluster: left,
			shown: [left],
			store,
			work: new RunningWork(),
			nextId: () => 'request-1',
			typeAhead: {},
			offer() {},
			promptForText: async () => ({text: 'svc/web:http/', regex: false}),
		};
		const sent = proxyHandlers['proxy/edit'](fakeSession(session));
		await asked;
		const {lastNamespace: namespace} = store.state.cluster;
		session.cluster = where === 'cluster' ? entered : left;
		session.shown = [session.cluster];
		store.dispatch({
			type: 'switch',
			cluster: where === 'cluster' ? clusterState(entered.access) : {...store.state.cluster, namespace: 'other'},
		});
		await release();
		await sent;
		t.deepEqual(
			store.state.proxy.exchanges.map(({namespace}) => namespace),
			where === 'cluster' ? [] : [namespace],
		);
	});
}

test('choosing an unreachable cluster again adds no extra requests', async t => {
	const {access, asked} = refusing({context: 'away', server: 'https://away'});
	const cluster = openCluster(access, 'away');
	const store = quietStore({cluster: clusterState(access)});
	let isOpen = true;
	const meeting = new ReachabilityCheck({
		store,
		paths: new PathFeed(store, () => cluster),
		clusters: () => [isOpen ? cluster : {...cluster}],
		open: async () => cluster,
		onRecovered() {},
		onContextChanged() {},
	});
	const [first, second, last] = [meeting.run(), meeting.run(), meeting.run()];
	await Promise.all([first, second]);
	t.is(asked.count, 3, 'at once for each');
	await until(() => asked.count > 3);
	t.is(asked.count, 4, 'for the last one alone');
	isOpen = false;
	meeting.tryNow();
	await last;
});

test('a context that cannot be opened is tried again, and at once after each wake', async t => {
	const {access} = refusing({context: 'late', server: 'https://late', namespace: 'shop'});
	const late = openCluster(access, 'late');
	const here = openCluster({...access, facts: {...access.facts, context: 'here'}}, 'here');
	const error = new SpokeError('ERR_KUBECONFIG_INVALID', 'no certificate file');
	const store = quietStore({cluster: clusterState(here.access), others: [unopenedClusterState('late', error)]});
	let attempts = 0;
	let shown = [here];
	const reopened: string[] = [];
	const check = new ReachabilityCheck({
		store,
		paths: new PathFeed(store, () => late),
		clusters: () => shown,
		async open() {
			attempts++;
			// By itself, the eighth attempt would begin after more than a minute.
			if (attempts < 8) {
				throw error;
			}

			shown = [here, late];
			return late;
		},
		onRecovered() {},
		onContextChanged(context) {
			reopened.push(context);
		},
	});
	const run = check.run();
	await until(() => {
		check.tryNow('late');
		return reopened.length > 0;
	});
	t.deepEqual([attempts, reopened], [8, ['late']]);
	const [state] = store.state.others;
	t.like(state, {context: 'late', namespace: 'shop', server: 'https://late'});
	shown = [];
	check.tryNow();
	await run;
});

for (const [code, wanted] of [
	['ERR_CREDENTIAL_PLUGIN', [60_000, 60_000]],
	['ERR_APISERVER_UNREACHABLE', [1000, 2000]],
] as const) {
	test(`after ${code}, a cluster is tried again after ${wanted[0] / 1000} s`, async t => {
		const {access} = refusing({context: 'away'}, new SpokeError(code, 'it failed'));
		const delays: number[] = [];
		await waitForCluster(
			access,
			() => delays.length < 2,
			() => {},
			async ms => {
				delays.push(ms);
			},
		);
		t.deepEqual(delays, wanted);
	});
}
