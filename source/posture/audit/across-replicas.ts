/** May a row speak for every apiserver of the cluster? */
import type {Basis, Grounds, Need} from '../evidence.ts';
import {needFlagz, needLeases} from '../rules/needs.ts';

export type AcrossReplicas = {basis: Basis; scope: {of: number | null; proven: number}; need: readonly Need[]};

/** What is good on some apiservers is good for the cluster, proven, only when all that are known were read; what is bad on one is bad. */
export function acrossReplicas({replicas}: Grounds, read: readonly Grounds[], proven: readonly Grounds[]): AcrossReplicas {
	const known = replicas?.facts.known ?? null;
	const all = known !== null && countProcesses(read) >= known;
	return {
		basis: all ? 'proven' : 'inferred',
		scope: {of: known, proven: countProcesses(proven)},
		need: all ? [] : [known === null ? needLeases : needFlagz],
	};
}

function countProcesses(all: readonly Grounds[]): number {
	return new Set(all.map(({process, connection}) => process?.facts.id ?? connection)).size;
}
