/** Scope of an audit row across apiservers. */
import type {Basis, Observations, Need} from '../evidence.ts';
import {needActive, needApiserverItself, needFlagz, needLeases} from '../rules/needs.ts';
import {areAllReplicasRead, flagsPerProcess, isSoleApiserver, knownReplicaCount, leasesOf} from '../rules/replicas.ts';

export type ReplicaScope = {basis: Basis; scope: {of: number | null; proven: number}; need: readonly Need[]};

/** A good state is proven only if all known apiservers were read; a bad state on one fails the row. */
export function scopeAcrossReplicas(
	observations: Observations,
	read: readonly Observations[],
	proven: readonly Observations[],
): ReplicaScope {
	const known = knownReplicaCount(observations);
	const met = flagsPerProcess(observations);
	// Without flags, only the connection identifies a process, so it must lead to the only address there is.
	const areAllRead =
		met.length > 0 ? areAllReplicasRead(observations, met) && countProcesses(read) >= met.length : isSoleApiserver(observations);
	return {
		basis: areAllRead ? 'proven' : 'inferred',
		scope: scopeOf(known, countProcesses(proven), areAllRead),
		need: areAllRead ? [] : [needOfAll(observations, known, met.length > 0)],
	};
}

export function needOfAll(observations: Observations, known: number | null, isRead: boolean): Need {
	if (known === null || leasesOf(observations).known === undefined) {
		return needLeases;
	}

	return isRead ? (known === 1 ? needApiserverItself : needActive) : needFlagz;
}

/** `of` is `null` if all known are proven but there may be more. */
export function scopeOf(known: number | null, proven: number, areAllRead: boolean): ReplicaScope['scope'] {
	return {of: !areAllRead && known !== null && proven >= known ? null : known, proven};
}

function countProcesses(all: readonly Observations[]): number {
	return new Set(all.map(({process, connection}) => process?.facts.id ?? connection)).size;
}
