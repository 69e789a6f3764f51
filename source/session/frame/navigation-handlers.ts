/** Handlers of back, panes, namespaces, contexts and quit. */
import {formatKeys} from '../../keymap/keymap.ts';
import {describeOpenConnections, isRunning} from './connection-list.ts';
import {currentList, keyContext, shownClusters} from './session-state.ts';
import {goTo, searchTail} from '../tail/tail-view.ts';
import type {ClusterEntry} from '../../cluster/kubeconfig/kubeconfig-shape.ts';
import {loadKubeconfig} from '../../cluster/kubeconfig/load-kubeconfig.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import {closeTail, setView} from '../tail/open-tail.ts';
import {formatQuantity} from '../../text/formats.ts';
import {applyFilter} from '../tail/tail-search.ts';
import type {TailRun} from '../tail/tail-run.ts';
import {namespaceNames} from '../dialogs/completion-names.ts';
import type {Handlers, Session} from './session.ts';
import {leaveScope} from '../lists/open-row.ts';
import {openTypedNamespace} from '../clusters/navigation.ts';

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
		store.dispatchNow({type: 'connection-cursor', by: 1});
	},
	'connections/move.up'({store}) {
		store.dispatchNow({type: 'connection-cursor', by: -1});
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

function switchPane({store}: Session): void {
	store.dispatchNow({type: 'pane'});
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
	const stays = session.store.state.connections.filter(entry => isRunning(entry)).length;
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
		notes: [
			'Several at once: :ctx NAME,NAME',
			...(stays === 0 ? [] : [`${formatQuantity(stays, 'connection')} will stay open and listed.`]),
		],
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
