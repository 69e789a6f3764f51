/** Rows and listeners of forwards. */
import {connect} from 'node:net';
import {once} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {restartForward, startForwardFrom, stopForward, stopImmediately} from '../../../source/session/forwards/run-forward.ts';
import {forwardUrl} from '../../../source/session/forwards/reduce-forward.ts';
import {RunningWork} from '../../../source/session/frame/session.ts';
import {Store} from '../../../source/session/frame/store.ts';
import {createClusterClient} from '../../../source/cluster/create-cluster-client.ts';
import {connectionFlags} from '../../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {listenerUsersText} from '../../../source/session/frame/connections-pane.tsx';
import {fakeSession} from '../../support/fake-session.ts';
import {toWeb} from '../../support/forward-config.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {until} from '../../support/until.ts';

async function onStore(t: ExecutionContext) {
	const {env, sandbox} = await openSandbox(t);
	const access = await createClusterClient(parseCommandLine(connectionFlags, []).flags, env);
	t.teardown(() => {
		access.close();
	});
	const store = new Store(
		emptySession(clusterState(access), {columns: 80, rows: 24}, 0),
		() => {},
		() => 0,
	);
	const cluster = {access, labeler: null as never, context: 'sandbox'};
	const questions: string[] = [];
	const ask = async (question: string) => questions.push(question) > 0;
	const session = fakeSession({
		store,
		work: new RunningWork(),
		cluster,
		clusters: new Map([['sandbox', cluster]]),
		env,
		nextId: () => 'f-1',
		ask,
		showMessage() {},
		showFailure() {},
		observerFor: () => ({}),
	});
	return {session, store, sandbox, cluster, state: () => store.state.forwards[0]!, questions};
}

async function openForward(
	t: ExecutionContext,
	{address = '127.0.0.1', onPodLoss = 'move'}: {address?: string; onPodLoss?: 'move' | 'exit'} = {},
) {
	const opened = await onStore(t);
	const {session, cluster, state} = opened;
	startForwardFrom(session, {...toWeb, address, onPodLoss, cluster});
	await until(() => state().phase === 'open', state);

	return {...opened, port: state().local!};
}

test('a forward that fails before it listens is shown on a card, which retries it', async t => {
	const {session, cluster, state} = await onStore(t);
	const choices = ['retry', null];
	const cards: string[] = [];
	const done = Promise.withResolvers<void>();
	const withCard = fakeSession({
		...session,
		async showCard(title: string) {
			cards.push(title);
			if (choices.length === 1) {
				done.resolve();
			}

			return choices.shift();
		},
	});
	startForwardFrom(withCard, {...toWeb, target: 'svc/nope', cluster});
	await done.promise;
	t.deepEqual(cards, ['forward svc/nope :80 failed', 'forward svc/nope :80 failed']);
	t.is(state().phase, 'failed');
});

test('a forward with a name has it in its URL, and its log says how to use it', async t => {
	const {session, cluster, state} = await onStore(t);
	startForwardFrom(session, {...toWeb, address: 'localhost', host: 'web.shop.test', cluster});
	await until(() => state().phase === 'open', state);
	t.is(forwardUrl(state()), `http://web.shop.test:${state().local}`);
	const texts = state().log.map(({text}) => text);
	t.true(texts.includes('for web.shop.test, add this line to /etc/hosts: 127.212.198.114 web.shop.test'), texts.join('\n'));
	await stopImmediately(session, 'f-1');
});

async function isListening(port: number): Promise<boolean> {
	const socket = connect(port, '127.0.0.1');
	try {
		await once(socket, 'connect');
		return true;
	} catch {
		return false;
	} finally {
		socket.destroy();
	}
}

test('a forward restarted twice in a row runs once in its row', async t => {
	const {session, state, port} = await openForward(t);
	await Promise.all([restartForward(session, 'f-1'), restartForward(session, 'f-1')]);
	await until(() => state().phase !== 'working', state);

	t.is(state().phase, 'open');
	t.true(await isListening(port));
	await stopForward(session, 'f-1');
	t.false(await isListening(port));
});

