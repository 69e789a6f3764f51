/** Back, panes and quit, and the switch of clusters or namespace, also to one that the user typed. */
import {formatKeys} from '../keymap/keymap.ts';
import {describeOpenConnections} from './connection-list.ts';
import {currentList, keyContext, shownClusters, currentNamespace, type ClusterState} from './session-state.ts';
import {goTo, searchTail} from '../tail/tail-view.ts';
import type {ClusterEntry} from '../../cluster/kubeconfig/kubeconfig-shape.ts';
import {loadKubeconfig} from '../../cluster/kubeconfig/load-kubeconfig.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import {closeTail, setView} from '../tail/open-tail.ts';
import {applyFilter} from '../tail/tail-search.ts';
import type {TailRun} from '../tail/tail-run.ts';
import {namespaceNames} from '../dialogs/completion-names.ts';
import type {Handlers, Session, OpenCluster} from './session.ts';
import {leaveScope} from '../lists/open-row.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ViewFeeds} from '../lists/view-feeds.ts';
import {clusterState, unopenedClusterState, type OpenClusters} from '../clusters/open-clusters.ts';

export const navigationHandlers = {
	'view.back': goBack,
	'help.open'({store}) {
		store.dispatchNow({type: 'push', layer: {kind: 'help', keyContext: keyContext(store.state), top: 0}});
	},
	'messages.open'({store}) {
		store.dispatchNow({type: 'push', layer: {kind: 'messages', top: 0}});
	},
	'view.zoom'({store}) {
		store.dispatchNow({type: 'zoom'});
	},
	'pane.next': switchPane,
	'pane.previous': switchPane,
	'connections/move.down'({store}) {
		store.dispatchNow({type: 'cursor', of: 'connections', to: store.state.connectionCursor + 1});
	},
	'connections/move.up'({store}) {
		store.dispatchNow({type: 'cursor', of: 'connections', to: store.state.connectionCursor - 1});
	},
	'screen.redraw'(session) {
		session.redraw();
	},
	'app.quit': quit,
	'app.suspend': async session => session.withTerminal(async () => session.terminal.suspend()),
	'namespace.pick': pickNamespace,
	'namespace.all'(session) {
		const {namespace, lastNamespace} = session.store.state.cluster;
		session.openNamespace(namespace === null ? lastNamespace : null);
	},
	'context.pick': pickContext,
} satisfies Handlers;

export type NavigationContext = {session: Session; clusters: OpenClusters; feeds: ViewFeeds};

const responseTimeoutMs = 5000;

async function goBack(session: Session): Promise<void> {
	const {store, work} = session;
	const layer = store.state.layers.at(-1);
	const tail = layer?.kind === 'tail' ? work.get('tail', layer.id) : undefined;
	// Found without await, so that the next key already applies to the new state.
	const inTail = tail ? wayBackInTail(session, tail) : null;
	if (inTail) {
		await inTail();
		return;
	}

	if (layer?.kind === 'text' && layer.search) {
		store.dispatchNow({type: 'layer', to: {search: null}});
	} else if (layer?.kind === 'tail' && layer.line !== null) {
		store.dispatchNow({type: 'layer', to: {line: null}});
	} else if (layer) {
		store.dispatchNow({type: 'pop'});
		if (tail) {
			closeTail(session, tail);
		}

		// A tail from the command line has no list below it yet.
		session.refreshFeeds();
	} else if (store.state.pane === 'main') {
		goBackInList(session);
	} else {
		switchPane(session);
	}
}

function switchPane(session: Session): void {
	const {layers, connections} = session.store.state;
	if (connections.length === 0) {
		session.showMessage('no connection is open');
	} else if (layers.length > 0) {
		session.showMessage('the connections are listed below the views');
	} else {
		session.store.dispatchNow({type: 'pane'});
	}
}

function wayBackInTail(session: Session, tail: TailRun): (() => void | Promise<void>) | null {
	const {view} = tail;
	if (view.plain) {
		return () => {
			setView(session, tail, {...view, plain: false});
		};
	}

	if (view.search !== null) {
		const all = searchTail(view, null);
		return () => {
			setView(session, tail, all.follow ? all : goTo(all, all.cursor));
		};
	}

	return view.filter.text !== '' || view.level > 0
		? async () => applyFilter(session, tail, {filter: {text: '', regex: false, inverse: false}, level: 0})
		: null;
}

