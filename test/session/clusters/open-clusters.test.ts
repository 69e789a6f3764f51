/** Open clusters and the current one. */
import test from 'ava';
import {OpenClusters, lastResponseTime, trackResponses, scriptFlags} from '../../../source/session/clusters/open-clusters.ts';
import type {OpenCluster, Session} from '../../../source/session/frame/session.ts';
import {type ClusterClient, ClusterRecords, type ApiResponse, type Connection} from '../../../source/cluster/cluster-client.ts';
import {ViewFeeds} from '../../../source/session/lists/view-feeds.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {readAloud} from '../../support/read-aloud.ts';
import {clockTime} from '../../../source/base/text/formats.ts';
import {manualClock} from '../../support/manual-clock.ts';
import {quietStore} from '../../support/tail-run.ts';
import {promptDebugContainer} from '../../../source/session/shell/debug-container-form.ts';
import {editForward} from '../../../source/session/forwards/forward-dialog.ts';
import {proxyHandlers} from '../../../source/session/proxy/proxy-handlers.ts';
import {connectionFlags} from '../../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {toWeb} from '../../support/forward-config.ts';

function access(context: string) {
	let closed = 0;
	const one = {
		facts: {context},
		records: new ClusterRecords(),
		close() {
			closed++;
		},
	} as unknown as ClusterClient;
	return {one, closed: () => closed};
}

function valueOf(reached: Awaited<ReturnType<OpenClusters['reach']>>): OpenCluster | undefined {
	const [result] = reached ?? [];
	return result?.status === 'fulfilled' ? result.value : undefined;
}

const clustersOf = () => new OpenClusters(() => {});

test('the last chosen cluster opens, and the client of the other one is closed', async t => {
	const clusters = clustersOf();
	const [slow, quick] = [access('slow'), access('quick')];
	const opening = Promise.withResolvers<ClusterClient>();
	const first = clusters.reach(['slow'], async () => opening.promise);
	const second = await clusters.reach(['quick'], async () => quick.one);
	opening.resolve(slow.one);
	t.is(await first, null);
	t.is(slow.closed(), 1);
	t.is(clusters.get('slow'), undefined);
	t.is(valueOf(second)?.access, quick.one);
	t.is(quick.closed(), 0);
});

test('an earlier cluster stays open, is not opened twice, and closes with the others', async t => {
	const clusters = clustersOf();
	const [left, entered] = [access('left'), access('entered')];
	clusters.add(left.one);
	await clusters.reach(['entered'], async () => entered.one);
	const back = await clusters.reach(['left'], async () => access('opened twice').one);
	t.is(valueOf(back)?.access, left.one);
	clusters.close();
	t.deepEqual([left.closed(), entered.closed()], [1, 1]);
});

test('a cluster that a tail and a switch open at once stays open once', async t => {
	const clusters = clustersOf();
	const [first, second] = [access('shared'), access('shared')];
	const opening = Promise.withResolvers<ClusterClient>();
	const ofTail = clusters.open('shared', async () => opening.promise);
	const shown = await clusters.reach(['shared'], async () => first.one);
	opening.resolve(second.one);
	t.is(await ofTail, valueOf(shown)!);
	t.is(clusters.get('shared')?.access, first.one);
	t.deepEqual([first.closed(), second.closed()], [0, 1]);
});

/** Requests queue until a test answers or fails them. */
function apiserver() {
	const clock = manualClock();
	const line: Array<{resolve: (answer: ApiResponse) => void; reject: (error: unknown) => void}> = [];
	const wait = async () =>
		new Promise<ApiResponse>((resolve, reject) => {
			line.push({resolve, reject});
		});
	const state = {tls: true, handshakeAt: () => clock.now()};
	const access = trackResponses(
		{
			facts: {context: 'here'},
			records: new ClusterRecords(),
			request: wait,
			json: wait,
			async connect() {
				return {
					id: 'c',
					facts: {tls: state.tls ? {} : null, connectedAt: new Date(state.handshakeAt()).toISOString()},
					usable: true,
					request: wait,
					pipelined: wait,
					close() {},
				} as unknown as Connection;
			},
		} as unknown as ClusterClient,
		clock,
	);
	const settled: Array<Promise<unknown>> = [];
	return {
		clock,
		access,
		state,
		line,
		ask() {
			settled.push(access.request({path: '/version'}).catch(() => undefined));
		},
		async answer() {
			line.shift()!.resolve({} as ApiResponse);
			await Promise.all(settled);
		},
		async fail(error: unknown) {
			line.shift()!.reject(error);
			await Promise.all(settled);
		},
		get last() {
			return lastResponseTime(access);
		},
	};
}

