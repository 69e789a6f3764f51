/** Whether a connection ends at an apiserver process itself. No other file decides that a gateway is excluded. */
import type {
	ClusterObservations,
	ConnectionObservations,
	FlagFacts,
	Need,
	Observation,
	ReplicaFacts,
	SocketFacts,
	UserInfo,
	VersionFacts,
} from '../evidence.ts';
import {endAddress, hostOf} from './end-address.ts';
import {isVersionAtLeast} from './is-version-at-least.ts';
import {needDirectConnection, needFlagz, needLeases, needSelfReview, needServedFlagz} from './needs.ts';
import {advertisedAddress} from './replicas.ts';

const credentialId = 'authentication.kubernetes.io/credential-id';

/**
Why a gateway is not excluded; `null` if it is.

A gateway that has the apiserver's certificate and key can answer as an apiserver does, add no header, and send each request to another
apiserver. Not having noticed one proves nothing. What excludes it rests on the flags of the process that answers on this connection:

- The connection ends at the address that the process advertises and listens on, where no other server can listen, and the leases show that
  no other apiserver advertises it: then it is a balancer's.
- The apiserver names our client certificate (1.32 or later), and has no `--requestheader-client-ca-file`. With one, a front proxy can relay
  the name (authentication.k8s.io extra fields in `X-Remote-Extra-`), and every kubeadm cluster has one.

A server that has the key and makes up its responses, or that impersonates us together with the name of our certificate, is out of scope:
to TLS it is the apiserver.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/authentication/request/headerrequest/requestheader.go newExtra
*/
export function gatewayNotExcluded(
	socket: SocketFacts,
	{user, flags, unavailable}: Pick<ConnectionObservations, 'user' | 'flags' | 'unavailable'>,
	{replicas}: Pick<ClusterObservations, 'replicas'>,
): {why: string; need: Need} | null {
	const {clientCertificateSha256: shownCertificate, proxy, remoteAddress} = socket;
	if (!flags) {
		const isServed = !unavailable.some(({source, reason}) => source === 'flagz' && reason === 'not-served');
		return {
			why: 'a gateway can have the apiserver’s certificate, and the flags of the process that answers were not read',
			need: isServed ? needFlagz : needServedFlagz,
		};
	}

	const isNameRelayed = flags.facts.values['requestheader-client-ca-file'] !== '';
	const isHere = listensAt(socket, flags);
	const isAlone = isHere && isOnlyOneAt(endAddress(socket)!, replicas?.facts ?? null);
	if (isAlone || (isNamed(shownCertificate, user) && !isNameRelayed)) {
		return null;
	}

	const certificate =
		shownCertificate === null
			? 'you do not authenticate with a client certificate only'
			: user === null
				? 'the apiserver did not say which client certificate it saw'
				: isNamed(shownCertificate, user)
					? 'a front proxy can relay the name of your client certificate'
					: 'the apiserver names no client certificate';
	const address = proxy
		? 'your connection uses a proxy'
		: isHere
			? `it is not known that no other apiserver advertises ${remoteAddress}`
			: `${remoteAddress ?? 'the end of your connection'} is not known to be the address that the apiserver advertises`;
	const isReviewMissing = shownCertificate !== null && user === null && !isNameRelayed;
	return {
		why: `a gateway can have the apiserver’s certificate: ${certificate}, and ${address}`,
		need: isHere && replicas?.facts.leases.known === undefined ? needLeases : isReviewMissing ? needSelfReview : needDirectConnection,
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

const anyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);

/** k3s registers the port of its own server, which is in the same process, and binds the apiserver to loopback. */
function listensAt(socket: SocketFacts, flags: Observation<FlagFacts>): boolean {
	const address = endAddress(socket);
	const bound = flags.facts.values['bind-address'];
	return (
		address !== null &&
		advertisedAddress(flags) === address &&
		bound !== undefined &&
		(anyAddress.has(bound) ||
			hostOf(address) === bound ||
			hostOf(address) === `[${bound}]` ||
			flags.facts.values['advertise-port'] !== undefined)
	);
}

/** Whether no other apiserver advertises the address: it would be a balancer's. */
function isOnlyOneAt(address: string, replicas: ReplicaFacts | null): boolean {
	const leases = replicas?.leases.known;
	if (!replicas || leases === undefined) {
		return false;
	}

	const here = leases.filter(lease => lease.address === address).length;
	const elsewhere = leases.filter(lease => lease.address !== null && lease.address !== address).length;
	// A lease without an address (before 1.36) can be of an apiserver at any of the registered addresses.
	const unplaced = leases.length - here - elsewhere;
	const others = replicas.addresses.known?.filter(one => one !== address && !leases.some(lease => lease.address === one)).length ?? 0;
	return here + Math.max(0, unplaced - others) <= 1;
}
