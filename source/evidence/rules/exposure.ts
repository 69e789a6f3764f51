/** The exposure of leg 2, TLS and tunnel together (C11). */
import type {ExposureState, Observations, RuleVerdict, TlsState} from '../evidence.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';
import {trustIn, settleClaims, weakestBasis} from './claims.ts';
import {needActive, needOfAgents} from './needs.ts';
import {isTunnelOfServer, type RouteVerdict} from './second-leg-route.ts';
import {isFarEndKnown} from './second-leg-tls.ts';
import {isBehindSupervisor} from './first-leg.ts';

/** `by`: the verdict that protects, if one does. */
export type ExposureVerdict = RuleVerdict<ExposureState> & {why: string; by?: 'tls' | 'route'};

/**
Protected if the far end is verified, or if the connection is inside Konnectivity's TLS up to the node network. The agent has no option to
skip that TLS, so the connection is unverified or plain only between agent and target. An SSH tunnel never checked host keys. The best
basis of all that protects counts, and nothing that somebody beyond the server could have written protects.
@see https://github.com/kubernetes-sigs/apiserver-network-proxy/blob/master/cmd/agent/app/options/options.go
*/
export function decideExposure(observations: Observations, tls: RuleVerdict<TlsState>, route: RouteVerdict): ExposureVerdict {
	const all = protections(observations, tls, route);
	return all.find(({basis}) => basis === 'proven') ?? all[0] ?? unprotected(observations, tls, route);
}

const sentNothing = 'the apiserver verifies kubelets and sends nothing to one that fails';

const protectedBecause: Partial<Record<TlsState, string>> = {
	verified: 'kubelet certificate verified',
	enforced: sentNothing,
};

function protections(observations: Observations, tls: RuleVerdict<TlsState>, route: RouteVerdict): readonly ExposureVerdict[] {
	const why = protectedBecause[tls.state];
	return [
		...(why !== undefined && trustIn(tls.authors) !== 'foreign' ? [protectedBy(tls, why)] : []),
		...(tls.state === 'unverified' || tls.state === 'plain' ? [] : byFlag(observations)),
		...(isTunnelOfServer(route)
			? [{...protectedBy(route, 'inside the Konnectivity tunnel’s TLS up to the node network'), need: route.need, by: 'route' as const}]
			: []),
	];
}

/** Only if the far end is a kubelet. */
function byFlag(observations: Observations): readonly ExposureVerdict[] {
	const flag = resolveApiserverFlag(observations, 'kubelet-certificate-authority', () => 'kubelet-ca-set');
	const settled = settleClaims(flag.known && flag.value !== '' && isFarEndKnown(observations) ? flag.claims('protected') : []);
	return settled.state === null ? [] : [protectedBy(settled, sentNothing)];
}

function protectedBy(
	{basis, citations, authors}: Pick<RuleVerdict<string>, 'basis' | 'citations' | 'authors'>,
	why: string,
): ExposureVerdict {
	return {state: 'protected', basis, citations, authors, need: [], why, by: 'tls'};
}

function unprotected(observations: Observations, tls: RuleVerdict<TlsState>, route: RouteVerdict): ExposureVerdict {
	const citations = [...tls.citations, ...route.citations];
	const unknown = (why: string, need: ExposureVerdict['need'] = []): ExposureVerdict => ({
		state: 'unknown',
		basis: 'unknown',
		authors: [],
		citations,
		need,
		why,
	});
	if (tls.state === 'unknown') {
		return {...unknown('TLS of leg 2 is unknown', tls.need), citations: []};
	}

	if (tls.state === 'refused') {
		return unknown('the far end could have written that the apiserver refused its certificate', tls.need);
	}

	const noTls = tls.state === 'plain' ? 'plain HTTP' : 'certificate of the far end not verified';
	const exposed = {state: 'exposed', citations, authors: [...tls.authors, ...route.authors], need: []} as const;
	switch (route.state) {
		case 'direct': {
			return {...exposed, basis: weakestBasis(tls.basis, route.basis), why: `${noTls}, no tunnel`};
		}

		case 'ssh-tunnel': {
			return {...exposed, basis: 'inferred', why: `${noTls}, and SSH tunnels of apiservers check no host key`};
		}

		case 'konnectivity': {
			return unknown(`${noTls}; only metrics of pods say that the tunnel is Konnectivity’s`);
		}

		case 'egress':
		case 'egress-http-connect': {
			// k3s dials a kubelet in the session of its node, anything else directly unless it has a session for it.
			return isBehindSupervisor(observations)
				? unknown(`${noTls}; k3s’s own server can dial the target without its tunnel`)
				: unknown(`${noTls}; it is unknown whether the egress proxy’s own connection is encrypted`, [needOfAgents(observations)]);
		}

		default: {
			return {...unknown(`${noTls}; the route is unknown`, route.need.length > 0 ? route.need : [needActive]), citations: tls.citations};
		}
	}
}
