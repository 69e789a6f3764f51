/** The basis of a verdict, never stronger than its weakest part. */
import type {Basis, Citation, Observations, Observation} from '../evidence.ts';
import {isSoleApiserver} from './replicas.ts';
import {isVerifiedApiserver, isFromSameProcess} from './same-process.ts';

/**
The basis of an observation of one apiserver process for the connection in question: `proven` only if it was read on the same TCP
connection, or of the process that this connection is known to end at, and if the apiserver itself, verified, was at its end. Behind a
gateway two requests of one connection may end at two processes. Without a connection of the verdict's own, the examined process stands
for any connection only if it is the only known one.
*/
export function basisOf(observation: Pick<Observation<unknown>, 'connection' | 'process'>, observations: Observations): Basis {
	return isFromSameProcess(observation, observations) &&
		isVerifiedApiserver(observations) &&
		(observations.isBound || isSoleApiserver(observations))
		? 'proven'
		: 'inferred';
}

const order: readonly Basis[] = ['unknown', 'inferred', 'proven'];

/** The weakest of several, for a verdict that depends on all of them. */
export function weakestBasis(...bases: readonly Basis[]): Basis {
	return order[Math.min(...bases.map(basis => order.indexOf(basis)))] ?? 'unknown';
}

/** The observation as evidence of one rule. */
export function cite(observation: Observation<unknown>, rule: string, observed: string): Citation {
	const {source, where, process, time, active} = observation;
	return {rule, observed, observation: {source, where, process, time, active}};
}

/** Evidence from the request itself: the code of every apiserver allows nothing else. */
export function citeConstruction({time}: Observations, rule: string, observed: string): Citation {
	return {rule, observed, observation: {source: 'construction', where: 'the request itself', process: null, time, active: false}};
}
