/** May a row speak for every apiserver of the cluster? */
import type {Basis, Grounds, Need} from '../evidence.ts';
import {needActive, needFlagz, needLeases} from '../rules/needs.ts';
import {allRead, everyProcess, knownReplicas} from '../rules/replicas.ts';

export type AcrossReplicas = {basis: Basis; scope: {of: number | null; proven: number}; need: readonly Need[]};

/** What is good on some apiservers is good for the cluster, proven, only when all that are known were read; what is bad on one is bad. */
export function acrossReplicas(grounds: Grounds, read: readonly Grounds[], proven: readonly Grounds[]): AcrossReplicas {
	const known = knownReplicas(grounds);
	const met = everyProcess(grounds);
	// Without flags a process is known by nothing but its connection: then one that is known must be the one that was met.
	const all = met.length > 0 ? allRead(grounds, met) && countProcesses(read) >= met.length : known === 1 && grounds.replicas?.facts.leases !== null;
	return {
		basis: all ? 'proven' : 'inferred',
		scope: scopeOf(known, countProcesses(proven), all),
		need: all ? [] : [known === null || grounds.replicas?.facts.leases === null ? needLeases : (met.length > 0 ? needActive : needFlagz)],
	};
}

/** Proven on all that are known, and yet not for all: there may be more. */
export function scopeOf(known: number | null, proven: number, all: boolean): AcrossReplicas['scope'] {
	return {of: !all && known !== null && proven >= known ? null : known, proven};
}

function countProcesses(all: readonly Grounds[]): number {
	return new Set(all.map(({process, connection}) => process?.facts.id ?? connection)).size;
}
