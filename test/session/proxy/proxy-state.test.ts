/** Rows of the proxy view. */
import test from 'ava';
import {
	emptyProxy,
	selectedExchange,
	selectedListener,
	reduceProxy,
	type ListenerState,
	type RelayedRequest,
	type ProxyEvent,
	type ProxyExchange,
	type ProxyState,
} from '../../../source/session/proxy/proxy-state.ts';

const listener = (id: string): ListenerState => ({
	id,
	context: 'c',
	address: '127.0.0.1:8001',
	listenerUsers: '',
	since: 0,
	requests: 0,
	log: [],
});
const exchange = (id: string): ProxyExchange => ({
	id,
	time: 0,
	method: 'GET',
	asked: `svc/${id}`,
	context: 'main',
	namespace: 'default',
	status: null,
	tookMs: null,
	bytes: 0,
	note: '',
	headers: [],
	type: '',
	body: '',
	path: null,
	error: null,
});
const passed: RelayedRequest = {time: 0, request: 'GET /', status: 200, tookMs: 1, error: null};
const after = (...events: readonly ProxyEvent[]): ProxyState => events.reduce((state, event) => reduceProxy(state, event), emptyProxy);

test('a new row is selected, a changed row is not', t => {
	const state = after({type: 'exchange', exchange: exchange('r1')}, {type: 'listening', listener: listener('l1')});
	t.is(selectedListener(state)?.id, 'l1');
	t.is(selectedExchange(reduceProxy(state, {type: 'exchange', exchange: exchange('r2')}))?.id, 'r2');
	t.is(selectedListener(reduceProxy(state, {type: 'exchange', exchange: {...exchange('r1'), status: 200}}))?.id, 'l1');
});

test('all requests of a listener are counted, and the last hundred are kept', t => {
	const state = after(
		{type: 'listening', listener: listener('l1')},
		...Array.from({length: 130}, (): ProxyEvent => ({type: 'passed', id: 'l1', request: passed})),
	);
	t.is(state.listeners[0]?.requests, 130);
	t.is(state.listeners[0]?.log.length, 100);
});

test('stopping a listener keeps the selected row', t => {
	const four = after(
		{type: 'listening', listener: listener('l1')},
		{type: 'listening', listener: listener('l2')},
		{type: 'exchange', exchange: exchange('r1')},
		{type: 'exchange', exchange: exchange('r2')},
	);
	const state = {...four, cursor: 2};
	t.is(selectedExchange(state)?.id, 'r1');
	t.is(selectedExchange(reduceProxy(state, {type: 'stopped', id: 'l1'}))?.id, 'r1');
	const stopped = (cursor: number, id: string) => reduceProxy({...four, cursor}, {type: 'stopped', id}).cursor;
	t.deepEqual([stopped(0, 'l1'), stopped(0, 'l2'), stopped(3, 'l1')], [0, 0, 2]);
	t.is(selectedListener(after({type: 'listening', listener: listener('l1')}, {type: 'stopped', id: 'l1'})), null);
});
