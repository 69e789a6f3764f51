/** Records of labels, apiserver processes and missed pongs. */
import test, {type ExecutionContext} from 'ava';
import {connectionListObserver, dispatchLabel} from '../../../source/session/frame/connection-list-observer.ts';
import type {Store} from '../../../source/session/frame/store.ts';
import type {Connection} from '../../../source/cluster/cluster-client.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import type {Labeler} from '../../../source/evidence/connection-labeler.ts';
import type {ConnectionPurpose} from '../../../source/streams/connection-observer.ts';
import {quietStore} from '../../support/tail-run.ts';

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
