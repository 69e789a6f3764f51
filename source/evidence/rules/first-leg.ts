/** Leg 1: its TLS, its route and the server at its end. No other file decides that a gateway is excluded. */
import type {
	Observations,
	RouteState,
	RuleVerdict,
	TlsState,
	ClusterObservations,
	ConnectionObservations,
	FlagFacts,
	ServerIdentity,
	SocketFacts,
	UnavailableSource,
	Need,
	Observation,
	ReplicaFacts,
	UserInfo,
	VersionFacts,
} from '../evidence.ts';
import {cite, unknownVerdict, verdictOn} from './claims.ts';
import {hostOf, endAddress, isLoopback, advertisedAddress, isFromSameProcess} from './replicas.ts';
import {needRootCa, needDirectConnection, needFlagz, needLeases, needSelfReview, needServedFlagz, otherNeed} from './needs.ts';

const credentialId = 'authentication.kubernetes.io/credential-id';

const anyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);

/** Verified only if the socket checked chain and name. Always proven, since it is spoke's own socket. */
export function firstLegTls(observations: Observations): RuleVerdict<TlsState> {
	const {socket} = observations;
	if (!socket) {
		return unknownVerdict([], 'no connection was made');
	}

	const {facts} = socket;
	const verdict = (state: TlsState, rule: string, observed: string) =>
		verdictOn({state, citations: [cite(observations, socket, rule, observed)]});
	if (!facts.tls) {
		return verdict('plain', 'socket-without-tls', `scheme ${facts.scheme}, no TLS on the socket`);
	}

	const {protocol, verified, skippedBy, trust, serverName} = facts.tls;
	return verified
		? verdict(
				'verified',
				'socket-verified',
				`${protocol}, checked with ${trust === 'kubeconfig-ca' ? 'the kubeconfig’s CA' : 'the system’s roots'} for ${serverName ?? hostOf(facts.server)}`,
			)
		: verdict('unverified', 'socket-not-verified', `${protocol}, certificate not verified${skippedBy ? ` (${skippedBy})` : ''}`);
}

export function firstLegRoute(observations: Observations): RuleVerdict<RouteState> & {via: string | null} {
	const {socket} = observations;
	if (!socket) {
		return {...unknownVerdict([], 'no connection was made'), via: null};
	}

	const {proxy, remoteAddress} = socket.facts;
	const verdict = (state: RouteState, rule: string, observed: string) =>
		verdictOn({state, citations: [cite(observations, socket, rule, observed)]});
	return proxy
		? {...verdict('proxy', 'socket-through-proxy', `connected to ${proxy.url}, set by ${proxy.from}`), via: proxy.url}
		: {...verdict('direct', 'socket-direct', `connected to ${remoteAddress ?? 'the server'}, no proxy set`), via: null};
}

/**
An apiserver proves itself with a certificate of the cluster's own CA that also has the name by which pods know it, if no gateway can have
that certificate (`gatewayNotExcluded`). A gateway may answer if the server URL has a path, the scheme is plain HTTP (no apiserver since
1.24 serves it), the peer is unverified, or the chain is of another CA. Names alone are no evidence: gateways have certificates with the
same names from their own CAs. Nor is the CA if the apiserver listens on loopback only: a virtual cluster's proxy has a certificate like an
apiserver's, and sends logs, exec and port-forwards to another cluster. It also relays the name of the client certificate. k3s listens on
loopback, too, behind a server in the same process; only the address where it advertises that server distinguishes it from a virtual
cluster.
`server`: the URL of the kubeconfig.
@see https://kubernetes.io/docs/setup/best-practices/certificates/ (the apiserver's names)
@see https://github.com/loft-sh/vcluster/blob/main/pkg/server/server.go WithRedirect, ImpersonatingHandler
@see https://github.com/k3s-io/k3s/blob/master/pkg/server/handlers/handlers.go APIServer
*/
export function identifyServer(own: ConnectionObservations, shared: ClusterObservations, server: string): ServerIdentity {
	const {foreignHeaders, flags} = own;
	const {gatewaySeen} = shared;
	if (!own.socket) {
		return {to: 'unknown', why: 'no connection was made'};
	}

	const {facts: socket} = own.socket;
	const serverPath = /^[a-z]+:\/\/[^/]+(\/.*[^/].*)$/.exec(server)?.[1];
	const gatewayBy = serverPath === undefined ? gatewaySeen : `the server URL has the path ${serverPath}`;
	if (gatewayBy !== null) {
		return {to: 'gateway', why: gatewayBy};
	}

	if (foreignHeaders.length > 0) {
		return {to: 'gateway', why: `responses carry ${foreignHeaders.join(', ')}, which no apiserver sends`};
	}

	if (!socket.tls) {
		return {to: 'gateway', why: 'plain HTTP, which no current apiserver serves'};
	}

	if (!socket.tls.verified) {
		return {to: 'unknown', why: 'the certificate was not verified: any server may have responded'};
	}

	const serverIdentity = byCertificate(socket.tls, shared);
	if (serverIdentity.to !== 'apiserver') {
		return serverIdentity;
	}

	if (flags && isBehindAnotherServer(flags.facts, socket)) {
		return behindLoopback(flags.facts);
	}

	const notExcluded = gatewayNotExcluded(socket, own, shared);
	return notExcluded ? {to: 'unknown', hasApiserverCertificate: true, ...notExcluded} : serverIdentity;
}

