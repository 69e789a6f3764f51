/** The value of an apiserver flag for one connection. */
import type {Basis, Citation, FlagFacts, Observation, Observations} from '../evidence.ts';
import {cite} from './basis.ts';
import {flagValue} from './flag-value.ts';
import {areAllReplicasRead, flagsAtOurAddress, flagsPerProcess, mirrorPodOfServer} from './replicas.ts';
import {isFromSameProcess, isVerifiedApiserver} from './same-process.ts';

export type FlagResult =
	| {known: true; value: string; basis: Basis; citations: readonly Citation[]; boundBy: 'same-connection' | 'all-replicas-agree' | 'none'}
	| {known: false; differs: boolean};

/**
How well the value is known, at most inferred unless leg 1 is verified and ends at an apiserver:
- read on this connection, or from its process: proven; inferred if read from its pod before this connection was opened
- read from all known replicas, and equal: proven; inferred if read after this connection was opened
- read from some replicas, and equal: inferred
- read, and different: unknown; inferred if nothing is between spoke and the apiserver that was read

`rule` names the rule of the citations; by default it is the flag's name.
*/
export function resolveApiserverFlag(observations: Observations, name: string, rule: (value: string) => string = () => name): FlagResult {
	const resolved = (
		flagObservations: ReadonlyArray<Observation<FlagFacts>>,
		basis: Basis,
		boundBy: 'same-connection' | 'all-replicas-agree' | 'none',
	): FlagResult => {
		const value = flagValue(flagObservations[0]!, name)!;
		return {
			known: true,
			value,
			basis: isVerifiedApiserver(observations) ? basis : 'inferred',
			citations: flagObservations.map(observation => citeFlag(observation, name, rule)),
			boundBy,
		};
	};

	const own = observations.isBound
		? (observations.flags.find(observation => isFromSameProcess(observation, observations) && flagValue(observation, name) !== undefined) ??
			mirrorPodOfServer(observations))
		: undefined;
	if (own) {
		return resolved([own], isFromEarlierRead(observations, own) ? 'inferred' : 'proven', 'same-connection');
	}

	const flagObservations = flagsPerProcess(observations).filter(observation => flagValue(observation, name) !== undefined);
	const values = new Set(flagObservations.map(observation => flagValue(observation, name)!));
	if (values.size === 1) {
		return areAllReplicasRead(observations, flagObservations)
			? resolved(flagObservations, isReadLater(observations, flagObservations) ? 'inferred' : 'proven', 'all-replicas-agree')
			: resolved(flagObservations, 'inferred', 'none');
	}

	const near = values.size > 1 ? flagsAtOurAddress(observations) : undefined;
	return near && flagValue(near, name) !== undefined ? resolved([near], 'inferred', 'none') : {known: false, differs: values.size > 1};
}

/** A mirror pod that was read before this connection opened, or without one: the pod may have restarted with other flags since. */
function isFromEarlierRead({socket}: Observations, {source, time}: Observation<FlagFacts>): boolean {
	return source === 'mirror-pod' && (socket === null || Date.parse(time) < Date.parse(socket.facts.connectedAt));
}

/** Read later, on another connection: the flags may be of an apiserver that replaced the one at this connection's end. */
function isReadLater({isBound, connection, socket}: Observations, flagObservations: ReadonlyArray<Observation<FlagFacts>>): boolean {
	return isBound && socket?.connection === connection && flagObservations.some(({source}) => source === 'flagz');
}

export function citeFlag(observation: Observation<FlagFacts>, name: string, rule: (value: string) => string): Citation {
	const value = flagValue(observation, name)!;
	return cite(observation, rule(value), `${name}=${JSON.stringify(value)}`);
}

/**
A family that may be disabled means nothing when absent. Flags name the disabled families; if they were not read, the metrics count them.
@see staging/src/k8s.io/component-base/metrics/registry.go (disabled_metrics_total)
*/
export function mayBeDisabled(observations: Observations, family: RegExp): boolean {
	const flag = resolveApiserverFlag(observations, 'disabled-metrics');
	const isSome = observations.metrics.some(({facts}) => (facts.familiesLeftOut ?? 0) > 0);
	// The families of another apiserver say nothing about this one.
	return flag.known && flag.basis === 'proven' ? family.test(flag.value) : isSome || (flag.known && family.test(flag.value));
}
