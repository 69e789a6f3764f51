/** The back key. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {navigationHandlers} from '../../../source/session/frame/navigation-handlers.ts';
import {RunningWork} from '../../../source/session/frame/running-work.ts';
import type {Session} from '../../../source/session/frame/session.ts';
import {Store} from '../../../source/session/frame/store.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import type {ListEvent} from '../../../source/session/lists/list-state.ts';

test('back in a list first clears all marks, then the filter', async t => {
	const store = new Store(
		emptySession(clusterState(null), {columns: 80, rows: 24}, 0),
		() => {},
		() => 0,
	);
	const session = {store, work: new RunningWork(), refreshFeeds() {}} as unknown as Session;
	const rows = ['web-1', 'web-2'].map(name => ({id: name, namespace: 'demo', name, cells: [], created: 0, gone: null}));
	const events: readonly ListEvent[] = [
		{type: 'page', chunk: 'pods', rows, first: true},
		{type: 'filter', text: 'web'},
		{type: 'mark'},
		{type: 'mark'},
	];
	for (const event of events) {
		store.dispatchNow({type: 'list', list: 'pods', event});
	}

	const shown = () => [store.state.lists.pods.marked.size, store.state.lists.pods.filter];
	t.deepEqual(shown(), [2, 'web']);
	await navigationHandlers['view.back'](session);
	t.deepEqual(shown(), [0, 'web']);
	await navigationHandlers['view.back'](session);
	t.deepEqual(shown(), [0, '']);
});
