/** What a label that comes says of what was read before. */
import test from 'ava';
import {bookLabel} from '../../source/app/booking-witness.ts';
import {clusterState} from '../../source/app/clusters/cluster-state.ts';
import {Store} from '../../source/app/store.ts';
import type {Path} from '../../source/posture/evidence.ts';
import {emptySession} from '../../source/state/session-state.ts';

const pathOf = (id: string | null) => ({process: {id}}) as Path;

test('only a process beside those that were met before is news', t => {
	const store = new Store(emptySession(clusterState(null), {columns: 80, rows: 24}, 0), () => {}, () => 0);
	t.teardown(() => {
		store.close();
	});
	t.false(bookLabel(store, 'c-1', pathOf('first')));
	store.data({type: 'path-here', of: 'web', path: pathOf('first')});
	t.false(bookLabel(store, 'c-1', pathOf('first')));
	t.false(bookLabel(store, 'c-1', pathOf(null)));
	t.true(bookLabel(store, 'c-1', pathOf('second')));
});
