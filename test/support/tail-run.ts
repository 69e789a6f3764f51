/** A tail without a session. */
import {clusterState} from '../../source/session/clusters/open-clusters.ts';
import {emptySession, type SessionState} from '../../source/session/frame/session-state.ts';
import {Store} from '../../source/session/frame/store.ts';
import type {OpenTailCluster, TailCluster} from '../../source/session/tail/tail-reader.ts';
import {TailRun, type TailRequest} from '../../source/session/tail/tail-run.ts';
import {emptyTail} from '../../source/session/tail/tail-view.ts';

/** Draws nothing. */
export function quietStore(given: Partial<SessionState> = {}): Store {
	return new Store(
		{...emptySession(clusterState(null), {columns: 80, rows: 24}, 0), ...given},
		() => {},
		() => 0,
	);
}

type ReadCluster = Omit<OpenTailCluster, 'access'> & {cluster: OpenTailCluster['access']};

/** A tail of one cluster, or of each of several contexts. */
export function tailRun(ask: TailRequest, means: ReadCluster | readonly TailCluster[], store = quietStore()): TailRun {
	store.dispatch({type: 'tail-opened', view: emptyTail('tail-1', ask.title)});
	const clusters = 'cluster' in means ? [{context: null, open: async () => ({access: means.cluster, observer: means.observer})}] : means;
	return new TailRun('tail-1', ask, {clusters, store});
}
