/** The server at the end of leg 1: an apiserver, or a gateway. */
import type {
	ClusterObservations,
	ConnectionObservations,
	FlagFacts,
	Observations,
	ServerIdentity,
	SocketFacts,
	UnavailableSource,
} from '../evidence.ts';
import {gatewayNotExcluded} from './direct-connection.ts';
import {endAddress, isLoopback} from './end-address.ts';
import {needRootCa} from './needs.ts';
import {advertisedAddress} from './replicas.ts';
import {isFromSameProcess} from './same-process.ts';

/**
An apiserver proves itself with a certificate of the cluster's own CA that also has the name by which pods know it, if no gateway can have
that certificate (direct-connection.ts). A gateway may answer if the server URL has a path, the scheme is plain HTTP (no apiserver since
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
	const serverPath = /^[a-z]+:\/\/[^/]+(\/.+)$/.exec(server)?.[1] ?? '/';
	if (serverPath.replaceAll('/', '') !== '') {
		return {to: 'gateway', why: `the server URL has the path ${serverPath}`};
	}

	if (gatewaySeen !== null) {
		return {to: 'gateway', why: gatewaySeen};
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
				need: {permission: null, check: null, or: `a kubeconfig with the server https://${address}`},
			};
}

function byCertificate(tls: NonNullable<SocketFacts['tls']>, {ca, unavailable}: ClusterObservations): ServerIdentity {
	const names = (tls.peer?.subjectAltName ?? '').split(/,\s*/).map(name => name.replace(/^[^:]+:/, ''));
	const hasClusterName = names.some(name => ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'].includes(name));
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
	switch (reason) {
		case 'forbidden': {
			return {to: 'unknown', why: `${why} cannot be read (forbidden)`, need: needRootCa};
		}

		case 'not-served': {
			return {to: 'unknown', why: `${why} is missing`};
		}

		default: {
			return {to: 'unknown', why: `${why} was not read yet`};
		}
	}
}
