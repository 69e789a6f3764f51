/** Connections between the parts of a session. */
import type {ServerResponse} from 'node:http';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {PassThrough} from 'node:stream';
import test from 'ava';
import {lastResponseTime} from '../../../source/session/clusters/last-response.ts';
import {createSession} from '../../../source/session/frame/create-session.ts';
import {connectionFlags} from '../../../source/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/command-line/parse-command-line.ts';
import {loadKeymap} from '../../../source/keymap/load-keymap.ts';
import {loadThemes} from '../../../source/themes/load-themes.ts';
import {startServer} from '../../support/api-server.ts';
import {manualClock} from '../../support/manual-clock.ts';

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
