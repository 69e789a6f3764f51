/** `--require`: is the cluster as it must be, is it not, or can the evidence at hand not say? */
import {SpokeError} from '../../errors/spoke-error.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {rowIds, type AuditRow, type RequireResult, type RowId} from './audit-object.ts';

export type Require = {asked: string; rows: readonly RowId[]; accepts(row: AuditRow): boolean};

const words: ReadonlyMap<string, readonly RowId[]> = new Map<string, readonly RowId[]>([
	/** Kubelets are verified. */
	['verified', ['C4']],
	/** Node traffic goes through a tunnel. */
	['tunnelled', ['C10']],
	/** Nothing of the second leg may be read or changed on an untrusted network. */
	['protected', ['C11']],
]);

/** @throws SpokeError ERR_USAGE for a word that is none */
export function parseRequire(asked: string): Require {
	const [, id] = /^([NC]\d+)=pass$/.exec(asked) ?? [];
	const rows = words.get(asked) ?? (rowIds.includes(id as RowId) ? [id as RowId] : undefined);
	if (!rows) {
		throw new SpokeError('ERR_USAGE', `unknown requirement ${JSON.stringify(asked)}: it must be verified, tunnelled, protected or ROW=pass (${rowIds.join(' ')})`);
	}

	// Agents that are not ready, or a tunnel of another make, are a tunnel still; apiservers of which one has none are not.
	return {asked, rows, accepts: ({verdict, state}) => verdict === 'pass' || (verdict === 'warn' && asked === 'tunnelled' && state !== 'mixed')};
}

/** A row that fails is not met, whatever else is unknown; a row that is known less surely than asked is undecided. */
export function checkRequire(
	rows: readonly AuditRow[],
	require: readonly Require[],
	minBasis: 'proven' | 'inferred',
): {result: RequireResult | null; rows: readonly RowId[]; exitStatus: number} {
	if (require.length === 0) {
		return {result: null, rows: [], exitStatus: exitStatus.ok};
	}

	const judged = require.flatMap(one => one.rows.map(id => judge(rows.find(row => row.id === id)!, one, minBasis)));
	const rowsOf = (wanted: RequireResult) => judged.filter(({result}) => result === wanted).map(({id}) => id);
	const [wrong, open] = [rowsOf('not-met'), rowsOf('undecided')];
	if (wrong.length > 0) {
		return {result: 'not-met', rows: wrong, exitStatus: exitStatus.requireNotMet};
	}

	return open.length > 0
		? {result: 'undecided', rows: open, exitStatus: exitStatus.requireUndecided}
		: {result: 'met', rows: judged.map(({id}) => id), exitStatus: exitStatus.ok};
}

function judge(row: AuditRow, require: Require, minBasis: 'proven' | 'inferred'): {id: RowId; result: RequireResult} {
	if (row.verdict === 'unknown') {
		return {id: row.id, result: 'undecided'};
	}

	const isSure = row.basis === 'proven' || (minBasis === 'inferred' && row.basis === 'inferred');
	if (!isSure) {
		return {id: row.id, result: 'undecided'};
	}

	return {id: row.id, result: require.accepts(row) ? 'met' : 'not-met'};
}
