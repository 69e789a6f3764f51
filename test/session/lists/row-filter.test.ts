/** The rows of several clusters in one list. */
import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {typedTarget, selectedTarget} from '../../../source/session/lists/selection.ts';
import {reduceSession, type SessionEvent} from '../../../source/session/frame/session-reducer.ts';
import {emptySession, type SessionState} from '../../../source/session/frame/session-state.ts';
import type {ListEvent, ListPhase} from '../../../source/session/lists/list-state.ts';
import {inContext} from '../../../source/session/lists/row-filter.ts';
import type {Row} from '../../../source/session/lists/table-rows.ts';
import {fakeSession} from '../../support/fake-session.ts';

const stateOf = (context: string) => ({...clusterState(null), context, reachable: 'yes' as const});
const row = (name: string, cells: readonly string[] = ['1/1', 'Running']): Row => ({
	id: `uid of ${name}`,
	namespace: 'demo',
	name,
	cells,
	created: 0,
	gone: null,
});
const error = new SpokeError('ERR_APISERVER_UNREACHABLE', 'the apiserver cannot be reached').toJSON();
const down: ListPhase = {kind: 'failed', error, since: 0, retryAt: 1000};

function reduced(events: readonly SessionEvent[]): SessionState {
	let state = reduceSession(emptySession(stateOf('eu'), {columns: 80, rows: 24}, 0), {
		type: 'switch',
		cluster: stateOf('eu'),
		others: [stateOf('us'), stateOf('down')],
	});
	for (const event of events) {
		state = reduceSession(state, event);
	}

	return state;
}

const inPods = (context: string, event: ListEvent): SessionEvent => ({type: 'list', list: 'pods', event: inContext(event, context)});
const page = (context: string, ...rows: readonly Row[]) => inPods(context, {type: 'page', chunk: 'pods', rows, first: true});
const phase = (context: string, to: ListPhase) => inPods(context, {type: 'phase', phase: to});
const ofPods = (event: ListEvent): SessionEvent => ({type: 'list', list: 'pods', event});
const shown = ({lists: {pods}}: SessionState) => pods.visible.map(({context, name}) => `${context} ${name}`);
const bothLive = [phase('eu', {kind: 'live'}), phase('us', {kind: 'live'}), page('us', row('a'), row('web')), page('eu', row('web'))];

test('equal names of two clusters stand side by side, and are two rows even with one uid', t => {
	const state = reduced([...bothLive, ofPods({type: 'move', by: 2}), ofPods({type: 'mark'})]);
	t.deepEqual(shown(state), ['us a', 'eu web', 'us web']);
	t.is(state.lists.pods.marked.size, 1);
	t.is(state.lists.pods.total, 3);
});

test('rows can be sorted by CONTEXT, and the filter searches it', t => {
	t.deepEqual(shown(reduced([...bothLive, ofPods({type: 'sort', column: 'CONTEXT'})])), ['eu web', 'us a', 'us web']);
	t.deepEqual(shown(reduced([...bothLive, ofPods({type: 'filter', text: 'us'})])), ['us a', 'us web']);
});

test('a cluster that is down has the first row, and its rows stand until they are read again', t => {
	const cut: ListPhase = {kind: 'interrupted', error, since: 0, retryAt: 1000};
	const state = reduced([...bothLive, phase('down', down), phase('us', cut)]);
	t.deepEqual(shown(state), ['us us', 'down down', 'us a', 'eu web', 'us web']);
	t.is(state.lists.pods.phase.kind, 'live');
	t.is(state.lists.pods.cursorIndex, 2, 'the first object is selected');
	const back = reduceSession(reduceSession(state, phase('us', {kind: 'live'})), phase('down', {kind: 'live'}));
	t.deepEqual(shown(back), ['us a', 'eu web', 'us web']);
});

test('the current cluster is that of the selected row, and not one that cannot be read', t => {
	const state = reduced([...bothLive, phase('down', down)]);
	t.is(state.cluster.context, 'us');
	const moved = reduceSession(state, ofPods({type: 'move', by: 1}));
	t.is(moved.cluster.context, 'eu');
	t.deepEqual(moved.others.map(({context}) => context).toSorted(), ['down', 'us']);
	t.is(reduceSession(moved, ofPods({type: 'move', by: -9})).cluster.context, 'eu');
});

function sessionOf(state: SessionState) {
	const told: string[] = [];
	const clusters = new Map(['eu', 'us'].map(context => [context, {context, access: {facts: {namespace: 'demo'}}}]));
	const session = fakeSession({
		store: {state},
		clusters,
		// Of another row than the selected one.
		cluster: clusters.get('eu'),
		showMessage: (text: string) => told.push(text),
	});
	return {session, told};
}

test('an action on a row gets the cluster of the row, and none on a cluster that is down', t => {
	const state = reduced([...bothLive, phase('down', down)]);
	t.like(selectedTarget(sessionOf(state).session), {cluster: {context: 'us'}, target: 'pod/a', namespace: 'demo'});
	const {session, told} = sessionOf(reduceSession(state, ofPods({type: 'move', by: -9})));
	t.is(selectedTarget(session), null);
	t.deepEqual(told, ['down cannot be read: the apiserver cannot be reached']);
});

test('a typed target is refused while several clusters are shown', t => {
	const {session} = sessionOf(reduced(bothLive));
	t.throws(() => typedTarget(session, 'pod/web'), {code: 'ERR_USAGE', message: 'which of 3 contexts is meant is unknown'});
});