function goBackInList(session: Session): void {
	const {store} = session;
	const list = currentList(session.store.state);
	if (list?.visible.some(({id}) => list.marked.has(id))) {
		store.dispatchNow({type: 'list', list: list.name, event: {type: 'unmark-all'}});
	} else if (list && list.filter !== '') {
		store.dispatchNow({type: 'list', list: list.name, event: {type: 'filter', text: ''}});
		session.refreshFeeds();
	} else if (list && list.scope !== null) {
		leaveScope(session, {name: list.name, scope: list.scope});
	} else if (store.state.view !== 'pods') {
		store.dispatchNow({type: 'view', view: 'pods'});
		session.refreshFeeds();
	} else {
		const key = session.keymap.get('global')?.get('app.quit')?.sequences[0];
		store.dispatchNow({
			type: 'notice',
			text: `this is the first view; ${key ? formatKeys(key) : ':quit'} quits`,
			isPassing: true,
			now: Date.now(),
		});
	}
}

async function quit(session: Session): Promise<void> {
	const open = describeOpenConnections(session.store.state.connections);
	if (open === null || (await session.ask(`Close ${open} and quit?`, [], {leaves: true}))) {
		session.quit(0);
	}
}

async function pickNamespace(session: Session): Promise<void> {
	const {cluster} = session.store.state;
	let names: readonly string[] = [
		...new Set([cluster.lastNamespace, session.cluster.access.facts.namespace, ...session.savedState.recentNamespaces(cluster.context)]),
	];
	const notes: string[] = [];
	await session.typeAhead.during({description: 'reading namespaces'}, async () => {
		try {
			names = await namespaceNames(session);
		} catch (error) {
			notes.push(
				toSpokeError(error).code === 'ERR_FORBIDDEN'
					? 'You have no permission to list namespaces. Type a name.'
					: `Could not read namespaces (${toSpokeError(error).message}). Type a name.`,
			);
		}
	});

	const chosen = await session.pick({
		title: 'Namespace',
		purpose: 'namespace',
		free: true,
		keys: 'open',
		notes,
		items: names.map(name => ({id: name, cells: [name, name === cluster.namespace ? 'current' : '']})),
		selected: cluster.namespace,
	});
	if (chosen !== null) {
		openTypedNamespace(session, chosen);
	}
}

async function pickContext(session: Session): Promise<void> {
	const {config} = await session.typeAhead.during({description: 'reading the kubeconfig'}, async () =>
		loadKubeconfig(session.flags.kubeconfig, session.env),
	);
	const shown = new Set(shownClusters(session.store.state).map(({context}) => context));
	const now = session.store.state.cluster.context;
	const items = [...config.contexts].map(([name, entry]) => {
		const cluster = config.clusters.get(entry.cluster);
		const server = cluster?.server ?? '';
		return {id: name, cells: [name, server.replace(/^https?:\/\//, ''), `${tlsByFile(cluster)}${shown.has(name) ? '   current' : ''}`]};
	});
	const chosen = await session.pick({
		title: 'Context',
		purpose: 'context',
		heads: ['CONTEXT', 'APISERVER', 'TLS BY KUBECONFIG'],
		items,
		keys: 'switch',
		selected: now,
		notes: ['Several at once: :ctx NAME,NAME'],
	});
	if (chosen !== null && (shown.size > 1 || chosen !== now)) {
		await session.switchContexts([chosen]);
	}
}

/** As configured, not as observed. */
function tlsByFile(cluster: ClusterEntry | undefined): string {
	if (cluster === undefined) {
		return 'cluster not in the kubeconfig';
	}

	if (cluster.server.startsWith('http://')) {
		return 'plain: http:// server';
	}

	return cluster.insecureSkipTlsVerify
		? 'unverified: check skipped'
		: `verified or refused${cluster.proxyUrl === '' ? '' : '; via proxy-url'}`;
}

/** Of several contexts, one that cannot be opened is shown with its error. @throws SpokeError when none can be opened and logged in to */
export async function switchContexts({session, clusters, feeds}: NavigationContext, contexts: readonly string[]): Promise<void> {
	const reached = await clusters.reach(contexts, async context => openContext(session, context));
	if (reached === null) {
		return;
	}

	const namespaceOf = (cluster: OpenCluster) => (contexts.length === 1 ? session.savedState.namespaceOf(cluster.access.facts) : undefined);
	const shown = statesOf(contexts, reached, cluster => clusterState(cluster.access, namespaceOf(cluster)));
	feeds.stop();
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
	feeds.stop();
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
