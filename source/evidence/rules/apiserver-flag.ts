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
export function resolveApiserverFlag(grounds: Observations, name: string, rule: (value: string) => string): FlagResult {
	const known = (
		readings: ReadonlyArray<Observation<FlagFacts>>,
		basis: Basis,
		boundBy: 'same-connection' | 'all-replicas-agree' | 'none',
	): FlagResult => {
		const value = flagValue(readings[0]!, name)!;
		return {
			known: true,
			value,
			basis: isVerifiedApiserver(grounds) ? basis : 'inferred',
			citations: readings.map(reading => citation(reading, name, value, rule)),
			boundBy,
		};
	};

	const own = grounds.bound
		? (grounds.flags.find(reading => isFromSameProcess(reading, grounds) && flagValue(reading, name) !== undefined) ??
			mirrorPodOfServer(grounds))
		: undefined;
	if (own) {
		return known([own], 'proven', 'same-connection');
	}

	const readings = flagsPerProcess(grounds).filter(reading => flagValue(reading, name) !== undefined);
	const values = new Set(readings.map(reading => flagValue(reading, name)!));
	if (values.size === 1) {
		return areAllReplicasRead(grounds, readings)
			? known(readings, isReadLater(grounds, readings) ? 'inferred' : 'proven', 'all-replicas-agree')
			: known(readings, 'inferred', 'none');
	}

	const near = values.size > 1 ? flagsAtOurAddress(grounds) : undefined;
	return near && flagValue(near, name) !== undefined ? known([near], 'inferred', 'none') : {known: false, differs: values.size > 1};
}

/** This connection is open and did not say it: what others said since may be of an apiserver that took the place of the one that it ends at. */
function isReadLater({bound, connection, socket}: Observations, readings: ReadonlyArray<Observation<FlagFacts>>): boolean {
	return bound && socket?.connection === connection && readings.some(({source}) => source === 'flagz');
}

function citation(reading: Observation<FlagFacts>, name: string, value: string, rule: (value: string) => string): Citation {
	return cite(reading, rule(value), `${name}=${JSON.stringify(value)}`);
}
