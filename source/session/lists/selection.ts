/** The selected row. */
import {formatQuantity} from '../../text/format-number.ts';
import {selectedRow} from './list-state.ts';
import {listKinds, objectTitle, type ListName} from './list-kinds.ts';
import type {Row} from './table-rows.ts';
import {currentList, currentNamespace} from '../frame/session-state.ts';
import type {ClusterTarget, OpenCluster, Session} from '../frame/session.ts';

export function selectedTarget(session: Session): (ClusterTarget & {name: string}) | null {
	const list = currentList(session.store.state);
	const row = list && selectedRow(list);
	if (!list || !row || row.gone !== null) {
		session.tell(row ? `${row.name} is gone` : 'nothing is selected');
		return null;
	}

	const {cluster} = session;
	return {
		cluster,
		target: targetOf(list.name, row),
		namespace: row.namespace === '' ? cluster.access.facts.namespace : row.namespace,
		name: row.name,
	};
}

/** The object that a command names. */
export function typedTarget({store, cluster}: Session, target: string): ClusterTarget {
	return {cluster, namespace: currentNamespace(store.state.cluster), target};
}

export function markedTargets(session: Session, namespace: string): readonly string[] {
	const list = currentList(session.store.state);
	const rows = list?.visible.filter(({id, gone}) => gone === null && list.marked.has(id)) ?? [];
	const here = rows.filter(row => row.namespace === '' || row.namespace === namespace);
	if (here.length < rows.length) {
		session.tell(`skipped ${formatQuantity(rows.length - here.length, 'marked row')} in other namespaces`, 'warn');
	}

	return here.map(row => targetOf(list!.name, row));
}

/** Workload names already carry their kind. The target of an event is its object. */
export function targetOf(list: ListName, {name, cells}: Pick<Row, 'name' | 'cells'>): string {
	if (list === 'events') {
		return cells[listKinds.events.columns.findIndex(({title}) => title === objectTitle)] ?? '';
	}

	return {pods: 'pod/', workloads: '', services: 'svc/', nodes: 'node/'}[list] + name;
}

export function clusterOf(session: Session, id: string | undefined): OpenCluster {
	const entry = session.store.state.connections.find(one => one.id === id);
	return entry === undefined ? session.cluster : (session.clusters.get(entry.context) ?? session.cluster);
}
