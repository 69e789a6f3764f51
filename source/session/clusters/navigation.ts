/** Switches cluster or namespace. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {currentNamespace} from '../frame/session-state.ts';
import type {ViewFeeds} from '../lists/view-feeds.ts';
import type {Session} from '../frame/session.ts';
import {clusterState} from './cluster-state.ts';
import type {OpenClusters} from './open-clusters.ts';

export type NavigationContext = {session: Session; clusters: OpenClusters; feeds: ViewFeeds};

/** @throws SpokeError when the cluster cannot be opened or login fails */
export async function switchContext({session, clusters, feeds}: NavigationContext, context: string): Promise<void> {
	const cluster = await clusters.reach(context, async () => openContext(session, context));
	if (cluster === null) {
		return;
	}

	feeds.leave();
	clusters.show(cluster);
	session.store.dispatchNow({type: 'switch', cluster: clusterState(cluster.access, session.savedState.namespaceOf(cluster.access.facts))});
	feeds.read();
	void session.reachability.run();
	if (session.store.state.view === 'audit') {
		session.perform('view.audit');
	}
}

async function openContext(session: Session, context: string): Promise<ClusterClient> {
	session.tell(`opening ${context} …`);
	const access = await session.open({...session.flags, context, cluster: undefined, user: undefined});
	try {
		await access.logIn();
		return access;
	} catch (error) {
		access.close();
		throw error;
	}
}

/** `null` means all namespaces. */
export function switchNamespace({session, feeds}: Omit<NavigationContext, 'clusters'>, namespace: string | null): void {
	const {cluster} = session.store.state;
	feeds.leave();
	session.store.dispatchNow({type: 'switch', cluster: {...cluster, namespace, lastNamespace: namespace ?? currentNamespace(cluster)}});
	feeds.read();
	void session.reachability.readRights();
}
