/** Notable facts about a path. */
import type {ErrorObject, Finding, Observations, RuleVerdict, TlsState} from '../evidence.ts';
import {describeDistribution, type RecognizedDistribution} from './distributions.ts';
import {refusedEgressProxy} from './egress-proxy-certificate.ts';
import {isOpenedScope, needNode, docs, remedies} from './needs.ts';
import {areAllReplicasRead, flagsPerProcess, knownReplicaCount, replicasAgree} from './replicas.ts';
import type {RouteVerdict} from './second-leg-route.ts';
import {endsAtKubelet} from './second-leg-tls.ts';

/** Worst first. */
export function pathFindings(
	observations: Observations,
	tls: RuleVerdict<TlsState>,
	route: RouteVerdict,
	{error, distribution}: {error: ErrorObject | null; distribution: RecognizedDistribution | null},
): Finding[] {
	return [
		...failed(error),
		...unconfirmed(observations),
		...firstLeg(observations),
		...farEnd(observations, tls),
		...routes(route),
		...egressProxy(observations),
		...otherApiservers(observations),
		...ofDistribution(observations, tls, route, distribution),
	];
}

function failed(error: ErrorObject | null): Finding[] {
	return error?.leg === 2 && error.legKnown
		? [
				{
					row: 'C10',
					code: 'SECOND_LEG_FAILED',
					severity: 'error',
					leg: 2,
					message: error.message,
					remedy: error.remedy,
					docs: docs.debugging,
				},
			]
		: [];
}

function unconfirmed({purpose}: Observations): Finding[] {
	return purpose.isUnconfirmed
		? [
				{
					row: rowOf({purpose}),
					code: 'TARGET_NOT_CONFIRMED',
					severity: 'warning',
					leg: 2,
					message: `It is unknown whether node ${purpose.target.name} exists: you lack permission to ${needNode.permission}`,
					remedy: `request permission; check with \`${needNode.check}\``,
					docs: null,
				},
			]
		: [];
}

function firstLeg({socket, serverIdentity}: Observations): Finding[] {
	const findings: Finding[] = [];
	if (socket && !socket.facts.tls) {
		findings.push({
			row: 'N5',
			code: 'APISERVER_PLAIN',
			severity: 'error',
			leg: 1,
			message: 'Your connection to the apiserver is not encrypted',
			remedy: 'use the https server address in the kubeconfig',
			docs: docs.paths,
		});
	} else if (socket && !socket.facts.tls?.verified) {
		findings.push({
			row: 'N5',
			code: 'APISERVER_NOT_VERIFIED',
			severity: 'warning',
			leg: 1,
			message: 'The server was not verified: what it reports about itself is inferred at most',
			remedy: 'remove insecure-skip-tls-verify and set certificate-authority in the kubeconfig',
			docs: docs.paths,
		});
	}

	if (serverIdentity.to === 'gateway') {
		findings.push({
			row: 'N5',
			code: 'GATEWAY_IN_FRONT',
			severity: 'info',
			leg: 1,
			message: `A gateway responds, not an apiserver: ${serverIdentity.why}`,
			remedy: null,
			docs: null,
		});
	} else if (serverIdentity.to === 'unknown' && socket?.facts.tls?.verified) {
		findings.push({
			row: 'N5',
			code: 'FRONT_NOT_KNOWN',
			severity: 'info',
			leg: 1,
			message: `It is unknown whether an apiserver or a gateway responds: ${serverIdentity.why}`,
			remedy: null,
			docs: null,
		});
	}

	return findings;
}

