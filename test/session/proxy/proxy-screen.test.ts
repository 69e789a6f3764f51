/** The proxy view. */
import test from 'ava';
import {createElement as h} from 'react';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import {drawn} from '../../support/drawn.ts';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {loadKeymap} from '../../../source/keymap/load-keymap.ts';
import {describeKeys} from '../../../source/keymap/describe-keys.ts';
import {emptyProxy, reduceProxy, type ProxyExchange} from '../../../source/session/proxy/proxy-state.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {unicodeGlyphs} from '../../../source/session/kit/glyphs.ts';
import {Proxy} from '../../../source/session/proxy/proxy.tsx';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {readAloud} from '../../support/read-aloud.ts';

const underWay: ProxyExchange = {
	id: 'request-1',
	time: 0,
	method: 'POST',
	asked: 'svc/web:80/',
	context: 'main',
	namespace: 'default',
	isSent: true,
	status: null,
	tookMs: null,
	bytes: 0,
	note: '',
	headers: [],
	type: '',
	body: '',
	path: null,
	error: null,
};
const maybe = 'given up: it may have been carried out';
const {keymap} = await loadKeymap({});

function screenWith(exchange: Partial<ProxyExchange>): ScreenInput {
	const proxy = reduceProxy(emptyProxy, {type: 'exchange', exchange: {...underWay, ...exchange}});
	return {
		state: {...emptySession(clusterState(null), {columns: 100, rows: 24}, 0), view: 'proxy', proxy},
		theme: {...plainTheme, glyphs: unicodeGlyphs},
		hints: describeKeys(keymap, 'proxy', () => null),
		keymap,
	} as unknown as ScreenInput;
}

async function shown(exchange: Partial<ProxyExchange>): Promise<string[]> {
	return (await drawn(screenWith(exchange), h(Proxy))).filter(text => text !== '');
}

test('a request of another namespace shows it', async t => {
	t.regex((await shown({namespace: 'shop'}))[2]!, /POST svc\/web:80\/ in shop/);
	t.notRegex((await shown({asked: 'node/n1/healthz', namespace: 'shop'}))[2]!, /shop/);
});

test('a pending request shows the key that cancels it', async t => {
	t.regex((await shown({})).at(-1)!, /Waiting for the response.* x cancel/);
	t.regex(
		(await shown({status: 200, bytes: 7, body: 'tick 1'})).find(text => text.includes('─ 200 '))!,
		/ x cancel/,
	);
	t.notRegex((await shown({status: 200, tookMs: 3, body: 'tick 1'})).join('\n'), /cancel/);
});

test('a canceled request says so and keeps the received part', async t => {
	const without = await shown({tookMs: 900, isCanceled: true, note: maybe});
	t.regex(without[2]!, /– +900 ms .*POST svc\/web:80\/ +given up: it may have been carried out/);
	t.regex(without[3]!, /Canceled/);
	t.is(without[4], ` ${maybe}`);
	const midway = await shown({status: 200, tookMs: 900, bytes: 7, body: 'tick 1', isCanceled: true, note: maybe});
	t.regex(midway[3]!, /200, canceled after 7 B/);
	t.deepEqual(midway.slice(4), [` ${maybe}`, ' tick 1']);
});

test('a screen reader reads the state of a request', t => {
	const read = (exchange: Partial<ProxyExchange>) => {
		const {proxy, cluster} = screenWith(exchange).state;
		return readAloud({view: 'proxy', proxy, cluster})[2];
	};

	t.is(read({}), '1 of 1: POST svc/web:80/, waiting for the response');
	t.is(read({tookMs: 900, isCanceled: true, note: maybe}), `1 of 1: POST svc/web:80/, ${maybe}`);
	t.is(read({tookMs: 900, status: 200, isCanceled: true, note: maybe}), `1 of 1: POST svc/web:80/, 200, ${maybe}`);
});