async function answered() {
	const server = apiserver();
	server.ask();
	await server.answer();
	return {server, at: server.clock.now()};
}

test('requests unanswered for 10 s date earlier facts until one is answered', async t => {
	const {server, at} = await answered();
	await server.clock.advance(60_000);
	t.is(server.last, null, 'nothing was asked');
	server.ask();
	await server.clock.advance(10_000);
	t.is(server.last, null);
	await server.clock.advance(1);
	t.is(server.last, at);
	await server.answer();
	t.is(server.last, null);
});

test('failures without a response count from the first one', async t => {
	const {server, at} = await answered();
	for (let tries = 0; tries < 2; tries++) {
		server.ask();
		await server.clock.advance(5000);
		await server.fail(new SpokeError('ERR_APISERVER_UNREACHABLE', 'TLS handshake timeout'));
	}

	t.is(server.last, null);
	await server.clock.advance(1);
	t.is(server.last, at);
	server.ask();
	await server.answer();
	await server.clock.advance(60_000);
	t.is(server.last, null, 'they were before the answer');
});

test('a slow request dates nothing while a later one is answered, even if it fails', async t => {
	const {server} = await answered();
	const slow = t.throwsAsync(server.access.json({path: '/slow'}));
	const {reject} = server.line.shift()!;
	await server.clock.advance(9000);
	server.ask();
	await server.answer();
	await server.clock.advance(9000);
	t.is(server.last, null);
	reject(new SpokeError('ERR_APISERVER_TIMEOUT', 'too slow'));
	await slow;
	await server.clock.advance(9000);
	t.is(server.last, null);
});

test('a refusal counts as a response', async t => {
	const {server} = await answered();
	await server.clock.advance(1000);
	server.ask();
	await server.clock.advance(9000);
	await server.fail(new SpokeError('ERR_FORBIDDEN', 'not for you'));
	server.ask();
	await server.clock.advance(10_001);
	t.is(server.last, server.clock.now() - 10_001);
});

test('a local failure or a cancellation does not count as a missing response', async t => {
	const {server, at} = await answered();
	for (const error of [new SpokeError('ERR_CREDENTIAL_PLUGIN', 'no'), new DOMException('called off', 'AbortError')]) {
		server.ask();
		await server.clock.advance(5000);
		await server.fail(error);
	}

	await server.clock.advance(60_000);
	t.is(server.last, null);
	server.ask();
	await server.clock.advance(10_001);
	t.is(server.last, at, 'nor is it one');
});

test('only a new TLS handshake counts as a response', async t => {
	for (const [tls, age, isAnswer] of [
		[true, 0, true],
		[true, 500, false],
		[false, 0, false],
	] as const) {
		const {server, at} = await answered();
		server.state.tls = tls;
		server.state.handshakeAt = () => server.clock.now() - age;
		await server.clock.advance(1000);
		server.ask();
		await server.clock.advance(9000);
		await server.access.connect();
		await server.clock.advance(2000);
		t.is(server.last, isAnswer ? null : at);
	}
});

test('requests on an own connection are tracked like the others', async t => {
	const {server, at} = await answered();
	server.state.tls = false;
	const connection = await server.access.connect();
	const asked = connection.pipelined({path: '/flagz'});
	await server.clock.advance(10_001);
	t.is(server.last, at);
	await server.answer();
	await asked;
	t.is(server.last, null);
});

test('an untracked client, or one that never got a response, dates nothing', async t => {
	const server = apiserver();
	server.ask();
	await server.clock.advance(60_000);
	t.is(server.last, null);
	t.is(lastResponseTime({records: new ClusterRecords()}), null);
});

test('each second the screen and a screen reader update the last response time', async t => {
	const {server, at} = await answered();
	const other = await answered();
	const store = quietStore();
	const here = {access: server.access} as OpenCluster;
	let shown = here;
	const feeds = new ViewFeeds(store, {get: () => shown, values: () => [shown].values()});
	t.teardown(() => {
		feeds.stop();
		store.close();
	});
	const read = () => readAloud({...store.state, hasScreenReader: true})[0];
	server.ask();
	await server.clock.advance(10_001);
	t.is(store.state.cluster.asOf, null);
	feeds.tick();
	t.is(store.state.cluster.asOf, at);
	t.is(read(), `, default. No response since ${clockTime(at)}.`);
	shown = {access: other.server.access} as OpenCluster;
	feeds.tick();
	t.is(store.state.cluster.asOf, null);
	shown = here;
	await server.answer();
	feeds.tick();
	t.is(store.state.cluster.asOf, null);
	t.is(read(), ', default.');
});

