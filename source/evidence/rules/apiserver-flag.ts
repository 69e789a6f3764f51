/** What does the apiserver behind this connection have set, and how sure is that? */
import type {Basis, Citation, FlagFacts, Observations, Observation} from '../evidence.ts';
import {flagValue} from './flag-value.ts';
import {areAllReplicasRead, flagsAtOurAddress, flagsPerProcess, mirrorPodOfServer} from './replicas.ts';
import {isVerifiedApiserver, isFromSameProcess} from './same-process.ts';
import {cite} from './basis.ts';

export type FlagResult =
	| {known: true; value: string; basis: Basis; citations: readonly Citation[]; boundBy: 'same-connection' | 'all-replicas-agree' | 'none'}
	| {known: false; differs: boolean};

/**
The value of one flag. Read on this connection or of its process: proven. All replicas known, read, and of one mind: proven, unless they were read after this connection was opened.
Some read and of one mind: inferred. Read and not of one mind: not known, unless nothing stands between us and the one that was examined: then inferred.
*/
export function resolveApiserverFlag(observations: Observations, name: string, rule: (value: string) => string): FlagResult {
	const known = (
		flagObservations: ReadonlyArray<Observation<FlagFacts>>,
		basis: Basis,
		boundBy: 'same-connection' | 'all-replicas-agree' | 'none',
	): FlagResult => {
		const value = flagValue(flagObservations[0]!, name)!;
		return {
			known: true,
			value,
			basis: isVerifiedApiserver(observations) ? basis : 'inferred',
			citations: flagObservations.map(observation => citation(observation, name, value, rule)),
			boundBy,
		};
	};

	const own = observations.isBound
		? (observations.flags.find(observation => isFromSameProcess(observation, observations) && flagValue(observation, name) !== undefined) ??
			mirrorPodOfServer(observations))
		: undefined;
	if (own) {
		return known([own], 'proven', 'same-connection');
	}

	const flagObservations = flagsPerProcess(observations).filter(observation => flagValue(observation, name) !== undefined);
	const values = new Set(flagObservations.map(observation => flagValue(observation, name)!));
	if (values.size === 1) {
		return areAllReplicasRead(observations, flagObservations)
			? known(flagObservations, isReadLater(observations, flagObservations) ? 'inferred' : 'proven', 'all-replicas-agree')
			: known(flagObservations, 'inferred', 'none');
	}

	const near = values.size > 1 ? flagsAtOurAddress(observations) : undefined;
	return near && flagValue(near, name) !== undefined ? known([near], 'inferred', 'none') : {known: false, differs: values.size > 1};
}

/** This connection is open and did not say it: what others said since may be of an apiserver that took the place of the one that it ends at. */
function isReadLater({isBound, connection, socket}: Observations, flagObservations: ReadonlyArray<Observation<FlagFacts>>): boolean {
	return isBound && socket?.connection === connection && flagObservations.some(({source}) => source === 'flagz');
}

function citation(observation: Observation<FlagFacts>, name: string, value: string, rule: (value: string) => string): Citation {
	return cite(observation, rule(value), `${name}=${JSON.stringify(value)}`);
}
