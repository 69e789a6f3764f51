/** A tail without a session. */
import {clusterState} from '../../source/session/clusters/cluster-state.ts';
import {emptySession} from '../../source/session/frame/session-state.ts';
import {Store} from '../../source/session/frame/store.ts';
import type {TailContext} from '../../source/session/tail/tail-reader.ts';
import {TailRun, type TailRequest} from '../../source/session/tail/tail-run.ts';
import {emptyTail} from '../../source/session/tail/tail-view.ts';

/** Draws nothing. */
export function quietStore(): Store {
	return new Store(
		emptySession(clusterState(null), {columns: 80, rows: 24}, 0),
		() => {},
		() => 0,
	);
}

export function tailRun(ask: TailRequest, means: TailContext, store = quietStore()): TailRun {
	store.dispatch({type: 'tail-opened', view: emptyTail('tail-1', ask.title)});
	return new TailRun('tail-1', ask, {...means, store});
}
