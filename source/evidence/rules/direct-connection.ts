/** Whether a connection ends at an apiserver process itself. No other file decides that a gateway is excluded. */
import type {ClusterObservations, ConnectionObservations, Need, ReplicaFacts, SocketFacts, UserInfo, VersionFacts} from '../evidence.ts';
import {endAddress} from './end-address.ts';
import {isVersionAtLeast} from './is-version-at-least.ts';
import {needDirectConnection, needSelfReview} from './needs.ts';
import {advertisedAddress, podOfAddress} from './replicas.ts';

const credentialId = 'authentication.kubernetes.io/credential-id';

/**
Why a gateway is not excluded; `null` if it is.

A gateway that has the apiserver's certificate and key can answer as an apiserver does, add no header, and send each request to another
apiserver. Not having noticed one proves nothing. Two observations exclude it:

- The apiserver names our client certificate (1.32 or later), on this connection. Only the process that terminated our TLS can know it.
- The connection ends at the address that the process advertises, where no other server can listen.

| user | can be proven by |
| --- | --- |
| client certificate only, apiserver 1.32 or later | its name, or the address |
| the same, if the SelfSubjectReview is refused | the address |
| client certificate, apiserver before 1.32 | the address |
| token, credential plugin, basic authentication, impersonation, also with a certificate | the address |

For all other users, verdicts beyond leg 1 are inferred at most. A server that has the key and makes up its responses is out of scope:
to TLS it is the apiserver.
@see https://github.com/kubernetes/kubernetes/blob/v1.32.0/staging/src/k8s.io/apiserver/pkg/authentication/request/x509/x509.go
*/
export function gatewayNotExcluded(
	socket: SocketFacts,
	{user, flags}: Pick<ConnectionObservations, 'user' | 'flags'>,
	{mirrorPods, replicas}: Pick<ClusterObservations, 'mirrorPods' | 'replicas'>,
): {why: string; need: Need} | null {
	const {clientCertificateSha256: shownCertificate, proxy, remoteAddress} = socket;
	if (isNamed(shownCertificate, user) || endsAtOwnAddress(socket, flags, mirrorPods, replicas?.facts ?? null)) {
		return null;
	}

	const certificate =
		shownCertificate === null
			? 'you do not authenticate with a client certificate only'
			: user === null
				? 'the apiserver did not say which client certificate it saw'
				: 'the apiserver names no client certificate';
	const address = proxy
		? 'your connection uses a proxy'
		: `${remoteAddress ?? 'the end of your connection'} is not known to be the address that the apiserver advertises`;
	return {
		why: `a gateway can have the apiserver’s certificate: ${certificate}, and ${address}`,
		need: shownCertificate !== null && user === null ? needSelfReview : needDirectConnection,
	};
}

/**
If an apiserver of 1.32 or later names another client certificate, or none, a server in between terminated TLS and forwarded the identity.
An anonymous or impersonated user has no certificate to name.
*/
export function isCertificateLost(shown: string | null, user: UserInfo | null, version: VersionFacts | null): boolean {
	const isTold = user !== null && typeof user.username === 'string' && user.username !== 'system:anonymous';
	return shown !== null && isTold && namesCertificates(version) && !isNamed(shown, user);
}

function isNamed(shown: string | null, user: UserInfo | null): boolean {
	const ids = user?.extra?.[credentialId];
	return shown !== null && Array.isArray(ids) && ids.includes(`X509SHA256=${shown}`);
}

function namesCertificates(version: VersionFacts | null): boolean {
	return version !== null && isVersionAtLeast(version, 1, 32);
}

/** The process's own flags take precedence over the lists of apiservers. */
function endsAtOwnAddress(
	socket: SocketFacts,
	flags: ConnectionObservations['flags'],
	mirrorPods: ClusterObservations['mirrorPods'],
	replicas: ReplicaFacts | null,
): boolean {
	const address = endAddress(socket);
	if (address === null || isShared(address, replicas)) {
		return false;
	}

	const own = flags ? advertisedAddress(flags) : null;
	return own === null
		? replicas?.addresses?.includes(address) === true || podOfAddress(address, mirrorPods) !== undefined
		: own === address;
}

/** The address is then a balancer's. */
function isShared(address: string, replicas: ReplicaFacts | null): boolean {
	const {leases = null, addresses = null} = replicas ?? {};
	return (
		leases !== null &&
		(leases.filter(lease => lease.address === address).length > 1 || (addresses !== null && leases.length > addresses.length))
	);
}
