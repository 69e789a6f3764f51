/** Connections between the parts of a session. */
import type {ServerResponse} from 'node:http';
import {PassThrough} from 'node:stream';
import test, {type ExecutionContext} from 'ava';
import type {Connection} from '../../../source/cluster/cluster-client.ts';
import {connectionFlags} from '../../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import type {Labeler} from '../../../source/evidence/connection-labeler.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import {loadKeymap} from '../../../source/session/keymap/load-keymap.ts';
import {clusterState, lastResponseTime} from '../../../source/session/clusters/open-clusters.ts';
import {connectionListObserver, createSession, dispatchLabel, SessionEnd} from '../../../source/session/frame/create-session.ts';
import type {Store} from '../../../source/session/frame/store.ts';
import type {ConnectionPurpose} from '../../../source/streams/connection-observer.ts';
import {loadThemes} from '../../../source/session/themes/load-themes.ts';
import {startServer} from '../../support/api-server.ts';
import {manualClock} from '../../support/manual-clock.ts';
import {quietStore} from '../../support/tail-run.ts';

test('when an open cluster stops responding, the header shows the time of its last response', async t => {
	const held: ServerResponse[] = [];
	let isHeld = false;
	const server = await startServer({
		request(_request, response) {
			if (isHeld) {
				held.push(response);
			} else {
				response.end('{}');
			}
		},
	});
	t.teardown(async () => server.close());
	const clock = manualClock();
	const {flags} = parseCommandLine(connectionFlags, ['--server', server.url, '--insecure-skip-tls-verify']);
	const {session, clusters, feeds} = createSession({
		flags,
		env: {KUBECONFIG: '/dev/null', HOME: '/nonexistent'},
		stdin: new PassThrough() as unknown as NodeJS.ReadStream,
		stdout: new PassThrough() as unknown as NodeJS.WriteStream,
		interrupted: new AbortController().signal,
		keymap: (await loadKeymap({})).keymap,
		keymapProblems: [],
		keymapBase: 'default',
		themes: await loadThemes({}),
		readOnly: false,
		allNamespaces: false,
		clock,
	});
	const access = await session.open(flags);
	t.teardown(() => {
		clusters.close();
		feeds.stop();
	});
	clusters.add(access);
	session.store.dispatchNow({type: 'switch', cluster: clusterState(access)});
	await access.json({path: '/version'});
	const answeredAt = clock.now();
	isHeld = true;
	const left = new AbortController();
	const asked = access.json({path: '/version', signal: left.signal}).catch(() => undefined);
	await clock.advance(9000);
	t.is(lastResponseTime(access), null);
	await clock.advance(2000);
	t.is(lastResponseTime(access), answeredAt);
	feeds.tick();
	t.is(session.store.state.cluster.asOf, answeredAt);
	left.abort();
	await asked;
});

const pathOf = (id: string | null, context = 'eu') => ({cluster: {context}, process: {id}}) as Path;

function openStore(t: ExecutionContext): Store {
	const store = quietStore();
	t.teardown(() => {
		store.close();
	});
	return store;
}

test('only an apiserver process other than the known ones is new', t => {
	const store = openStore(t);
	t.false(dispatchLabel(store, 'c-1', pathOf('first')));
	store.dispatch({type: 'selected-path', of: 'web', path: pathOf('first')});
	t.false(dispatchLabel(store, 'c-1', pathOf('first')));
	t.false(dispatchLabel(store, 'c-1', pathOf(null)));
	t.true(dispatchLabel(store, 'c-1', pathOf('second')));
	t.false(dispatchLabel(store, 'c-2', pathOf('third', 'us')), 'the first of another cluster');
});

test('a missed pong is recorded until the next pong, which the labeler receives', t => {
	const store = openStore(t);
	const heard: unknown[] = [];
	const labeler = {
		observer: {
			onRoundTrip(_connection: Connection, times: object) {
				heard.push(times);
			},
		},
	} as unknown as Labeler;
	store.dispatch({type: 'connections', event: {type: 'open', entry: {id: 'f', kind: 'forward', what: '', context: '', since: 0}}});
	const observer = connectionListObserver(store, labeler, 'f');
	const connection = {id: 'c-1'} as Connection;
	observer.onOpened!(connection, {} as ConnectionPurpose, {carrier: 'websocket', protocol: null});
	const overduePings = () => store.state.connections[0]!.overduePings.get('c-1');
	const before = Date.now();
	observer.onPingOverdue!(connection, {websocket: 5000});
	observer.onPingOverdue!(connection, {runtime: 7000});
	const {websocket, runtime} = overduePings()!;
	t.true(websocket! >= before - 5000 && websocket! <= Date.now() - 5000);
	t.true(runtime! >= before - 7000 && runtime! <= Date.now() - 7000);
	observer.onRoundTrip!(connection, {websocket: 2});
	t.deepEqual(overduePings(), {websocket: null, runtime});
	t.deepEqual(heard, [{websocket: 2}]);
});

function watched() {
	const end = new SessionEnd();
	const [stdin, stdout] = [new PassThrough(), new PassThrough()];
	const told = new AbortController();
	end.watch({stdin: stdin as unknown as NodeJS.ReadStream, stdout: stdout as unknown as NodeJS.WriteStream, interrupted: told.signal});
	return {end, stdin, stdout, told};
}

test('a closed terminal ends the session like SIGHUP, whichever stream reports it', async t => {
	for (const side of ['stdin', 'stdout'] as const) {
		const session = watched();
		session[side].emit('error', new Error('EIO'));
		t.is(await session.end.status, 129);
	}
});

test('a signal ends the session with its status, and the first end counts', async t => {
	const {end, told} = watched();
	told.abort('SIGTERM');
	end.end(0);
	t.is(await end.status, 143);
});
