/** The texts of a one-shot and of the session contain the same statement about each event of a proxied request. */
import test from 'ava';
import {createElement as h} from 'react';
import {drawn} from '../../support/drawn.ts';
import {
	describeCanceledRequest,
	describeListenerUsers,
	describeMissingResponse,
	describeRedirect,
	tlsBackendFix,
	describeRelayedRequest,
	listenerUsers,
} from '../../../source/report/descriptions/describe-proxy.ts';
import {joinParts, sentenceOf} from '../../../source/report/descriptions/parts.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {listenerRequest} from '../../../source/session/proxy/listener-handlers.ts';
import type {ListenerEvent} from '../../../source/streams/proxy-listener/start-proxy-listener.ts';
import {emptyProxy, type ProxyExchange} from '../../../source/session/proxy/proxy-state.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {Proxy} from '../../../source/session/proxy/proxy.tsx';
import {plainTheme} from '../../../source/session/kit/theme.ts';

const exchange: ProxyExchange = {
	id: 'request-1',
	time: 0,
	method: 'GET',
	asked: 'svc/web',
	context: 'main',
	namespace: 'default',
	status: 302,
	tookMs: 1,
	bytes: 0,
	note: '',
	headers: [['location', '/login']],
	type: '',
	body: '',
	path: null,
	error: null,
};

async function screenOf(proxy: Partial<typeof emptyProxy>): Promise<string> {
	const state = {...emptySession(clusterState(null), {columns: 100, rows: 20}, 0), proxy: {...emptyProxy, ...proxy}};
	return (await drawn({state, theme: plainTheme, keymap: new Map(), hints: []}, h(Proxy))).join('\n');
}

test('a one-shot and the session say the same of a relayed and of a refused request', async t => {
	const error = new SpokeError('ERR_FORBIDDEN', 'Host example.com is not accepted');
	const listener = {id: 'l', context: 'c', address: '127.0.0.1:8001', listenerUsers: '', since: 0, requests: 1};
	const rows: ReadonlyArray<readonly [event: ListenerEvent, oneShot: string, session: RegExp]> = [
		[{method: 'GET', path: '/api', status: 200, milliseconds: 3, error: null}, 'GET /api: 200', /200 +3 ms +GET \/api$/m],
		[
			{method: 'POST', path: '/x', status: 403, milliseconds: 1, error},
			'POST /x: 403: Host example.com is not accepted [ERR_FORBIDDEN]',
			/403 +1 ms +POST \/x +Host example\.com is not accepted$/m,
		],
	];
	for (const [event, oneShot, session] of rows) {
		t.is(joinParts(describeRelayedRequest(event)), oneShot);
		t.regex(await screenOf({listeners: [{...listener, log: [listenerRequest(event)]}]}), session);
	}
});

test('a one-shot and the session say that a redirect is not followed', async t => {
	t.is(describeRedirect(302, '/login')?.text, 'redirected to /login: not followed');
	t.regex(await screenOf({exchanges: [exchange]}), /302 \(not followed\)/);
	t.notRegex(await screenOf({exchanges: [{...exchange, status: 304, headers: []}]}), /not followed/);
});

test('a one-shot and the session give the same fix when plain HTTP meets TLS', t => {
	const body = 'Client sent an HTTP request to an HTTPS server.\n';
	t.is(tlsBackendFix(400, body), 'the backend uses TLS: prefix the name with https:');
	t.is(tlsBackendFix(500, body), null);
});

test('the users of a listener are named by its address', t => {
	t.is(listenerUsers({unixSocket: '/tmp/s'}), 'only you (mode 0600)');
	t.is(listenerUsers({address: '127.0.0.1', port: 8001}), 'every user of this host');
	t.is(listenerUsers({address: '::', port: 8001}), 'anyone who can reach [::]:8001');
	t.is(listenerUsers({address: '0.0.0.0', port: 0}), 'anyone who can reach 0.0.0.0');
	t.is(
		sentenceOf(describeListenerUsers({address: '127.0.0.1', port: 0})),
		'Every user of this host can use it with your permissions while it runs.',
	);
});

test('a request without a response is canceled, not sent, incomplete or unanswered', t => {
	const lost = new SpokeError('ERR_STREAM_LOST', 'x').toJSON();
	t.is(describeMissingResponse({isCanceled: true, error: null}), 'Canceled');
	t.is(describeMissingResponse({error: null}), 'Not sent');
	t.is(describeMissingResponse({isSent: true, error: lost}), 'No complete response');
	t.is(describeMissingResponse({isSent: true, error: null}), 'No response');
	t.is(describeCanceledRequest({isSent: true, isReadOnly: false}), 'canceled; the request may have taken effect');
});
