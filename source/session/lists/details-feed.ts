/** Details of the selected row. */
import {selectedRow} from './list-state.ts';
import {previewRows} from '../frame/layout.ts';
import {currentList} from '../frame/session-state.ts';
import {targetOf} from './selection.ts';
import {readDetails} from '../text/object-details.ts';
import type {OpenCluster} from '../frame/session.ts';
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
		const key = list && row && row.gone === null ? `${this.#cluster().context} ${list.name} ${row.id} ${row.cells.join(' ')}` : '';
		if (key === this.#key) {
			return;
		}

		this.#key = key;
		this.stop();
		if (list && row && key !== '') {
			this.#timer = setTimeout(() => {
				void this.#read(key, row.id, targetOf(list.name, row.name), row.namespace);
			}, restMs);
		}
	}

	stop(): void {
		clearTimeout(this.#timer ?? undefined);
	}

	async #read(key: string, of: string, target: string, namespace: string): Promise<void> {
		const {access} = this.#cluster();
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