function farEnd({purpose}: Observations, {state, basis}: RuleVerdict<TlsState>): Finding[] {
	const row = rowOf({purpose});
	switch (state) {
		case 'unverified': {
			return row === 'C4'
				? [
						{
							row,
							code: 'KUBELET_CERT_NOT_VERIFIED',
							severity: 'warning',
							leg: 2,
							message: 'The apiserver accepts any certificate from a kubelet: encrypted, but the far end is not verified',
							remedy: purpose.insecureSkipTlsVerifyBackend ? 'omit --insecure-skip-tls-verify-backend' : remedies.kubeletCa,
							docs: docs.kubelet,
						},
					]
				: [
						{
							row,
							code: 'PROXY_NOT_VERIFIED',
							severity: 'warning',
							leg: 2,
							message: 'The apiserver proxy encrypts, but never validates the certificate',
							remedy: 'use a port-forward, or your own TLS through it, if the far end must be verified',
							docs: docs.proxied,
						},
					];
		}

		case 'plain': {
			return [
				{
					row,
					code: 'PROXY_PLAIN',
					severity: 'warning',
					leg: 2,
					message: 'The apiserver proxy speaks plain HTTP to the target',
					remedy: 'request KIND/https:NAME:PORT instead if it speaks TLS (still not verified)',
					docs: docs.proxied,
				},
			];
		}

		case 'refused': {
			return [
				{
					row,
					code: 'KUBELET_CERT_REFUSED',
					severity: 'error',
					leg: 2,
					message:
						basis === 'proven'
							? 'The apiserver checks the kubelet’s certificate and refuses it'
							: 'The apiserver refuses a certificate: the kubelet’s, or that of an egress proxy',
					remedy: remedies.kubeletServing,
					docs: docs.kubelet,
				},
			];
		}

		default: {
			return [];
		}
	}
}

/** The audit row of the far end. */
export function rowOf({purpose}: Pick<Observations, 'purpose'>): string {
	switch (purpose.feature) {
		case 'pod-proxy': {
			return 'C7';
		}

		case 'service-proxy': {
			return 'C8';
		}

		case 'node-proxy': {
			return endsAtKubelet({purpose}) ? 'C4' : 'C6';
		}

		default: {
			return 'C4';
		}
	}
}

function routes({state}: RouteVerdict): Finding[] {
	return state === 'ssh-tunnel'
		? [
				{
					row: 'C9',
					code: 'SSH_TUNNELS',
					severity: 'warning',
					leg: 2,
					message: 'SSH tunnels are deprecated, and removed since 1.22',
					remedy: remedies.konnectivity,
					docs: docs.ssh,
				},
			]
		: [];
}

function egressProxy(observations: Observations): Finding[] {
	return refusedEgressProxy(observations)
		? [
				{
					row: 'C10',
					code: 'EGRESS_PROXY_REFUSED',
					severity: 'error',
					leg: 2,
					message: 'The apiserver refuses the certificate of its egress proxy, so it reaches no kubelet through it',
					remedy: remedies.egressProxy,
					docs: docs.konnectivity,
				},
			]
		: [];
}

/** The next connection may end at another apiserver. */
function otherApiservers(observations: Observations): Finding[] {
	const [read, known] = [flagsPerProcess(observations), knownReplicaCount(observations)];
	const differ = replicasAgree(observations, read) === false;
	if (isOpenedScope(observations) || read.length === 0 || (areAllReplicasRead(observations, read) && !differ)) {
		return [];
	}

	const count =
		known === null
			? `The number of apiservers is unknown, and ${read.length} ${read.length === 1 ? 'was' : 'were'} examined`
			: `${read.length} of at least ${known} apiserver${known === 1 ? '' : 's'} examined`;
	const inferred = `${count}${differ ? ', and they differ (see spoke audit)' : ''}: a new connection may end at another. Until it is open, verdicts from flags and metrics are inferred, even if spoke audit proves them for an examined apiserver`;
	return [
		{
			row: 'C4',
			code: 'APISERVERS_NOT_READ',
			severity: 'info',
			leg: 1,
			message: [inferred, ...observations.unreachedAddresses.map(text => `not read: ${text}`)].join('; '),
			remedy: null,
			docs: null,
		},
	];
}

/** How such clusters usually are, where the verdict on this one is open. */
function ofDistribution(
	observations: Observations,
	tls: RuleVerdict<TlsState>,
	route: RouteVerdict,
	recognized: RecognizedDistribution | null,
): Finding[] {
	const isOpen = tls.basis === 'unknown' || route.basis === 'unknown';
	if (recognized === null || !isOpen) {
		return [];
	}

	const {route: usualRoute, kubelets} = recognized.distribution;
	const says = [
		...(route.basis === 'unknown' ? [usualRoute.says] : []),
		...(tls.basis === 'unknown' && endsAtKubelet(observations) ? [kubelets.says] : []),
	];
	return says.length === 0
		? []
		: [
				{
					row: rowOf(observations),
					code: 'DISTRIBUTION',
					severity: 'info',
					leg: 2,
					message: describeDistribution(recognized, ...says),
					remedy: null,
					docs: route.basis === 'unknown' ? usualRoute.source : kubelets.source,
				},
			];
}
