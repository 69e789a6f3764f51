/** The basis of a verdict. */
import type {Basis, Citation, Need, Observation, Observations, RuleVerdict} from '../evidence.ts';
import {isSoleApiserver} from './replicas.ts';
import {isVerifiedApiserver, isFromSameProcess} from './same-process.ts';

/**
`proven` only if the observation was read on the same TCP connection, or of the process where that connection is known to end, and if the
apiserver itself, verified, is at its end. Behind a gateway, two requests of one connection can end at two processes. If the verdict has no
connection of its own, the examined process counts for any connection only if it is the only known one.
*/
export function basisOf(observation: Pick<Observation<unknown>, 'connection' | 'process'>, observations: Observations): Basis {
	return isFromSameProcess(observation, observations) &&
		isVerifiedApiserver(observations) &&
		(observations.isBound || isSoleApiserver(observations))
		? 'proven'
		: 'inferred';
}

const order: readonly Basis[] = ['unknown', 'inferred', 'proven'];

export function weakestBasis(...bases: readonly Basis[]): Basis {
	return order[Math.min(...bases.map(basis => order.indexOf(basis)))] ?? 'unknown';
}

/** Without needs, unless `more` names some. */
export function verdictOf<State extends string>(
	state: State,
	basis: Basis,
	citations: readonly Citation[],
	more: {need?: readonly Need[]; why?: string} = {},
): RuleVerdict<State> {
	return {state, basis, citations, need: [], ...more};
}

export function unknownVerdict(need: readonly Need[], why: string | null, citations: readonly Citation[] = []): RuleVerdict<'unknown'> {
	return verdictOf('unknown', 'unknown', citations, {need, ...(why !== null && {why})});
}

export function cite(observation: Observation<unknown>, rule: string, observed: string): Citation {
	const {source, where, process, time, active} = observation;
	return {source, rule, observed, where, process, time, active};
}

/** Evidence from the request itself: the code of every apiserver allows nothing else. */
export function citeConstruction({time}: Observations, rule: string, observed: string): Citation {
	return {source: 'construction', rule, observed, where: 'the request itself', process: null, time, active: false};
}
