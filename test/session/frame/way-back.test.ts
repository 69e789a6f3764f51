/** The back key. */
import test from 'ava';
import {navigationHandlers} from '../../../source/session/frame/navigation-handlers.ts';
import {RunningWork} from '../../../source/session/frame/session.ts';
import type {ListEvent} from '../../../source/session/lists/list-state.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {quietStore} from '../../support/tail-run.ts';

test('back in a list first clears all marks, then the filter', async t => {
	const store = quietStore();
	const session = fakeSession({store, work: new RunningWork(), refreshFeeds() {}});
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