const cluster = (context: string | null) => ({access: {facts: {context}}, context: context ?? 'https://host'}) as unknown as OpenCluster;

function sessionWith(argv: readonly string[]) {
	const first = cluster('prod-eu');
	const other = cluster("it's prod us");
	return {
		first,
		other,
		flags: parseCommandLine(connectionFlags, argv).flags,
		clusters: new Map([
			['prod-eu', first],
			['other', other],
		]),
	};
}

test('the first cluster gets the flags of the session', t => {
	const bare = sessionWith([]);
	t.is(scriptFlags(bare, bare.first), '');
	const given = sessionWith([
		'--context',
		'prod-eu',
		'--as',
		'ada',
		'--as-group=a b',
		'-n',
		'shop',
		'--insecure-skip-tls-verify',
		'--token',
		'secret',
	]);
	t.is(scriptFlags(given, given.first), " --context prod-eu --as ada --as-group 'a b' --insecure-skip-tls-verify");
});

test('a login in a URL is left out like a token', t => {
	const given = sessionWith(['--server', 'https://me:secret@host:6443/k8s', '--proxy-url', 'http://me:p@ss/secret@proxy:3128']);
	t.is(scriptFlags(given, given.first), ' --server https://host:6443/k8s --proxy-url http://proxy:3128');
});

test('another cluster gets its context, and neither the cluster nor the user flag', t => {
	const session = sessionWith(['--kubeconfig', 'my config', '--cluster', 'eu', '--user', 'ada']);
	t.is(scriptFlags(session, session.other), String.raw` --kubeconfig 'my config' --context 'it'\''s prod us'`);
});

test('a copied request names its cluster after a switch, also for a writing method', t => {
	const {first, ...session} = sessionWith([]);
	const copied: string[] = [];
	const proxy = {
		listeners: [],
		exchanges: [{method: 'DELETE', asked: 'svc/web:80/items/*', context: 'other', namespace: 'shop'}],
		cursor: 0,
	};
	proxyHandlers['proxy/copy'](
		fakeSession({
			...session,
			cluster: first,
			store: {state: {proxy}},
			copy(text: string) {
				copied.push(text);
			},
		}),
	);
	t.deepEqual(copied, [String.raw`spoke proxy -n shop delete 'svc/web:80/items/*' --context 'it'\''s prod us'`]);
});

type Form = Parameters<Session['fill']>[0];

/** Returns the notes of a form that is filled with `values`. */
function withForm(values: Readonly<Record<string, string>>) {
	const {other, ...session} = sessionWith([]);
	const told: string[] = [];
	const filling = fakeSession({
		...session,
		cluster: other,
		store: {state: {forwards: [], recording: null}},
		typeAhead: {during: async (_: unknown, work: () => Promise<unknown>) => work()},
		async fill({fields, notes}: Form) {
			told.push(...notes!({...Object.fromEntries(fields.map(({name, value}) => [name, value])), ...values}));
			return null;
		},
	});
	return {session: filling, other, told};
}

const toShop = {...toWeb, namespace: 'shop', port: '8080:http', address: 'localhost'};

test('a shell parses the equivalent command of a forward as typed', async t => {
	const {session, other, told} = withForm({target: 'svc/$(id)', port: 'http', local: '8080', address: '127.0.0.1;id'});
	await editForward(session, 'f1', {...toShop, namespace: 'shop*', cluster: other});
	t.true(
		told.includes(String.raw`  spoke port-forward -n 'shop*' 'svc/$(id)' 8080:http --address '127.0.0.1;id' --context 'it'\''s prod us'`),
		told.join('\n'),
	);
});

test('the equivalent command of a forward without a port has a placeholder', async t => {
	const {session, other, told} = withForm({target: 'pod/x', port: '', local: '8080', address: 'localhost'});
	await editForward(session, 'f1', {...toShop, cluster: other});
	t.true(
		told.some(line => line.startsWith('  spoke port-forward -n shop pod/x 8080:PORT --context ')),
		told.join('\n'),
	);
});

test('a shell parses the equivalent command of a debug container as typed', async t => {
	const {session, other, told} = withForm({image: 'a b', command: 'sh -c $HOME'});
	const pod = {metadata: {name: 'web', namespace: 'shop'}, spec: {containers: [{name: 'app'}]}};
	t.is(await promptDebugContainer(session, {cluster: other, pod, container: 'app', asked: 'pod/web', chosenFrom: 1}), null);
	t.true(
		told.includes(String.raw`  spoke debug -n shop web -it --image='a b' --target=app --context 'it'\''s prod us' -- sh -c '$HOME'`),
		told.join('\n'),
	);
});
