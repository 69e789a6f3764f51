/** Applies what a watch reports to the rows of a list. */
import {idWithoutUid, type Row} from './table-rows.ts';

export type RowChange = {chunk: string; type: 'added' | 'modified' | 'deleted'; row: Row};

type ChangedList = {chunks: ReadonlyMap<string, readonly Row[]>; cursorId: string | null; moved: boolean};

/** The selected row stays for a while when it is deleted. */
export function applyChanges(list: ChangedList, changes: readonly RowChange[], now: number): ReadonlyMap<string, readonly Row[]> {
	const chunks = new Map(list.chunks);
	const own = new Map<string, Row[]>();
	for (const {chunk, type, row} of changes) {
		const rows = own.get(chunk) ?? [...(chunks.get(chunk) ?? [])];
		own.set(chunk, rows);
		const at = findByName(rows, row);
		const before = rows[at];
		const same = before?.name === row.name && before.namespace === row.namespace;
		if (type !== 'deleted') {
			// A row that was listed without its uid keeps its identity.
			const isSame = same && before.gone === null && (before.id === row.id || before.id === idWithoutUid(row));
			rows.splice(at, same ? 1 : 0, isSame ? {...row, id: before.id} : row);
		} else if (same) {
			rows.splice(at, 1, ...(before.id === list.cursorId && list.moved ? [{...before, gone: now}] : []));
		}
	}

	for (const [chunk, rows] of own) {
		chunks.set(chunk, rows);
	}

	return chunks;
}

function findByName(rows: readonly Row[], row: Row): number {
	let [low, high] = [0, rows.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		const at = rows[middle]!;
		if (at.namespace < row.namespace || (at.namespace === row.namespace && at.name < row.name)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}

	return low;
}
