/** Was a reading made on the connection in question or of its process, and can what the apiserver says of itself be believed? */
import type {Observations, Observation} from '../evidence.ts';

/** The reading was made on the connection, or on another one of the same process. */
export function isFromSameProcess(
	reading: Pick<Observation<unknown>, 'connection' | 'process'>,
	{connection, process}: Observations,
): boolean {
	return (
		(reading.connection !== null && reading.connection === connection) ||
		(reading.process !== null && reading.process === process?.facts.id)
	);
}

/** The reading was made of a process, and it is not the one that the connection ends at. */
export function isFromOtherProcess(reading: Pick<Observation<unknown>, 'connection' | 'process'>, grounds: Observations): boolean {
	return reading.process !== null && grounds.process !== null && !isFromSameProcess(reading, grounds);
}

/** Leg 1 ends, verified, at an apiserver: what it says of itself can be believed. */
export function isVerifiedApiserver({serverIdentity: front, socket}: Observations): boolean {
	return front.to === 'apiserver' && socket?.facts.tls?.verified === true;
}
