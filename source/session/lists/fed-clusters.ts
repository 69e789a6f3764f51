/** The clusters that the feeds of the lists read. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {shownClusters, type ClusterState, type SessionState} from '../frame/session-state.ts';
import type {SessionClusters} from '../frame/session.ts';
import {rowContext} from './rows-of-clusters.ts';

export type FedClusters = SessionClusters['clusters'];

/** `rowContext`: of its rows. */
export type RespondingCluster = Pick<ClusterState, 'namespace'> & {rowContext: string; cluster: ClusterClient};

/** Those that are shown and whose apiserver responds. */
export function respondingClusters(state: SessionState, clusters: FedClusters): readonly RespondingCluster[] {
	return shownClusters(state).flatMap(one => {
		const open = one.reachable === 'yes' ? clusters.get(one.context) : undefined;
		return open === undefined ? [] : [{namespace: one.namespace, rowContext: rowContext(state, one), cluster: open.access}];
	});
}
