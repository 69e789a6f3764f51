/** Notable facts about a path. */
import type {ErrorObject, Finding, Observations, RuleVerdict, StreamFeature, TlsState} from '../evidence.ts';
import {describeDistribution, type RecognizedDistribution} from './distributions.ts';
import {mayHaveEgressProxy, refusedEgressProxy} from './egress-proxy-certificate.ts';
import {docs, isOpenedScope, needNode, remedies} from './needs.ts';
import {areAllReplicasRead, flagsPerProcess, knownReplicaCount, replicasAgree} from './replicas.ts';
import type {RouteVerdict} from './second-leg-route.ts';
import {endsAtKubelet} from './second-leg-tls.ts';

/** Of leg 2, without remedy and page, unless it says otherwise. */
type FoundFact = Pick<Finding, 'row' | 'code' | 'severity' | 'message'> & Partial<Finding>;

/** Worst first. */
export function pathFindings(
	observations: Observations,
	tls: RuleVerdict<TlsState>,
	route: RouteVerdict,
	{error, distribution}: {error: ErrorObject | null; distribution: RecognizedDistribution | null},
): Finding[] {
	return findingsOf([
		failed(error),
		unconfirmed(observations),
		firstLeg(observations),
		server(observations),
		farEnd(observations, tls),
		route.state === 'ssh-tunnel' && {
			row: 'C9',
			code: 'SSH_TUNNELS',
			severity: 'warning',
			message: 'SSH tunnels are deprecated, and removed since 1.22',
			remedy: remedies.konnectivity,
			docs: docs.ssh,
		},
		refusedEgressProxy(observations) !== undefined && {
			row: 'C10',
			code: 'EGRESS_PROXY_REFUSED',
			severity: 'error',
			message: 'The apiserver refuses the certificate of its egress proxy, so it reaches no kubelet through it',
			remedy: remedies.egressProxy,
			docs: docs.konnectivity,
		},
		otherApiservers(observations),
		ofDistribution(observations, tls, route, distribution),
	]);
}

/** Drops what was not found. */
export function findingsOf(facts: ReadonlyArray<FoundFact | false | null>): Finding[] {
	const found = facts.filter(fact => fact !== false && fact !== null);
	return found.map(({leg = 2, remedy = null, docs: page = null, ...fact}) => ({...fact, leg, remedy, docs: page}));
}

function failed(error: ErrorObject | null): FoundFact | false {
	return (
		error?.leg === 2 &&
		error.legKnown && {
			row: 'C10',
			code: 'SECOND_LEG_FAILED',
			severity: 'error',
			message: error.message,
			remedy: error.remedy,
			docs: docs.debugging,
		}
	);
}

function unconfirmed({purpose}: Observations): FoundFact | false {
	return (
		purpose.isUnconfirmed === true && {
			row: rowOf({purpose}),
			code: 'TARGET_NOT_CONFIRMED',
			severity: 'warning',
			message: `It is unknown whether node ${purpose.target.name} exists: you lack permission to ${needNode.permission}`,
			remedy: `request permission; check with \`${needNode.check}\``,
		}
	);
}

function firstLeg({socket}: Observations): FoundFact | false {
	if (!socket || socket.facts.tls?.verified) {
		return false;
	}

	const leg = {row: 'N5', leg: 1, docs: docs.paths} as const;
	return socket.facts.tls
		? {
				...leg,
				code: 'APISERVER_NOT_VERIFIED',
				severity: 'warning',
				message: 'The server was not verified: what it reports about itself is inferred at most',
				remedy: 'remove insecure-skip-tls-verify and set certificate-authority in the kubeconfig',
			}
		: {
				...leg,
				code: 'APISERVER_PLAIN',
				severity: 'error',
				message: 'Your connection to the apiserver is not encrypted',
				remedy: 'use the https server address in the kubeconfig',
			};
}

function server({socket, serverIdentity: {to, why}}: Observations): FoundFact | false {
	const leg = {row: 'N5', leg: 1, severity: 'info'} as const;
	if (to === 'gateway') {
		return {...leg, code: 'GATEWAY_IN_FRONT', message: `A gateway responds, not an apiserver: ${why}`};
	}

	return (
		to === 'unknown' &&
		socket?.facts.tls?.verified === true && {
			...leg,
			code: 'FRONT_NOT_KNOWN',
			message: `It is unknown whether an apiserver or a gateway responds: ${why}`,
		}
	);
}

