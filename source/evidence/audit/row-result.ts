/** Results of audit rows, and their scope across apiservers. */
import type {Basis, Citation, Need, Observations, ProbeResult} from '../evidence.ts';
import {needActive, needApiserverItself, needFlagz, needLeases, needMetrics, needMirrorPods, needsOfEach} from '../rules/needs.ts';
import {cite} from '../rules/claims.ts';
import {areAllReplicasRead, flagsPerProcess, isSoleApiserver, knownReplicaCount, leasesOf} from '../rules/replicas.ts';
import {describeDistribution} from '../rules/distributions.ts';
import type {JudgedRows, RowId, RowResult, RowVerdict} from './audit-object.ts';
import type {AuditObservations} from './gather-observations.ts';

type More = Partial<Omit<RowResult, 'verdict' | 'message'>>;

/** The results that one row can have. What they share is in `base`; a basis that is not named is `inferred`. */
export function resultsOf(base: More = {}) {
	const result = (verdict: RowVerdict, state: string, message: string, more: More = {}): RowResult => ({
		verdict,
		state,
		basis: 'inferred',
		message,
		leg: null,
		scope: {of: null, proven: 0},
		citations: [],
		exceptions: [],
		need: [],
		remedy: null,
		broken: false,
		...base,
		...more,
	});
	return {
		result,
		pass: (state: string, message: string, more?: More) => result('pass', state, message, more),
		warn: (state: string, message: string, more?: More) => result('warn', state, message, more),
		fail: (state: string, message: string, more?: More) => result('fail', state, message, more),
		/** `need` has at least one entry. */
		unknown: (message: string, need: readonly Need[], more: More = {}) =>
			result('unknown', 'unknown', message, {basis: 'unknown', ...more, need}),
	};
}

/** For a row that sums up others. */
export function sumUp(ids: readonly RowId[], judged: JudgedRows) {
	const rows = ids.map(id => ({id, ...judged.get(id)!}));
	const by = (verdict: RowVerdict) => {
		const some = rows.filter(row => row.verdict === verdict);
		return {rows: some, ids: some.map(({id}) => id).join(', '), need: needsOfEach(...some.map(({need}) => need))};
	};

	const failed = by('fail');
	const failedBasis: Basis = failed.rows.some(({basis}) => basis === 'proven') ? 'proven' : 'inferred';
	return {rows, failed, failedBasis, open: by('unknown'), warned: by('warn')};
}

export function citeObserved<Facts>(
	audit: Pick<AuditObservations, 'observations'>,
	{observation}: ProbeResult<Facts>,
	rule: string,
	observed: (facts: Facts) => string,
): Citation[] {
	return observation ? [cite(audit.observations('exec'), observation, rule, observed(observation.facts))] : [];
}

/** Drops needs whose sources were read without settling the question. If all were read, only the need for the host remains. */
export function unmetNeeds(needs: readonly Need[], {examined}: Pick<AuditObservations, 'examined'>, onHost: Need): readonly Need[] {
	const isMet = (need: Need) =>
		(need === needMirrorPods && examined.shared.components) ||
		(need === needFlagz && examined.own.flags) ||
		(need === needMetrics && examined.metrics.observation);
	const left = needs.filter(need => !isMet(need));
	return left.length > 0 ? left : [onHost];
}

export function needsOf(...results: ReadonlyArray<ProbeResult<unknown>>): Need[] {
	return results.flatMap(({unavailable}) => (unavailable?.need ? [unavailable.need] : []));
}

/** How such clusters usually are, as a sentence to append to an unknown row; empty for an unrecognized cluster. */
export function usually({distribution}: Pick<AuditObservations, 'distribution'>, what: 'route' | 'kubelets'): string {
	return distribution ? `. ${describeDistribution(distribution, distribution.distribution[what])}` : '';
}

type ReplicaScope = {basis: Basis; scope: {of: number | null; proven: number}; need: readonly Need[]};

/** A good state is proven only if all known apiservers were read; a bad state on one fails the row. */
export function scopeAcrossReplicas(
	observations: Observations,
	read: readonly Observations[],
	proven: readonly Observations[],
): ReplicaScope {
	const known = knownReplicaCount(observations);
	const met = flagsPerProcess(observations);
	// Without flags, only the connection identifies a process, so it must lead to the only address there is.
	const areAllRead =
		met.length > 0 ? areAllReplicasRead(observations, met) && countProcesses(read) >= met.length : isSoleApiserver(observations);
	return {
		basis: areAllRead ? 'proven' : 'inferred',
		scope: scopeOf(known, countProcesses(proven), areAllRead),
		need: areAllRead ? [] : [needOfAll(observations, known, met.length > 0)],
	};
}

export function needOfAll(observations: Observations, known: number | null, isRead: boolean): Need {
	if (known === null || leasesOf(observations) === null) {
		return needLeases;
	}

	return isRead ? (known === 1 ? needApiserverItself : needActive) : needFlagz;
}

/** `of` is `null` if all known are proven but there may be more. */
export function scopeOf(known: number | null, proven: number, areAllRead: boolean): ReplicaScope['scope'] {
	return {of: !areAllRead && known !== null && proven >= known ? null : known, proven};
}

function countProcesses(all: readonly Observations[]): number {
	return new Set(all.map(({process, connection}) => process?.facts.id ?? connection)).size;
}
