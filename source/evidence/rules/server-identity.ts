/** Who answers at the end of leg 1: an apiserver of the cluster, or a gateway that speaks for one? */
import type {UnavailableSource, FlagFacts, ServerIdentity, SocketFacts} from '../evidence.ts';
import {gatewayNotExcluded, type DirectConnectionInput} from './direct-connection.ts';
import {needRootCa} from './needs.ts';

/** Certificates of authorities that the cluster gives its own pods; `null` where they could not be read. */
export type ClusterCa = {spkiSha256: readonly string[]; subjects: readonly string[]} | null;

export type ServerIdentityInput = DirectConnectionInput & {
	/** The path of the server URL; an apiserver of its own has none. */
	serverPath: string;
	ca: ClusterCa;
	/** Why they could not; `null` before they were asked for. */
	caUnavailableReason: UnavailableSource['reason'] | null;
	/** Headers of an answer that no kube-apiserver sends. */
	foreignHeaders: readonly string[];
	/** Why something that answers between us and the apiservers was seen; `null` where nothing was. */
	gatewaySeen: string | null;
};

/**
An apiserver is what proves itself with a certificate of the cluster's own authority that also carries the name by which pods know it, where no gateway can
have that certificate (direct-connection.ts).
A server URL with a path, plain HTTP (no apiserver since 1.24 listens so), an unverified peer, or another authority's chain: a gateway may answer. Its names alone do not tell: gateways have certificates with the same ones, from authorities of their own.
Nor does its authority where the apiserver behind it listens on loopback: a virtual cluster's proxy has a certificate like an apiserver's, and sends logs, exec and port-forwards to another cluster.
@see https://kubernetes.io/docs/setup/best-practices/certificates/ (the apiserver's names)
@see https://github.com/loft-sh/vcluster/blob/main/pkg/server/server.go WithRedirect
*/
export function identifyServer(input: ServerIdentityInput): ServerIdentity {
	const {socket, serverPath, ca, caUnavailableReason, foreignHeaders, gatewaySeen, flags, mirrorPods} = input;
	if (serverPath.replaceAll('/', '') !== '') {
		return {to: 'gateway', why: `the server URL has the path ${serverPath}`};
	}

	if (gatewaySeen !== null) {
		return {to: 'gateway', why: gatewaySeen};
	}

	if (foreignHeaders.length > 0) {
		return {to: 'gateway', why: `answers carry ${foreignHeaders.join(', ')}, which no apiserver sends`};
	}

	if (!socket.tls) {
		return {to: 'gateway', why: 'plain HTTP, which no current apiserver serves'};
	}

	if (!socket.tls.verified) {
		return {to: 'unknown', why: 'the certificate was not verified: anybody may have answered'};
	}

	const serverIdentity = byCertificate(socket.tls, ca, caUnavailableReason);
	if (serverIdentity.to !== 'apiserver') {
		return serverIdentity;
	}

	// Where the flags of the process that answered were not read, those of all that may have answered count.
	const processes = flags ? [flags] : mirrorPods;
	if (processes.length > 0 && processes.every(({facts}) => listensElsewhere(facts, socket))) {
		return {to: 'unknown', why: 'the apiserver says that it listens on loopback only, which is not where your connection ends'};
	}

	const notExcluded = gatewayNotExcluded(input);
	return notExcluded ? {to: 'unknown', hasApiserverCertificate: true, ...notExcluded} : serverIdentity;
}

/** On loopback, and not at the end of our socket; of one through a proxy, not at the server's address. */
function listensElsewhere({values}: FlagFacts, {server, remoteAddress, proxy}: SocketFacts): boolean {
	const serverAddress = (proxy ? null : remoteAddress) ?? server;
	return (
		isLoopback(values['bind-address'] ?? '') &&
		!(isLoopback(serverAddress.replace(/:\d+$/, '')) && serverAddress.endsWith(`:${values['secure-port'] ?? '6443'}`))
	);
}

function isLoopback(host: string): boolean {
	return /^(127\.\d+\.\d+\.\d+|\[?::1\]?|localhost)$/.test(host);
}

function byCertificate(
	tls: NonNullable<SocketFacts['tls']>,
	ca: ClusterCa,
	unavailable: ServerIdentityInput['caUnavailableReason'],
): ServerIdentity {
	const names = (tls.peer?.subjectAltName ?? '').split(/,\s*/).map(name => name.replace(/^[^:]+:/, ''));
	const hasClusterName = names.some(name => ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'].includes(name));
	const chain = tls.peer?.chainSpkiSha256 ?? [];
	if (ca !== null && chain.every(hash => !ca.spkiSha256.includes(hash))) {
		// The kubeconfig may trust this very certificate, so that nothing above it was shown; many authorities are named alike.
		if (chain.length <= 1 && ca.subjects.includes(tls.peer?.issuer ?? '')) {
			return {
				to: 'unknown',
				why: 'its issuer has the name of the authority that the cluster gives its pods, and what signed it was not shown',
			};
		}

		return {to: 'gateway', why: 'its certificate is not from the authority that the cluster gives its pods'};
	}

	if (tls.trust === 'system-roots') {
		return {to: 'unknown', why: 'a public certificate: an apiserver or a gateway'};
	}

	if (!hasClusterName) {
		return {to: 'unknown', why: 'its certificate does not carry the name kubernetes.default.svc'};
	}

	return ca === null
		? namesAlone(unavailable)
		: {to: 'apiserver', why: 'its certificate is from the cluster’s authority and carries the apiserver’s names'};
}

function namesAlone(unavailable: ServerIdentityInput['caUnavailableReason']): ServerIdentity {
	const why = 'its certificate carries the apiserver’s names, and the authority that the cluster gives its pods';
	switch (unavailable) {
		case 'forbidden': {
			return {to: 'unknown', why: `${why} may not be read`, need: needRootCa};
		}

		case 'not-served': {
			return {to: 'unknown', why: `${why} is not there to compare`};
		}

		default: {
			return {to: 'unknown', why: `${why} was not read yet`};
		}
	}
}
