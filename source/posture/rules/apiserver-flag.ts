/** What does the apiserver behind this connection have set, and how sure is that? */
import type {Basis, Citation, FlagFacts, Grounds, Reading} from '../evidence.ts';
import {valueOf} from './flag-value.ts';
import {allRead, atOurAddress, everyProcess, podAtTheOtherEnd} from './replicas.ts';
import {frontIsSure, isSameProcess} from './same-process.ts';
import {cite} from './strength.ts';

export type FlagVerdict =
	| {known: true; value: string; basis: Basis; citations: readonly Citation[]; boundBy: 'same-connection' | 'all-replicas-agree' | 'none'}
	| {known: false; differs: boolean};

/**
The value of one flag. Read on this connection or of its process: proven. All replicas known, read, and of one mind: proven, unless they were read after this connection was opened.
Some read and of one mind: inferred. Read and not of one mind: not known, unless nothing stands between us and the one that was examined: then inferred.
*/
export function apiserverFlag(grounds: Grounds, name: string, rule: (value: string) => string): FlagVerdict {
	const known = (readings: ReadonlyArray<Reading<FlagFacts>>, basis: Basis, boundBy: 'same-connection' | 'all-replicas-agree' | 'none'): FlagVerdict => {
		const value = valueOf(readings[0]!, name)!;
		return {known: true, value, basis: frontIsSure(grounds) ? basis : 'inferred', citations: readings.map(reading => citation(reading, name, value, rule)), boundBy};
	};

	const own = grounds.bound
		? grounds.flags.find(reading => isSameProcess(reading, grounds) && valueOf(reading, name) !== undefined) ?? podAtTheOtherEnd(grounds)
		: undefined;
	if (own) {
		return known([own], 'proven', 'same-connection');
	}

	const readings = everyProcess(grounds).filter(reading => valueOf(reading, name) !== undefined);
	const values = new Set(readings.map(reading => valueOf(reading, name)!));
	if (values.size === 1) {
		return allRead(grounds, readings)
			? known(readings, isReadLater(grounds, readings) ? 'inferred' : 'proven', 'all-replicas-agree')
			: known(readings, 'inferred', 'none');
	}

	const near = values.size > 1 ? atOurAddress(grounds) : undefined;
	return near && valueOf(near, name) !== undefined ? known([near], 'inferred', 'none') : {known: false, differs: values.size > 1};
}

/** This connection is open and did not say it: what others said since may be of an apiserver that took the place of the one that it ends at. */
function isReadLater({bound, connection, socket}: Grounds, readings: ReadonlyArray<Reading<FlagFacts>>): boolean {
	return bound && socket?.connection === connection && readings.some(({source}) => source === 'flagz');
}

function citation(reading: Reading<FlagFacts>, name: string, value: string, rule: (value: string) => string): Citation {
	return cite(reading, rule(value), `${name}=${JSON.stringify(value)}`);
}
