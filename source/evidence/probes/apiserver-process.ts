/** The identity of one connection's apiserver process. */
import {createHash} from 'node:crypto';
import type {FlagFacts, ProbeResult, ProcessFacts, Observation} from '../evidence.ts';
import {sendProbe, tryParseJson, type Requester} from './probe-request.ts';

const accept = 'application/json;v=v1beta1;g=config.k8s.io;as=Statusz, application/json;v=v1alpha1;g=config.k8s.io;as=Statusz;q=0.9';

export type ProcessStart = Omit<ProcessFacts, 'id'>;

/** From `/statusz`, with a precision of one second. */
export async function readProcessStart(
	connection: Requester & {id: string | null},
	{timeoutMs = 5000}: {timeoutMs?: number} = {},
): Promise<ProbeResult<ProcessStart>> {
	return sendProbe(connection, {source: 'socket', path: '/statusz', need: null, accept, timeoutMs, connection: connection.id}, body => {
		const answer = tryParseJson<{kind?: unknown; startTime?: unknown; binaryVersion?: unknown}>(body);
		return answer?.kind === 'Statusz' && typeof answer.startTime === 'string'
			? {startTime: answer.startTime, version: typeof answer.binaryVersion === 'string' ? answer.binaryVersion : null}
			: undefined;
	});
}

/**
Uses start time, readable flags and public key, since two replicas can start within one second with the same flags. One user gets the same
id for a process on every connection, until its certificate gets another key.
*/
export function identifyProcess(
	start: Observation<ProcessStart>,
	flags: Observation<FlagFacts>,
	publicKey: string | null,
): Observation<ProcessFacts> {
	const id = fingerprint(start.facts.startTime, flags, publicKey);
	return {...start, process: id, facts: {id, ...start.facts}};
}

/** Enough for the few processes of one cluster. */
function fingerprint(startTime: string, flags: Observation<FlagFacts>, publicKey: string | null): string {
	const values = Object.entries(flags.facts.values).sort(([a], [b]) => (a < b ? -1 : 1));
	return createHash('sha256')
		.update(JSON.stringify([startTime, values, publicKey]))
		.digest('hex')
		.slice(0, 6);
}
