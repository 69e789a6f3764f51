/** The roles of list cells that stand out. */
import {servicePodsTitle} from './list-kinds.ts';
import type {Role} from '../kit/theme.ts';
import type {Row} from './table-rows.ts';

export function cellRole(title: string, cell: string, {ended}: Pick<Row, 'ended'> = {}): Role | undefined {
	if (title === 'STATUS') {
		return statusRole(cell);
	}

	const ready = title === 'READY' || title === servicePodsTitle ? /^(\d+)\/(\d+)$/.exec(cell) : null;
	if (ready && ready[1] !== ready[2]) {
		// No container of a completed pod is ready.
		return ended === 'Succeeded' ? 'text.dim' : 'state.working';
	}

	if (title === 'TYPE' && cell === 'Warning') {
		return 'level.warn';
	}

	return title === 'RESTARTS' && cell !== '0' && !cell.startsWith('0 ') ? 'level.warn' : undefined;
}

export function statusRole(status: string): Role | undefined {
	if (/^(?:Running|Ready|Active|Complete|\d+)$/.test(status)) {
		return undefined;
	}

	if (/^(?:Completed|Succeeded)$/.test(status)) {
		return 'text.dim';
	}

	return /BackOff|Err|Failed|NotReady|Evicted|OOM|Invalid|Unknown|Lost/.test(status) ? 'state.failed' : 'state.working';
}
