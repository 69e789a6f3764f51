/** Did the client certificate that our handshake showed reach the apiserver, or does TLS end before it? */
import type {Connection} from '../../cluster/connection.ts';
import {whoAreWeRequest} from '../../cluster/self-review.ts';
import type {VersionFacts} from '../evidence.ts';
import {parsed, readText, wholeWithin} from './ask.ts';

export type UserInfo = {username?: unknown; extra?: Record<string, unknown>};

const credentialId = 'authentication.kubernetes.io/credential-id';
const largestReview = 1024 * 1024;

/**
Who answers our own review takes us for, on this very connection. `null` where it does not tell, and where no certificate was shown or more than it may speak
for us. Never throws.
*/
export async function readOwnUser(connection: Pick<Connection, 'facts' | 'request'>, {timeoutMs}: {timeoutMs: number}): Promise<UserInfo | null> {
	if (connection.facts.shownCertificate === null) {
		return null;
	}

	try {
		const answer = await connection.request({...whoAreWeRequest, timeoutMs, signal: wholeWithin(timeoutMs)});
		return parsed<{status?: {userInfo?: UserInfo} | null}>(await readText(answer, largestReview))?.status?.userInfo ?? null;
	} catch {
		return null;
	}
}

/**
An apiserver of 1.32 or later names the certificate by which it knows somebody; only whoever has its key can have shown it. One that names another, or none,
was told who we are by what ended our TLS. Nobody in particular, and whoever is impersonated, has none to name.
@see https://github.com/kubernetes/kubernetes/blob/v1.32.0/staging/src/k8s.io/apiserver/pkg/authentication/request/x509/x509.go
*/
export function certificateWasLost(shown: string | null, user: UserInfo | null, version: VersionFacts | null): boolean {
	if (shown === null || user === null || typeof user.username !== 'string' || user.username === 'system:anonymous' || !namesCertificates(version)) {
		return false;
	}

	const ids = user.extra?.[credentialId];
	return !(Array.isArray(ids) && ids.includes(`X509SHA256=${shown}`));
}

function namesCertificates(version: VersionFacts | null): boolean {
	return version !== null && (version.major > 1 || version.minor >= 32);
}