test('a forward is named after the requested port, not after the port name of the pod', async t => {
	const {session, state} = await openForward(t);
	t.is(state().remote, '80');
	t.is(state().portName, 'http');
	await stopForward(session, 'f-1');
});

test('a stop after a restart stops the restarted forward', async t => {
	const {session, state, port} = await openForward(t);
	await Promise.all([restartForward(session, 'f-1'), stopForward(session, 'f-1')]);
	await until(() => state().phase === 'stopped', state);
	await delay(300);
	t.is(state().phase, 'stopped');
	t.false(await isListening(port));
});

test('a restart asks with the number of open connections, and not at all without any', async t => {
	const {session, state, questions, port} = await openForward(t);
	await restartForward(session, 'f-1');
	await until(() => state().phase !== 'working', state);

	t.deepEqual(questions, []);
	const socket = connect(port, '127.0.0.1').on('error', () => {});
	await until(() => state().open > 0, state);

	await restartForward(session, 'f-1');
	t.deepEqual(questions, [`Restart :${port}? 1 open connection will be reset.`]);
	socket.destroy();
	await stopForward(session, 'f-1');
});

test('a forward that others can reach says so while it is open', async t => {
	const {session, store, port} = await openForward(t, {address: '0.0.0.0'});
	t.is(listenerUsersText({state: store.state}), `anyone who can reach 0.0.0.0:${port} can use this forward`);
	await stopForward(session, 'f-1');
	t.is(listenerUsersText({state: store.state}), '');
	const own = await openForward(t);
	t.is(listenerUsersText({state: own.store.state}), '');
	await stopForward(own.session, 'f-1');
});

test('a forward with exit on pod loss names the lost pod and stops listening', async t => {
	const {session, sandbox, state, port} = await openForward(t, {onPodLoss: 'exit'});
	const [, name = ''] = /, on (web-\S+)$/.exec(state().log[0]!.text)!;
	sandbox.faults.replacePod({name});
	await until(() => state().phase === 'failed', state);

	t.regex(state().note, new RegExp(`^pod ${name} of svc/web is gone`));
	t.false(await isListening(port));
	await stopForward(session, 'f-1');
});

test('equal failed attempts share one log row with their count and last time', async t => {
	const {session, sandbox, state} = await openForward(t);
	await sandbox.switches.set({route: 'konnectivity', agents: 'gone'});
	await until(() => /No agent available · [2-9] attempts/.test(state().log.at(-1)!.text), state);

	t.is(state().log.filter(({text}) => text.includes('No agent available')).length, 1);
	t.regex(state().log.at(-1)!.text, /^interrupted: .*No agent available · \d attempts, last at \d\d:\d\d:\d\d$/);
	await sandbox.switches.set({agents: 'running'});
	await until(() => state().phase === 'open', state);

	t.regex(state().log.at(-1)!.text, /^reconnected after/);
	await stopForward(session, 'f-1');
});

const urls: ReadonlyArray<readonly [address: string, remote: string, url: string]> = [
	['localhost', '80', 'http://localhost:8080'],
	['127.0.0.1', 'https', 'https://localhost:8080'],
	['0.0.0.0', '80', 'http://localhost:8080'],
	['10.0.0.5,localhost', '80', 'http://localhost:8080'],
	['::', '443', 'https://localhost:8080'],
	['10.0.0.5', '80', 'http://10.0.0.5:8080'],
	['127.0.0.2', '80', 'http://127.0.0.2:8080'],
	['::1', '80', 'http://[::1]:8080'],
];

for (const [address, remote, url] of urls) {
	test(`a forward that listens on ${address} has the URL ${url}`, t => {
		t.is(forwardUrl({local: 8080, remote, portName: null, address, host: null}), url);
		t.is(forwardUrl({local: 8080, remote, portName: 'https', address, host: null}), url.replace('http:', 'https:'));
	});
}

test('a forward that is not listening has no URL', t => {
	t.is(forwardUrl({local: null, remote: '80', portName: null, address: 'localhost', host: null}), null);
});
