/** Was a reading made on the connection in question or of its process, and can what the apiserver says of itself be believed? */
import type {Observations, Observation} from '../evidence.ts';

/** The reading was made on the connection, or on another one of the same process. */
export function isFromSameProcess(
	observation: Pick<Observation<unknown>, 'connection' | 'process'>,
	{connection, process}: Observations,
): boolean {
	return (
		(observation.connection !== null && observation.connection === connection) ||
		(observation.process !== null && observation.process === process?.facts.id)
	);
}

/** The reading was made of a process, and it is not the one that the connection ends at. */
export function isFromOtherProcess(observation: Pick<Observation<unknown>, 'connection' | 'process'>, observations: Observations): boolean {
	return observation.process !== null && observations.process !== null && !isFromSameProcess(observation, observations);
}

/** Leg 1 ends, verified, at an apiserver: what it says of itself can be believed. */
export function isVerifiedApiserver({serverIdentity, socket}: Observations): boolean {
	return serverIdentity.to === 'apiserver' && socket?.facts.tls?.verified === true;
}
