/** The selected row. */
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {formatQuantity} from '../../base/text/formats.ts';
import {selectedRow} from './list-state.ts';
import {cellIn, objectTitle, type ListName} from './list-kinds.ts';
import type {Row} from './table-rows.ts';
import {currentList, currentNamespace, shownClusters} from '../frame/session-state.ts';
import type {ClusterTarget, OpenCluster, Session} from '../frame/session.ts';

export function selectedTarget(session: Session): (ClusterTarget & {name: string}) | null {
	const list = currentList(session.store.state);
	const row = list && selectedRow(list);
	if (!list || !row || row.gone !== null) {
		session.showMessage(row ? `${row.name} is gone` : 'nothing is selected');
		return null;
	}

	if (row.unread !== undefined) {
		session.showMessage(`${row.name} cannot be read: ${row.unread.message}`, 'warn');
		return null;
	}

	return {...placeOf(session, row), target: targetOf(list.name, row), name: row.name};
}

/** An action on the object of the selected row. */
export function onSelected(act: (session: Session, selected: ClusterTarget) => void | Promise<void>): (session: Session) => Promise<void> {
	return async session => {
		const selected = selectedTarget(session);
		if (selected) {
			await act(session, selected);
		}
	};
}

/** A row is of an open cluster: those of one that is not open have no objects. */
function placeOf(session: Session, {context, namespace}: Row): Pick<ClusterTarget, 'cluster' | 'namespace'> {
	const cluster = context === undefined ? session.cluster : session.clusters.get(context)!;
	return {cluster, namespace: namespace === '' ? cluster.access.facts.namespace : namespace};
}

/** The object that a command names. @throws SpokeError ERR_USAGE when several clusters are shown */
export function typedTarget(session: Session, target: string, namespace = currentNamespace(session.store.state.cluster)): ClusterTarget {
	return {cluster: onlyCluster(session), namespace, target};
}

/** The cluster of what names none. @throws SpokeError ERR_USAGE when several are shown */
export function onlyCluster({store: {state}, cluster}: Pick<Session, 'store' | 'cluster'>): OpenCluster {
	const clusters = shownClusters(state);
	if (clusters.length > 1) {
		throw new SpokeError('ERR_USAGE', `which of ${clusters.length} contexts is meant is unknown`, {
			remedy: 'use the key on a row, or show one context: :ctx NAME',
		});
	}

	return cluster;
}

/** The marked rows, or else the selected one. Asks before it leaves out rows of another place; `null` if nothing is chosen. */
export async function chosenTargets(session: Session): Promise<(Omit<ClusterTarget, 'target'> & {targets: readonly string[]}) | null> {
	const list = currentList(session.store.state);
	const marked = list?.visible.filter(({id, gone, unread}) => gone === null && unread === undefined && list.marked.has(id)) ?? [];
	if (!list || marked.length === 0) {
		const selected = selectedTarget(session);
		return selected && {cluster: selected.cluster, namespace: selected.namespace, targets: [selected.target]};
	}

	const first = marked.find(({id}) => id === selectedRow(list)?.id) ?? marked[0]!;
	const together = marked.filter(({context, namespace}) => context === first.context && namespace === first.namespace);
	const place = placeOf(session, first);
	return together.length === marked.length ||
		(await session.ask(`Follow only ${together.length} of ${formatQuantity(marked.length, 'marked row')}?`, [
			`One tail follows the rows of one namespace: ${place.namespace}, in ${place.cluster.context}.`,
		]))
		? {...place, targets: together.map(row => targetOf(list.name, row))}
		: null;
}

/** Workload names already carry their kind. The target of an event is its object. */
export function targetOf(list: ListName, row: Pick<Row, 'name' | 'cells'>): string {
	if (list === 'events') {
		return cellIn(list, row, objectTitle);
	}

	return {pods: 'pod/', workloads: '', services: 'svc/', nodes: 'node/'}[list] + row.name;
}

/** `pod/web`, or `pod/web on prod` if several clusters are shown. */
export function subjectOf({store}: Pick<Session, 'store'>, {cluster, target}: Pick<ClusterTarget, 'cluster' | 'target'>): string {
	return store.state.others.length === 0 ? target : `${target} on ${cluster.context}`;
}

export function clusterOf(session: Session, id: string | undefined): OpenCluster {
	const entry = session.store.state.connections.find(one => one.id === id);
	return entry === undefined ? session.cluster : (session.clusters.get(entry.context) ?? session.cluster);
}
