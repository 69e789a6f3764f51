/** Which apiserver process is at the other end of one connection? */
import {createHash} from 'node:crypto';
import type {FlagFacts, Outcome, ProcessFacts, Reading} from '../evidence.ts';
import {ask, parsed, type Asked} from './ask.ts';

const accept = 'application/json;v=v1beta1;g=config.k8s.io;as=Statusz, application/json;v=v1alpha1;g=config.k8s.io;as=Statusz;q=0.9';

/**
Start time by `/statusz`, of one-second grain, and the flags that this user may read, since two replicas may start within one second.
The same user gets the same id for the same process on every connection.
*/
export async function readApiserverProcess(connection: Asked & {id: string | null}, flags: Reading<FlagFacts> | undefined, {timeoutMs = 5000}: {timeoutMs?: number} = {}): Promise<Outcome<ProcessFacts>> {
	return ask(connection, {source: 'socket', path: '/statusz', need: null, accept, timeoutMs, connection: connection.id}, body => {
		const answer = parsed<{kind?: unknown; startTime?: unknown; binaryVersion?: unknown}>(body);
		return answer?.kind === 'Statusz' && typeof answer.startTime === 'string'
			? {id: fingerprint(answer.startTime, flags), startTime: answer.startTime, version: typeof answer.binaryVersion === 'string' ? answer.binaryVersion : null}
			: undefined;
	});
}

/** Six hexadecimal digits, enough to tell apart the few processes of one cluster. */
export function fingerprint(startTime: string, flags: Reading<FlagFacts> | undefined): string {
	const values = flags ? Object.entries(flags.facts.values).sort(([a], [b]) => a < b ? -1 : 1) : [];
	return createHash('sha256').update(JSON.stringify([startTime, values])).digest('hex').slice(0, 6);
}
