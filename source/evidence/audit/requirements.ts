/** The audit's `--require`. */
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {hasBasis, type MinBasis} from '../require-path.ts';
import {rowIds, type Audit, type AuditRow, type RequiredRow, type RowId, type Waivers} from './audit-object.ts';

export type Requirement = {asked: string; rows: readonly RowId[]; accepts(row: AuditRow): boolean};

const words: ReadonlyMap<string, readonly RowId[]> = new Map<string, readonly RowId[]>([
	['verified', ['C4']],
	['tunnelled', ['C10']],
	['protected', ['C11']],
]);

/** @throws SpokeError ERR_USAGE for an unknown requirement */
export function parseRequirement(input: string): Requirement {
	const [, id] = /^([NC]\d+)=pass$/.exec(input) ?? [];
	const rows = words.get(input) ?? (rowIds.includes(id as RowId) ? [id as RowId] : undefined);
	if (!rows) {
		throw new SpokeError(
			'ERR_USAGE',
			`unknown requirement ${JSON.stringify(input)}: it must be verified, tunnelled, protected or ROW=pass (${rowIds.join(' ')})`,
		);
	}

	// A tunnel counts even if its agents are not ready or it is of another kind, but every apiserver must have one.
	return {
		asked: input,
		rows,
		accepts: ({verdict, state}) => verdict === 'pass' || (verdict === 'warn' && input === 'tunnelled' && state !== 'mixed'),
	};
}

/**
Parses `ROW=REASON` of `--accept`.
@throws SpokeError ERR_USAGE for an unknown row, an empty reason, or a duplicate row
*/
export function parseWaivers(given: readonly string[]): Waivers {
	const waivers = new Map<RowId, string>();
	for (const text of given) {
		const at = text.indexOf('=');
		const [id, reason] = [text.slice(0, Math.max(at, 0)) as RowId, text.slice(at + 1).trim()];
		if (!rowIds.includes(id) || reason === '') {
			throw new SpokeError(
				'ERR_USAGE',
				`invalid --accept ${JSON.stringify(text)}: must be ROW=REASON, with a row of ${rowIds.join(' ')} and a reason`,
			);
		}

		if (waivers.has(id)) {
			throw new SpokeError('ERR_USAGE', `--accept ROW=REASON is given twice for ${id}`);
		}

		waivers.set(id, reason);
	}

	return waivers;
}

type RequirementsResult = Pick<Audit['require'], 'result' | 'rows' | 'results'> & Pick<Audit, 'exitStatus'>;

/** A failing row is not met, even if others are unknown. A weaker basis than required is undecided. An accepted row fails nothing. */
export function checkRequirements(rows: readonly AuditRow[], require: readonly Requirement[], minBasis: MinBasis): RequirementsResult {
	if (require.length === 0) {
		return {result: null, rows: [], results: [], exitStatus: exitStatus.ok};
	}

	const results = require.flatMap(one =>
		one.rows.map(id =>
			evaluate(
				rows.find(row => row.id === id)!,
				one,
				minBasis,
			),
		),
	);
	const result = (['not-met', 'undecided'] as const).find(one => results.some(row => row.result === one)) ?? 'met';
	const deciding = result === 'met' ? results : results.filter(row => row.result === result);
	const statuses = {met: exitStatus.ok, 'not-met': exitStatus.requireNotMet, undecided: exitStatus.requireUndecided};
	return {result, rows: deciding.map(({row}) => row), results, exitStatus: statuses[result]};
}

function evaluate(row: AuditRow, require: Requirement, minBasis: MinBasis): RequiredRow {
	const isDecided = row.verdict !== 'unknown' && hasBasis(row.basis, minBasis);
	const result = isDecided ? (require.accepts(row) ? 'met' : 'not-met') : 'undecided';
	return {row: row.id, result: result !== 'met' && row.accepted !== null ? 'accepted' : result};
}
