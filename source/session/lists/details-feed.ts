/** Details of the selected row. */
import {cellRole} from './cell-role.ts';
import {cellIn, objectTitle} from './list-kinds.ts';
import type {Row} from './table-rows.ts';
import type {TextLine} from '../frame/session-state.ts';
import {selectedRow} from './list-state.ts';
import {previewRows} from '../frame/layout.ts';
import {currentList} from '../frame/session-state.ts';
import {targetOf} from './selection.ts';
import {readDetails} from '../text/object-details.ts';
import type {ClusterTarget, OpenCluster} from '../frame/session.ts';
import type {Store} from '../frame/store.ts';

/** Time the cursor must rest before details are read. */
const restMs = 300;

export class DetailsFeed {
	readonly #store: Store;
	readonly #cluster: () => OpenCluster;
	#key = '';
	#timer: NodeJS.Timeout | null = null;

	constructor(store: Store, cluster: () => OpenCluster) {
		this.#store = store;
		this.#cluster = cluster;
	}

	follow(): void {
		const {state} = this.#store;
		const list = previewRows(state) > 0 ? currentList(state) : null;
		const row = list && selectedRow(list);
		const key =
			list && row && row.gone === null && row.unread === undefined
				? `${this.#cluster().context} ${list.name} ${row.id} ${row.cells.join(' ')}`
				: '';
		if (key === this.#key) {
			return;
		}

		this.#key = key;
		this.stop();
		const cluster = this.#cluster();
		if (list && row && key !== '') {
			this.#timer = setTimeout(() => {
				if (list.name === 'events') {
					this.#store.dispatch({type: 'selected-details', of: row.id, lines: eventLines(row)});
				} else {
					void this.#read({cluster, namespace: row.namespace, target: targetOf(list.name, row)}, row.id, key);
				}
			}, restMs);
		}
	}

	stop(): void {
		clearTimeout(this.#timer ?? undefined);
	}

	async #read({cluster: {access}, namespace, target}: ClusterTarget, of: string, key: string): Promise<void> {
		let lines;
		try {
			({lines} = await readDetails(access, target, namespace === '' ? access.facts.namespace : namespace));
		} catch (error) {
			lines = [{text: (error as Error).message, role: 'text.dim'}];
		}

		if (key === this.#key) {
			this.#store.dispatch({type: 'selected-details', of, lines});
		}
	}
}

function eventLines(row: Row): TextLine[] {
	const cell = (title: string) => cellIn('events', row, title);
	const count = Number(cell('COUNT'));
	const times = count > 1 ? `${count} times` : '';
	const role = cellRole('TYPE', cell('TYPE'));
	return [
		{label: 'Name', text: row.name},
		{
			label: 'Event',
			text: [cell('TYPE'), cell('REASON'), times].filter(part => part !== '').join(' · '),
			...(role !== undefined && {role}),
		},
		{label: 'Object', text: cell(objectTitle)},
		{label: 'Message', text: cell('MESSAGE')},
	];
}
