/** Compact rows from the apiserver's tables, and what a watch changes of them. */
import type {TableColumn, TableRow} from '../../cluster/list.ts';
import type {ErrorObject} from '../../base/errors/spoke-error.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {formatAge} from '../../base/text/formats.ts';
import type {ListColumn} from './list-kinds.ts';

export type Row = {
	/** The uid if known, else namespace and name. */
	id: string;
	/** Of several clusters, the one that the row is of. */
	context?: string;
	/** A row without an object: why the rows of its cluster cannot be read. */
	unread?: ErrorObject;
	namespace: string;
	name: string;
	/** Sanitized, in the order of the columns. */
	cells: readonly string[];
	/** Milliseconds since 1970. */
	created: number | null;
	/** Set while a deleted row is still shown because it is selected. */
	gone: number | null;
	/** `Succeeded` or `Failed`, of a terminated pod. */
	ended?: string;
	/** Whether its cells show a problem. */
	problem?: true;
	/** The problem is one until then: a restart. */
	problemUntil?: number;
	/** Set if a cell contains an age: `8 (63s ago)`. */
	readAt?: number;
};

/** `now`: when this row arrived, if later than its table. */
export type RowReader = (row: TableRow, namespace: string, now?: number) => Row;

/** Equal cells share one string, because statuses and node names repeat in thousands of rows. */
const shared = new Map<string, string>();
const mostShared = 50_000;

export type RowChange = {chunk: string; type: 'added' | 'modified' | 'deleted'; row: Row};

type ChangedList = {chunks: ReadonlyMap<string, readonly Row[]>; cursorId: string | null; moved: boolean};

/** `now`: when the table was read. */
export function rowReader(columns: readonly ListColumn[], prefix: string, given: readonly TableColumn[], now: number): RowReader {
	const at = (name: string) => given.findIndex(column => column.name === name);
	const columnIndexes = columns.map(column => column.from.map(name => at(name)).find(index => index >= 0) ?? -1);
	const wholes = columns.map(({whole}) => (whole === undefined ? -1 : at(whole)));
	const others = columns.map(({otherwise}) => otherwise?.from.map(from => at(from)) ?? []);
	const [name, age] = [Math.max(0, at('Name')), at('Age')];
	return (row, namespace, readAt = now) => {
		const metadata = row.object?.metadata;
		const own = metadata?.namespace ?? namespace;
		const cells = columnIndexes.map((column, index) =>
			column < 0
				? otherCell(row, columns[index]!, others[index]!)
				: share(`${text(row.cells[column])}${wholes[index]! < 0 ? '' : `/${text(row.cells[wholes[index]!])}`}`),
		);
		const ended = row.conditions?.find(({type, status}) => type === 'Completed' && status === 'True')?.reason;
		const called = prefix + text(row.cells[name] ?? metadata?.name);
		return {
			id: metadata?.uid ?? idWithoutUid({namespace: own, name: called}),
			namespace: share(own),
			name: called,
			cells,
			created:
				metadata?.creationTimestamp === undefined
					? createdFromAge(age < 0 ? undefined : row.cells[age], readAt)
					: Date.parse(metadata.creationTimestamp),
			gone: null,
			...(ended !== undefined && {ended: share(ended)}),
			...(cells.some((cell, index) => cell.endsWith(' ago)') || (columns[index]!.ages === true && cell !== '')) && {readAt}),
		};
	};
}

function idWithoutUid({context, namespace, name}: Pick<Row, 'context' | 'namespace' | 'name'>): string {
	return idInContext(`${namespace}/${name}`, context);
}

/** Apiservers with one etcd give an object the same uid. */
export function idInContext(id: string, context: string | undefined): string {
	return context === undefined ? id : `${context}\n${id}`;
}

function otherCell(row: TableRow, {otherwise}: ListColumn, columnIndexes: readonly number[]): string {
	return otherwise === undefined || columnIndexes.some(column => column < 0)
		? ''
		: share(otherwise.words(...columnIndexes.map(column => text(row.cells[column]))));
}

function text(cell: unknown): string {
	const plain = cell === null || cell === undefined ? '' : typeof cell === 'string' ? cell : JSON.stringify(cell);
	return sanitizeLine(plain);
}

function share(text: string): string {
	const found = shared.get(text);
	if (found !== undefined) {
		return found;
	}

	if (shared.size < mostShared) {
		shared.set(text, text);
	}

	return text;
}

const ago = / \((\w+) ago\)$/;

export function cellNow(row: Row, index: number, {ages}: Pick<ListColumn, 'ages'>, now: number): string {
	const {cells, readAt} = row;
	const cell = cells[index] ?? '';
	if (ages === true) {
		const since = momentOf(row, index);
		return since === null ? cell : formatAge(now - since);
	}

	const ms = readAt === undefined ? null : ageMs(ago.exec(cell)?.[1]);
	return ms === null ? cell : cell.replace(ago, () => ` (${formatAge(ms + now - readAt!)} ago)`);
}

/** The time of the event whose age a cell contains. */
export function momentOf({cells, readAt}: Row, index: number): number | null {
	return readAt === undefined ? null : createdFromAge(cells[index], readAt);
}

/** When a container of the pod restarted last: `8 (63s ago)`. */
export function restartedAt({readAt}: Pick<Row, 'readAt'>, restarts: string): number | null {
	const ms = readAt === undefined ? null : ageMs(ago.exec(restarts)?.[1]);
	return ms === null ? null : readAt! - ms;
}

const unitMs: Readonly<Record<string, number>> = {s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, y: 31_536_000_000};

/** As exact as the apiserver's rounding of `3d4h`. */
function createdFromAge(age: unknown, now: number): number | null {
	const ms = ageMs(age);
	return ms === null ? null : now - ms;
}

function ageMs(age: unknown): number | null {
	if (typeof age !== 'string' || !/^(?:\d+[smhdy])+$/.test(age)) {
		return null;
	}

	let ms = 0;
	for (const [, count, unit] of age.matchAll(/(\d+)([smhdy])/g)) {
		ms += Number(count) * unitMs[unit!]!;
	}

	return ms;
}

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