/** Whether the apiserver listens on loopback only, so that the server at the end of this socket is another one, unless it is k3s's own. */
function isBehindAnotherServer(facts: FlagFacts, socket: SocketFacts): boolean {
	const address = endAddress(socket);
	return (
		isLoopback(facts.values['bind-address'] ?? '') && !(address !== null && hasSupervisor(facts) && address === advertisedAddress({facts}))
	);
}

/** Only the apiserver that is built into k3s has this flag: the port of k3s's own server. */
export function hasSupervisor({values}: FlagFacts): boolean {
	return values['advertise-port'] !== undefined;
}

/** Whether k3s's own server carries the egress of the apiserver, and no agent of Konnectivity does. */
export function isBehindSupervisor(observations: Observations): boolean {
	const own = observations.flags.filter(observation => isFromSameProcess(observation, observations));
	return own.length > 0 && own.every(({facts}) => hasSupervisor(facts));
}

function behindLoopback(flags: FlagFacts): ServerIdentity {
	const address = hasSupervisor(flags) ? advertisedAddress({facts: flags}) : null;
	return address === null
		? {to: 'unknown', why: 'the apiserver says that it listens on loopback only, so your connection can end at another server'}
		: {
				to: 'unknown',
				why: `the apiserver listens on loopback behind k3s’s own server at ${address}, and it is not proven that your connection ends there: a virtual cluster’s proxy looks the same`,
				need: otherNeed(`a kubeconfig with the server https://${address}`),
			};
}

function byCertificate(tls: NonNullable<SocketFacts['tls']>, {ca, unavailable}: ClusterObservations): ServerIdentity {
	const hasClusterName = (tls.peer?.dnsNames ?? []).some(name =>
		['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'].includes(name),
	);
	const chain = tls.peer?.chainSpkiSha256 ?? [];
	if (ca !== null && chain.every(hash => !ca.spkiSha256.includes(hash))) {
		// The kubeconfig may trust this certificate itself, so that its issuer was not shown. Many CAs have the same name.
		if (chain.length <= 1 && ca.subjects.includes(tls.peer?.issuer ?? '')) {
			return {
				to: 'unknown',
				why: 'its issuer has the name of the CA that the cluster gives its pods, but that CA’s certificate was not shown',
			};
		}

		return {to: 'gateway', why: 'its certificate is not from the CA that the cluster gives its pods'};
	}

	if (tls.trust === 'system-roots') {
		return {to: 'unknown', why: 'a public certificate: an apiserver or a gateway'};
	}

	if (!hasClusterName) {
		return {to: 'unknown', why: 'its certificate does not carry the name kubernetes.default.svc'};
	}

	return ca === null
		? namesAlone(unavailable.find(({source}) => source === 'ca-comparison')?.reason)
		: {to: 'apiserver', why: 'the server’s certificate is from the cluster’s CA and has the apiserver’s names'};
}

/** `reason`: why the CA is unavailable; `undefined` before it was requested. */
function namesAlone(reason: UnavailableSource['reason'] | undefined): ServerIdentity {
	const why = 'its certificate carries the apiserver’s names, but the CA that the cluster gives its pods';
	return reason === 'forbidden'
		? {to: 'unknown', why: `${why} cannot be read (forbidden)`, need: needRootCa}
		: {to: 'unknown', why: `${why} ${reason === 'not-served' ? 'is missing' : 'was not read yet'}`};
}

/**
Why a gateway is not excluded; `null` if it is.

A gateway that has the apiserver's certificate and key can answer as an apiserver does, add no header, and send each request to another
apiserver. Not having noticed one proves nothing. What excludes it rests on the flags of the process that answers on this connection:

- The connection ends at the address that the process advertises and listens on, where no other server can listen, and the leases show that
  no other apiserver advertises it: then it is a balancer's.
- The apiserver names our client certificate (1.32 or later), and has no `--requestheader-client-ca-file`. With one, a front proxy can relay
  the name (authentication.k8s.io extra fields in `X-Remote-Extra-`), and every kubeadm cluster has one.

A server that has the key and makes up its responses is the apiserver, to TLS. One that may impersonate us together with the name of our
certificate is trusted, as is a token webhook of the apiserver: docs/evidence.md says so.
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
		need: isHere && !replicas?.facts.leases ? needLeases : isReviewMissing ? needSelfReview : needDirectConnection,
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
	const leases = replicas?.leases;
	if (!leases) {
		return false;
	}

	const here = leases.filter(lease => lease.address === address).length;
	// Its address is where other apiservers reach the holder. That is the advertised one only if one lease shows that it is.
	const elsewhere = here === 1 ? leases.filter(lease => lease.address !== null && lease.address !== address).length : 0;
	// A lease without an address (before 1.36) can be of an apiserver here: whoever registers other endpoints makes it none of theirs.
	return leases.length - elsewhere <= 1;
}

/** Order of apiserver versions. */
export function isVersionAtLeast({major, minor}: VersionFacts, wantedMajor: number, wantedMinor: number): boolean {
	return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
