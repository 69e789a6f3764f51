/** The process of an observation. */
import type {Observations, Observation} from '../evidence.ts';

export function isFromSameProcess(
	observation: Pick<Observation<unknown>, 'connection' | 'process'>,
	{connection, process}: Pick<Observations, 'connection' | 'process'>,
): boolean {
	return (
		(observation.connection !== null && observation.connection === connection) ||
		(observation.process !== null && observation.process === process?.facts.id)
	);
}

export function isFromOtherProcess(observation: Pick<Observation<unknown>, 'connection' | 'process'>, observations: Observations): boolean {
	return observation.process !== null && observations.process !== null && !isFromSameProcess(observation, observations);
}

/** Whether leg 1 is verified and ends at an apiserver, so that its statements about itself can be trusted. */
export function isVerifiedApiserver({serverIdentity, socket}: Pick<Observations, 'serverIdentity' | 'socket'>): boolean {
	return serverIdentity.to === 'apiserver' && isServerKnown(socket);
}

/** Whether the network cannot have answered instead of the server. */
export function isServerKnown(socket: Observations['socket']): boolean {
	return socket?.facts.tls?.verified === true;
}
