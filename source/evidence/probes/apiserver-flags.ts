/** `/flagz` of one connection's apiserver. */
import type {FlagFacts, ProbeResult} from '../evidence.ts';
import {needFlagz} from '../rules/needs.ts';
import {sendProbe, tryParseJson, type Requester} from './probe-request.ts';

/** The structured form; plain `application/json` is refused (406), and the text form's separator is random. KEP-4828. */
const accept = ['application/json;v=v1beta1;g=config.k8s.io;as=Flagz', 'application/json;v=v1alpha1;g=config.k8s.io;as=Flagz;q=0.9'].join(
	', ',
);

/** The placeholder of a redacted value (flagreader.go): neither set nor not set. */
const classified = 'CLASSIFIED';

export async function readApiserverFlags(
	connection: Requester & {id: string | null},
	{timeoutMs = 5000}: {timeoutMs?: number} = {},
): Promise<ProbeResult<FlagFacts>> {
	return sendProbe(connection, {source: 'flagz', path: '/flagz', need: needFlagz, accept, timeoutMs, connection: connection.id}, body => {
		const answer = tryParseJson<{kind?: unknown; flags?: unknown}>(body);
		if (answer?.kind !== 'Flagz' || typeof answer.flags !== 'object' || answer.flags === null) {
			return undefined;
		}

		const values = Object.fromEntries(
			Object.entries(answer.flags).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== classified),
		);
		return {values, absent: 'unknown', proxyEnvironment: null, hostAddresses: null};
	});
}
