/** Names of gateways at the end of leg 1. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {PathFeed} from '../../../source/session/frame/path-feed.ts';
import {Store} from '../../../source/session/frame/store.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {Header} from '../../../source/session/frame/header.tsx';
import {createElement} from 'react';
import {PathPane} from '../../../source/session/frame/path-pane.tsx';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import {startServer} from '../../support/api-server.ts';
import {drawn} from '../../support/drawn.ts';
import {until} from '../../support/until.ts';

test('the header and the unread path name the gateway, not an apiserver', async t => {
	const server = await startServer({
		request(_request, response) {
			response.writeHead(404, {'content-type': 'application/json'}).end('{"kind":"Status","code":404}');
		},
	});
	t.teardown(async () => server.close());
	const access = await server.cluster({cluster: {server: `${server.url}/k8s/clusters/c-1`}});
	const cluster = {...clusterState(access), reachable: 'yes', legOne: {tls: 'verified', route: 'direct'}} as const;
	const store = new Store(
		emptySession(cluster, {columns: 80, rows: 24}, 0),
		() => {},
		() => 0,
	);
	const open = {access, labeler: null as never, context: 'main'};
	new PathFeed(store, () => open).follow();
	await until(
		() => store.state.cluster.legOneEnd !== null,
		() => store.state.cluster,
	);

	const screen: ScreenInput = {state: store.state, theme: plainTheme, keymap: new Map(), hints: []};
	const shown = (await drawn(screen, [createElement(Header, {key: 1}), createElement(PathPane, {key: 2})])).join('\n');
	t.is(shown.match(/gateway/g)?.length, 2);
	t.notRegex(shown, /apiserver/);
});
