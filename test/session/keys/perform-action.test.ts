/** Actions that permissions disable. */
import {setImmediate} from 'node:timers/promises';
import test from 'ava';
import {actionIn} from '../../../source/session/actions/action-table.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {Store} from '../../../source/session/frame/store.ts';
import {performAction, type ActionContext} from '../../../source/session/keys/perform-action.ts';
import {inContext} from '../../../source/session/lists/row-filter.ts';
import type {Row} from '../../../source/session/lists/table-rows.ts';

const shell = actionIn('pods', 'shell')!;
const stateOf = (context: string) => ({
	...clusterState(null),
	context,
	missingPermissions: new Map([[shell, 'no permission to create pods/exec']]),
});
const row = (name: string): Row => ({id: name, namespace: 'demo', name, cells: ['1/1', 'Running'], created: 0, gone: null});

/** A session whose shell is allowed for the pod by its name, once the review has its response. */
function refused() {
	const store = new Store(
		emptySession(stateOf('eu'), {columns: 80, rows: 24}, 0),
		() => {},
		() => 0,
	);
	const add = (context: string, name: string) => {
		store.dispatch({type: 'list', list: 'pods', event: inContext({type: 'phase', phase: {kind: 'live'}}, context)});
		store.dispatch({type: 'list', list: 'pods', event: inContext({type: 'page', chunk: 'pods', rows: [row(name)], first: true}, context)});
	};

	store.dispatch({type: 'switch', cluster: stateOf('eu'), others: [stateOf('us')]});
	add('us', 'web');
	const review = Promise.withResolvers<unknown>();
	const [opened, told]: [string[], string[]] = [[], []];
	const context = {
		session: {
			store,
			cluster: {access: {json: async () => review.promise}},
			typeAhead: {during: async (_: unknown, work: () => Promise<unknown>) => work()},
			showMessage: (text: string) => told.push(text),
		},
		handlerOf: () => () => {
			const {visible, cursorIndex} = store.state.lists.pods;
			opened.push(`${visible[cursorIndex]!.context} ${visible[cursorIndex]!.name}`);
		},
	} as unknown as ActionContext;
	const answer = async () => {
		review.resolve({status: {allowed: true}});
		await setImmediate();
	};

	return {store, context, add, answer, opened, told};
}

test('an action allowed for one pod acts on that pod, even if another comes first meanwhile', async t => {
	const {context, add, answer, opened} = refused();
	performAction(context, 'shell');
	add('eu', 'api');
	await answer();
	t.deepEqual(opened, ['us web']);
});

test('an action allowed for one pod does nothing if another row is selected meanwhile', async t => {
	const {store, context, add, answer, opened, told} = refused();
	performAction(context, 'shell');
	add('eu', 'api');
	store.dispatch({type: 'list', list: 'pods', event: {type: 'move', by: -9}});
	await answer();
	t.deepEqual([opened, told], [[], ['web is no longer selected']]);
});

test('zoom is disabled on a screen over the view, and says so', async t => {
	const {store, context, told} = refused();
	store.dispatch({type: 'push', layer: {kind: 'messages', top: 0}});
	performAction(context, 'view.zoom');
	await setImmediate();
	t.deepEqual(told, ['zoom the pane: disabled, this screen has only one pane']);
	t.false(store.state.zoom);
});
