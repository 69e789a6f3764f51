/** Switches clusters or namespace, also to one that the user typed. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import {currentNamespace, shownClusters, type ClusterState} from '../frame/session-state.ts';
import type {OpenCluster, Session} from '../frame/session.ts';
import type {ViewFeeds} from '../lists/view-feeds.ts';
import {clusterState, unopenedClusterState, type OpenClusters} from './open-clusters.ts';

export type NavigationContext = {session: Session; clusters: OpenClusters; feeds: ViewFeeds};

const responseTimeoutMs = 5000;

/** Of several contexts, one that cannot be opened is shown with its error. @throws SpokeError when none can be opened and logged in to */
export async function switchContexts({session, clusters, feeds}: NavigationContext, contexts: readonly string[]): Promise<void> {
	const reached = await clusters.reach(contexts, async context => openContext(session, context));
	if (reached === null) {
		return;
	}

	const namespaceOf = (cluster: OpenCluster) => (contexts.length === 1 ? session.savedState.namespaceOf(cluster.access.facts) : undefined);
	const shown = statesOf(contexts, reached, cluster => clusterState(cluster.access, namespaceOf(cluster)));
	feeds.leave();
	session.store.dispatchNow({type: 'switch', ...shown});
	feeds.read();
	void session.reachability.run();
	if (session.store.state.view === 'audit') {
		session.perform('view.audit');
	}
}

/** The first open cluster, and the others. @throws SpokeError the first error when no cluster is open */
export function statesOf<Opened>(
	contexts: readonly string[],
	results: ReadonlyArray<PromiseSettledResult<Opened>>,
	stateOf: (opened: Opened) => ClusterState,
	unopenedNamespace?: null,
): {cluster: ClusterState; others: readonly ClusterState[]} {
	const states = results.map((result, index) =>
		result.status === 'fulfilled'
			? stateOf(result.value)
			: unopenedClusterState(contexts[index]!, toSpokeError(result.reason), unopenedNamespace),
	);
	const first = results.findIndex(({status}) => status === 'fulfilled');
	if (first < 0) {
		throw (results[0] as PromiseRejectedResult).reason;
	}

	return {cluster: states[first]!, others: states.toSpliced(first, 1)};
}

/** Without a login. @throws SpokeError */
export async function reopenContext(
	{session, clusters}: Pick<NavigationContext, 'session' | 'clusters'>,
	context: string,
): Promise<OpenCluster> {
	return clusters.open(context, async () => session.open(flagsOf(session, context)));
}

function flagsOf({flags}: Session, context: string): Session['flags'] {
	return {...flags, context, cluster: undefined, user: undefined};
}

async function openContext(session: Session, context: string): Promise<ClusterClient> {
	session.showMessage(`opening ${context} …`);
	const access = await session.open(flagsOf(session, context));
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
	const [cluster, ...others] = shownClusters(session.store.state).map((one): ClusterState => ({
		...one,
		namespace,
		lastNamespace: namespace ?? currentNamespace(one),
	}));
	feeds.leave();
	session.store.dispatchNow({type: 'switch', cluster: cluster!, others});
	feeds.read();
	void session.reachability.readPermissions();
}

export function namespaceError(name: string): string | null {
	return name.length <= 63 && /^[\da-z](?:[\da-z-]*[\da-z])?$/.test(name)
		? null
		: `invalid namespace "${name}": use a-z, 0-9 and inner -, at most 63 characters`;
}

/** Reports later if it does not exist. `null` means all. */
export function openTypedNamespace(session: Session, name: string | null): void {
	const fault = name === null ? null : namespaceError(name);
	if (fault !== null) {
		session.showMessage(fault, 'warn');
		return;
	}

	session.openNamespace(name);
	if (name !== null) {
		void reportMissing(session, name);
	}
}

/** Of several clusters, one may lack it. */
async function reportMissing(session: Session, name: string): Promise<void> {
	const clusters = session.shown;
	const missing = await Promise.all(clusters.map(async cluster => isMissing(cluster, name)));
	const isShown = clusters.every(cluster => session.shown.includes(cluster)) && session.store.state.cluster.namespace === name;
	const isMissingInAll = missing.every(Boolean);
	if (isShown) {
		const missingNamespace = isMissingInAll ? {name, at: Date.now()} : null;
		session.store.dispatchNow({type: 'cluster', to: {missingNamespace}});
	}

	if (isShown && isMissingInAll) {
		session.showMessage(`namespace not found: ${name}`, 'warn');
	}
}

async function isMissing({access}: OpenCluster, name: string): Promise<boolean> {
	try {
		await access.json({path: `/api/v1/namespaces/${name}`, signal: AbortSignal.timeout(responseTimeoutMs)});
		return false;
	} catch (error) {
		// The lists show a missing permission.
		return toSpokeError(error).code === 'ERR_NOT_FOUND';
	}
}
