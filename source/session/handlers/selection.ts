/** What is under the cursor: of which list, and as which target. */
import {selectedRow, type ListState} from '../../state/list-state.ts';
import type {ListName} from '../../state/list-kinds.ts';
import {listHere} from '../../state/session-state.ts';
import type {OpenCluster, Session} from '../session.ts';

/** The list on the screen, or `null` where the view is none. */
export function currentList({store}: Session): ListState | null {
	return listHere(store.state);
}

/** As a target: `pod/x`, `deploy/x`, `svc/x`, `node/x`. */
export function selectedTarget(session: Session): {target: string; namespace: string; name: string} | null {
	const list = currentList(session);
	const row = list && selectedRow(list);
	if (!list || !row || row.gone !== null) {
		session.tell(row ? `${row.name} is gone` : 'nothing is under the cursor');
		return null;
	}

	return {
		target: targetOf(list.name, row.name),
		namespace: row.namespace === '' ? session.cluster.access.facts.namespace : row.namespace,
		name: row.name,
	};
}

/** The marked rows of the list on the screen, of one namespace: what can be done to several at once. */
export function markedTargets(session: Session, namespace: string): readonly string[] {
	const list = currentList(session);
	const rows = list?.visible.filter(({id, gone}) => gone === null && list.marked.has(id)) ?? [];
	const here = rows.filter(row => row.namespace === '' || row.namespace === namespace);
	if (here.length < rows.length) {
		session.tell(`${rows.length - here.length} marked in other namespaces are left out`, 'warn');
	}

	return here.map(({name}) => targetOf(list!.name, name));
}

/** A row's name as a target; workloads carry their kind already. */
export function targetOf(list: ListName, name: string): string {
	return {pods: 'pod/', workloads: '', services: 'svc/', nodes: 'node/'}[list] + name;
}

/** The cluster that a row of the dock belongs to, which need not be the one on the screen. */
export function clusterOf(session: Session, id: string | undefined): OpenCluster {
	const entry = session.store.state.dock.find(one => one.id === id);
	return entry === undefined ? session.cluster : (session.clusters.get(entry.context) ?? session.cluster);
}
