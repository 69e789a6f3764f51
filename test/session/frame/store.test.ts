/** When the screen is drawn. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {Store} from '../../../source/session/frame/store.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';

test('a closed store draws nothing and keeps no timer', async t => {
	let drawn = 0;
	const store = new Store(
		emptySession(clusterState(null), {columns: 80, rows: 24}, 0),
		() => {
			drawn++;
		},
		() => 0,
	);
	store.dispatchNow({type: 'zoom'});
	t.is(drawn, 1);
	store.dispatch({type: 'zoom'});
	store.close();
	store.dispatch({type: 'zoom'});
	store.dispatchNow({type: 'notice', text: 'late', now: 0});
	store.hold();
	store.release();
	await delay(20);
	t.is(drawn, 1);
	t.is(store.state.notice?.text, 'late');
});
