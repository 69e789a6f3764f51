/** How sure may a verdict be that stands on this reading? Never surer than its weakest part. */
import type {Basis, Citation, Observations, Observation} from '../evidence.ts';
import {isSoleApiserver} from './replicas.ts';
import {isVerifiedApiserver, isFromSameProcess} from './same-process.ts';

/**
What a reading about one apiserver process is worth for the connection in question: `proven` only when it was read on the same
TCP connection, or about the process that this connection is known to end at, and when the apiserver itself, verified, was at the
other end. Behind a gateway two requests of one connection may end at two processes. Where no connection of the verdict's own exists,
the examined process is any connection's only when it is the only one that is known.
*/
export function basisOf(observation: Pick<Observation<unknown>, 'connection' | 'process'>, observations: Observations): Basis {
	return isFromSameProcess(observation, observations) &&
		isVerifiedApiserver(observations) &&
		(observations.isBound || isSoleApiserver(observations))
		? 'proven'
		: 'inferred';
}

const order: readonly Basis[] = ['unknown', 'inferred', 'proven'];

/** Of several the one that says least: what stands on all of them is as sure as that. */
export function weakestBasis(...bases: readonly Basis[]): Basis {
	return order[Math.min(...bases.map(basis => order.indexOf(basis)))] ?? 'unknown';
}

/** A reading as a piece of evidence, in the words of the rule that used it. */
export function cite(observation: Observation<unknown>, rule: string, observed: string): Citation {
	const {source, where, process, time, active} = observation;
	return {rule, observed, observation: {source, where, process, time, active}};
}

/** Evidence that is the request itself: the code of every apiserver leaves no other way. */
export function citeConstruction({time}: Observations, rule: string, observed: string): Citation {
	return {rule, observed, observation: {source: 'construction', where: 'the request itself', process: null, time, active: false}};
}