function farEnd(observations: Observations, {state}: RuleVerdict<TlsState>): FoundFact | false {
	const row = rowOf(observations);
	const ofKubelet = {row, docs: docs.kubelet};
	const ofProxy = {row, severity: 'warning', docs: docs.proxied} as const;
	const hasEgressProxy = state === 'refused' && mayHaveEgressProxy(observations);
	const skips = observations.purpose.insecureSkipTlsVerifyBackend === true;
	const found: Partial<Record<TlsState, FoundFact>> = {
		unverified:
			row === 'C4'
				? {
						...ofKubelet,
						code: 'KUBELET_CERT_NOT_VERIFIED',
						severity: 'warning',
						message: 'The apiserver accepts any certificate from a kubelet: encrypted, but the far end is not verified',
						remedy: skips ? 'omit --insecure-skip-tls-verify-backend' : remedies.kubeletCa,
					}
				: {
						...ofProxy,
						code: 'PROXY_NOT_VERIFIED',
						message: 'The apiserver proxy encrypts, but never validates the certificate',
						remedy: 'use a port-forward, or your own TLS through it, if the far end must be verified',
					},
		plain: {
			...ofProxy,
			code: 'PROXY_PLAIN',
			message: 'The apiserver proxy speaks plain HTTP to the target',
			remedy: 'request KIND/https:NAME:PORT instead if it speaks TLS (still not verified)',
		},
		refused: {
			...ofKubelet,
			code: 'KUBELET_CERT_REFUSED',
			severity: 'error',
			message: hasEgressProxy
				? 'The apiserver refuses a certificate: the kubelet’s, or that of an egress proxy'
				: 'The apiserver checks the kubelet’s certificate and refuses it',
			remedy: remedies.kubeletServing,
		},
	};
	return found[state] ?? false;
}

/** The audit row of the far end. */
export function rowOf({purpose}: Pick<Observations, 'purpose'>): string {
	const rows: Partial<Record<StreamFeature, string>> = {'pod-proxy': 'C7', 'service-proxy': 'C8'};
	return rows[purpose.feature] ?? (endsAtKubelet({purpose}) ? 'C4' : 'C6');
}

/** The next connection may end at another apiserver. */
function otherApiservers(observations: Observations): FoundFact | false {
	const [read, known] = [flagsPerProcess(observations), knownReplicaCount(observations)];
	const differ = replicasAgree(observations, read) === false;
	if (isOpenedScope(observations) || read.length === 0 || (areAllReplicasRead(observations, read) && !differ)) {
		return false;
	}

	const count =
		known === null
			? `The number of apiservers is unknown, and ${read.length} ${read.length === 1 ? 'was' : 'were'} examined`
			: `${read.length} of at least ${known} apiserver${known === 1 ? '' : 's'} examined`;
	const inferred = `${count}${differ ? ', and they differ (see spoke audit)' : ''}: a new connection may end at another. Until it is open, verdicts from flags and metrics are inferred, even if spoke audit proves them for an examined apiserver`;
	const message = [inferred, ...observations.unreadApiservers.map(text => `not read: ${text}`)].join('; ');
	return {row: 'C4', code: 'APISERVERS_NOT_READ', severity: 'info', leg: 1, message};
}

/** How such clusters usually are, where the verdict on this one is open. */
function ofDistribution(
	observations: Observations,
	tls: RuleVerdict<TlsState>,
	route: RouteVerdict,
	recognized: RecognizedDistribution | null,
): FoundFact | false {
	const isRouteOpen = route.basis === 'unknown';
	const areKubeletsOpen = tls.basis === 'unknown' && endsAtKubelet(observations);
	if (recognized === null || !(isRouteOpen || areKubeletsOpen)) {
		return false;
	}

	const {route: usualRoute, kubelets, source, kubeletsSource = source} = recognized.distribution;
	return {
		row: rowOf(observations),
		code: 'DISTRIBUTION',
		severity: 'info',
		message: describeDistribution(recognized, ...(isRouteOpen ? [usualRoute] : []), ...(areKubeletsOpen ? [kubelets] : [])),
		docs: isRouteOpen ? source : kubeletsSource,
	};
}
