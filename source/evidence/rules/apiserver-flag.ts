/** The value of an apiserver flag for one connection. */
import type {Basis, Citation, FlagFacts, Observation, Observations, ProcessBinding} from '../evidence.ts';
import {isBound, type Claim, cite, settleClaims} from './claims.ts';
import {
	advertisedAddress,
	flagValue,
	areAllReplicasRead,
	flagsPerProcess,
	isAtOwnAddress,
	podAtOurAddress,
	isFromSameProcess,
} from './replicas.ts';

export type FlagResult =
	| {
			known: true;
			value: string;
			basis: Basis;
			citations: readonly Citation[];
			boundBy: ProcessBinding['boundBy'];
			/** What the flag says about a leg, as one claim per source. */
			claims: <State extends string>(state: State) => ReadonlyArray<Claim<State>>;
	  }
	| {known: false; differs: boolean; citations: readonly Citation[]};

/**
How well the value is known, at most inferred unless leg 1 is verified and ends at an apiserver:
- read on this connection, or from its process: proven
- read from all known replicas, and equal: proven; inferred if read after this connection was opened
- read from some replicas, or from mirror pods, and equal: inferred
- read, and different: unknown; inferred if nothing is between spoke and the apiserver that was read, and no other advertises its address

`rule` names the rule of the citations; by default it is the flag's name.
*/
export function resolveApiserverFlag(observations: Observations, name: string, rule: (value: string) => string = () => name): FlagResult {
	const own = observations.flags.find(
		observation => isFromSameProcess(observation, observations) && flagValue(observation, name) !== undefined,
	);
	const read = flagsPerProcess(observations).filter(observation => flagValue(observation, name) !== undefined);
	const differs = new Set(read.map(observation => flagValue(observation, name))).size > 1;
	const result = (
		used: ReadonlyArray<Observation<FlagFacts>>,
		as: Partial<Claim<string>>,
		boundBy: ProcessBinding['boundBy'],
	): FlagResult => {
		const claims = <State extends string>(state: State) =>
			used.map(observation => ({...as, state, citations: [citeFlag(observations, observation, name, rule)]}));
		const {basis, citations} = settleClaims(claims('value'));
		return {known: true, value: flagValue(used[0]!, name)!, basis, citations, boundBy, claims};
	};

	if (own && isBound(observations.scope)) {
		return result([own], {isOwnFlag: true}, 'same-connection');
	}

	const isShared = own !== undefined && read.some(other => other !== own && advertisedAddress(other) === advertisedAddress(own));
	const isAtOwn = own !== undefined && !isShared && isAtOwnAddress(own, observations);
	const near = isAtOwn ? own : isBound(observations.scope) ? podAtOurAddress(observations) : undefined;
	if (differs && near && read.includes(near)) {
		return result([near], {isIndirect: true}, 'none');
	}

	if (read.length === 0 || differs) {
		return {known: false, differs, citations: read.map(observation => citeFlag(observations, observation, name, rule))};
	}

	const isOfAllReplicas = areAllReplicasRead(observations, read);
	const isFromAnotherApiserver = isBound(observations.scope) && !isOfAllReplicas;
	return result(
		read,
		{isOfAllReplicas, isFromAnotherApiserver, isIndirect: isReadLater(observations)},
		isOfAllReplicas ? 'all-replicas-agree' : 'none',
	);
}

/** Whether flags were read, and the one that responds may have either value. */
export function apiserversDiffer(flag: FlagResult): boolean {
	return !flag.known && flag.differs;
}

/** On another connection than the one that is open: the flags may be of an apiserver that replaced the one at this connection's end. */
function isReadLater({scope, connection, socket}: Observations): boolean {
	return isBound(scope) && socket?.connection === connection;
}

export function citeFlag(
	observations: Observations,
	observation: Observation<FlagFacts>,
	name: string,
	rule: (value: string) => string,
): Citation {
	const value = flagValue(observation, name)!;
	return cite(observations, observation, rule(value), `${name}=${JSON.stringify(value)}`);
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
