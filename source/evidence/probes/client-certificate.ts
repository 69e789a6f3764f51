/** The user that the apiserver sees on one connection. */
import type {Connection} from '../../cluster/cluster-client.ts';
import {pipelinedSelfSubjectReview} from '../../cluster/self-review.ts';
import type {UserInfo} from '../evidence.ts';
import {tryParseJson, readText, responseLimits} from './probe-request.ts';

const maxReviewBytes = 1024 * 1024;

/**
`null` without a response, or unless exactly one client certificate can identify the user: the response could not name it. Never throws.
*/
export async function readUserInfo(
	connection: Pick<Connection, 'facts' | 'pipelined'>,
	{timeoutMs}: {timeoutMs: number},
): Promise<UserInfo | null> {
	if (connection.facts.clientCertificateSha256 === null) {
		return null;
	}

	try {
		const answer = await connection.pipelined({...pipelinedSelfSubjectReview, ...responseLimits(timeoutMs)});
		return tryParseJson<{status?: {userInfo?: UserInfo} | null}>(await readText(answer, maxReviewBytes))?.status?.userInfo ?? null;
	} catch {
		return null;
	}
}
