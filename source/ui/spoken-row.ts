/** The spoken text of the selected row. */
import {listKinds} from '../state/list-kinds.ts';
import {selectedRow} from '../state/list-state.ts';
import {currentList} from '../state/session-state.ts';
import {cellNow} from '../state/table-rows.ts';
import {formatQuantity} from '../text/format-number.ts';
import type {RenderInput} from './render-input.ts';
import {legSentences} from './spoken-path.ts';

export function listSentences({state}: RenderInput): string[] {
	const list = currentList(state);
	if (!list) {
		return [];
	}

	const kind = listKinds[list.name];
	const head = `${kind.title}, ${list.visible.length} shown${list.filter === '' ? '' : `, filter ${list.filter}`}`;
	const row = selectedRow(list);
	if (row === null) {
		return [`${head}.${list.phase.kind === 'failed' ? ` ${list.phase.error.message}.` : ''}`];
	}

	const cells = kind.columns.flatMap((column, index) =>
		column.rank > 0 && column.title !== 'NODE' ? [] : [[column.title, cellNow(row, index, column, state.now)] as const],
	);
	const words = cells.map(([title, cell]) => cellWords(title, cell)).filter(word => word !== '');
	return [
		`${head}, ${list.cursorIndex + 1}: ${[row.name, ...words].join(', ')}.`,
		...(state.selectedPath?.of === row.id && state.selectedPath.path ? legSentences(state.selectedPath.path) : []),
	];
}

/** `2 of 2 ready`, `node n7`. */
function cellWords(title: string, cell: string): string {
	switch (title) {
		case 'READY': {
			return cell === '' ? '' : `${cell.replace('/', ' of ')} ready`;
		}

		case 'STATUS': {
			return /^[A-Z][a-z]+$/.test(cell) ? cell.toLowerCase() : cell;
		}

		case 'RESTARTS': {
			return cell === '' || cell === '0' ? '' : restartWords(cell);
		}

		default: {
			return cell === '' ? '' : `${title.toLowerCase()} ${cell}`;
		}
	}
}

/** `1 restart, 5m ago`. */
function restartWords(cell: string): string {
	const [, count, ago] = /^(\d+)(?: \((.+)\))?$/.exec(cell) ?? [];
	if (count === undefined) {
		return `restarts ${cell}`;
	}

	const times = formatQuantity(Number(count), 'restart');
	return ago === undefined ? times : `${times}, ${count === '1' ? ago : `the last ${ago}`}`;
}
