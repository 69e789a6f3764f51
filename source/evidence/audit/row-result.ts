/** How do rows say what they found? */
import type {Basis, Citation, Need, ProbeResult} from '../evidence.ts';
import {needFlagz, needMetrics, needMirrorPods} from '../rules/needs.ts';
import {cite} from '../rules/basis.ts';
import type {RowResult, RowVerdict} from './audit-object.ts';
import type {AuditObservations} from './gather-observations.ts';

/** What a row comes to; `more` is what it stands on and what to do. */
export function rowResult(
	verdict: RowVerdict,
	state: string,
	basis: Basis,
	message: string,
	more: Partial<Omit<RowResult, 'verdict' | 'state' | 'basis' | 'message'>> = {},
): RowResult {
	return {
		verdict,
		state,
		basis,
		message,
		scope: {of: null, proven: 0},
		citations: [],
		exceptions: [],
		need: [],
		remedy: null,
		broken: false,
		...more,
	};
}

/** With what would tell: at least one. */
export function unknownRow(message: string, need: readonly Need[], more: Partial<RowResult> = {}): RowResult {
	return rowResult('unknown', 'unknown', 'unknown', message, {...more, need});
}

/** The reading of an outcome as a citation; nothing where it was closed. */
export function citeObserved<Facts>(result: ProbeResult<Facts>, rule: string, observed: (facts: Facts) => string): Citation[] {
	return result.observation ? [cite(result.observation, rule, observed(result.observation.facts))] : [];
}

/** Of these needs the ones that are not met yet: what was read and told nothing is no remedy. Where all were, only a host tells. */
export function unmetNeeds(
	needs: readonly Need[],
	{components, examined}: Pick<AuditObservations, 'components' | 'examined'>,
	onHost: Need,
): readonly Need[] {
	const isMet = (need: Need) =>
		(need === needMirrorPods && components.observation) ||
		(need === needFlagz && examined.own.flags) ||
		(need === needMetrics && examined.metrics.observation);
	const left = needs.filter(need => !isMet(need));
	return left.length > 0 ? left : [onHost];
}

/** What would open the closed ones. */
export function needsOf(...results: ReadonlyArray<ProbeResult<unknown>>): Need[] {
	return results.flatMap(({unavailable}) => (unavailable?.need ? [unavailable.need] : []));
}
