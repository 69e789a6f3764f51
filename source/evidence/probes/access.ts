/** Who the user is to the apiserver, the user's permissions, and anonymous access. */
import type {ClusterClient, Connection} from '../../cluster/cluster-client.ts';
import {isSpokeError} from '../../base/errors/spoke-error.ts';
import {reviewAccess, readSelfSubject, type AccessReview, pipelinedSelfSubjectReview} from '../../cluster/self-review.ts';
import type {Audit} from '../audit/audit-object.ts';
import type {ProbeResult, UserInfo} from '../evidence.ts';
import {makeObservation, probeTimeoutMs, tryParseJson, readText, responseLimits} from './probe-request.ts';

const maxReviewBytes = 1024 * 1024;

/** Requires valid credentials: without them, unreadable sources say nothing about permissions. @throws SpokeError ERR_CREDENTIALS */
export async function probeSelfSubject(cluster: Pick<ClusterClient, 'json'>): Promise<Audit['identity']> {
	const self = await readSelfSubject(cluster, AbortSignal.timeout(probeTimeoutMs)).catch((error: unknown) => {
		if (isSpokeError(error) && error.code === 'ERR_CREDENTIALS') {
			throw error;
		}

		return null;
	});
	return {user: self?.user ?? null, groups: self?.groups ?? []};
}

export async function canI(cluster: Pick<ClusterClient, 'json'>, question: AccessReview): Promise<boolean | undefined> {
	const answer = await reviewAccess(cluster, question, AbortSignal.timeout(probeTimeoutMs)).catch(() => null);
	return answer?.allowed;
}

/** `conditional`: some paths only, by AuthenticationConfiguration. */
export type AnonymousFacts = {anonymous: 'off' | 'all-paths' | 'conditional' | 'over-granted'; observed: string};

/** Three requests without credentials; their statuses show what anonymous requests can do. */
export async function probeAnonymousAccess(cluster: Pick<ClusterClient, 'anonymous'>): Promise<ProbeResult<AnonymousFacts>> {
	const where = 'GET /version, /healthz and /api without credentials';
	try {
		const version = await statusOf(cluster, '/version');
		const health = await statusOf(cluster, '/healthz');
		const api = await statusOf(cluster, '/api');
		const anonymous = classifyAnonymousAccess(version, health, api);
		if (anonymous) {
			const observed = `/version ${version}, /healthz ${health}, /api ${api}`;
			return {observation: makeObservation('anonymous-probe', where, {anonymous, observed})};
		}
	} catch {
		// As statuses that do not tell.
	}

	return {unavailable: {source: 'anonymous-probe', where, reason: 'no-response', need: null}};
}

/**
 * @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/authentication/request/anonymous/anonymous.go
 */
export function classifyAnonymousAccess(version: number, health: number, api: number): AnonymousFacts['anonymous'] | undefined {
	if (api !== 401) {
		return api === 200 ? 'over-granted' : api === 403 ? 'all-paths' : undefined;
	}

	return version === 200 || health === 200 ? 'conditional' : version === 401 ? 'off' : undefined;
}

async function statusOf(cluster: Pick<ClusterClient, 'anonymous'>, path: string): Promise<number> {
	const response = await cluster.anonymous({path, timeoutMs: probeTimeoutMs});
	response.body.resume();
	return response.status;
}

/**
`null` without a response, or unless exactly one client certificate can identify the user: the response could not name it. Never throws.
*/
export async function readUserInfo(connection: Pick<Connection, 'facts' | 'pipelined'>, timeoutMs: number): Promise<UserInfo | null> {
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
