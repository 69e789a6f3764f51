/** The exposure of leg 2, TLS and tunnel together (C11). */
import type {ExposureState, Observations, RuleVerdict, TlsState} from '../evidence.ts';
import {verdictOf, weakestBasis} from './basis.ts';
import {needActive, needOfAgents} from './needs.ts';
import type {RouteVerdict} from './second-leg-route.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';
import {isFarEndKnown} from './second-leg-tls.ts';
import {isBehindSupervisor} from './server-identity.ts';

/** `by`: the verdict that protects, if one does. */
export type ExposureVerdict = RuleVerdict<ExposureState> & {why: string; by?: 'tls' | 'route'};

/**
Protected if the far end is verified, or if the connection is inside Konnectivity's TLS up to the node network. The agent has no option to
skip that TLS, so the connection is unverified or plain only between agent and target. An SSH tunnel never checked host keys.
@see https://github.com/kubernetes-sigs/apiserver-network-proxy/blob/master/cmd/agent/app/options/options.go
*/
export function decideExposure(observations: Observations, tls: RuleVerdict<TlsState>, route: RouteVerdict): ExposureVerdict {
	const checked = tls.state !== 'unverified' && tls.state !== 'plain' ? verificationIsOn(observations) : undefined;
	if (checked && checked.basis === 'proven' && tls.basis !== 'proven') {
		return checked;
	}

	if (tls.state === 'verified') {
		return protectedBy(tls, 'kubelet certificate verified');
	}

	if (tls.state === 'refused') {
		return protectedBy(tls, 'the apiserver refused the certificate and sends nothing');
	}

	if (tls.state === 'enforced' && !(route.state === 'konnectivity' && route.basis === 'proven')) {
		return protectedBy(tls, sentNothing);
	}

	if (route.state === 'konnectivity') {
		return {...protectedBy(route, 'inside the Konnectivity tunnel’s TLS up to the node network'), need: route.need, by: 'route'};
	}

	return onItsOwn(observations, tls, route);
}

function onItsOwn(observations: Observations, tls: RuleVerdict<TlsState>, route: RouteVerdict): ExposureVerdict {
	if (tls.state === 'unknown') {
		return verificationIsOn(observations) ?? {...verdictOf('unknown', 'unknown', [], {need: tls.need}), why: 'TLS of leg 2 is unknown'};
	}

	const noTls = tls.state === 'plain' ? 'plain HTTP' : 'certificate of the far end not verified';
	const citations = [...tls.citations, ...route.citations];
	switch (route.state) {
		case 'direct': {
			return {...verdictOf('exposed', weakestBasis(tls.basis, route.basis), citations), why: `${noTls}, no tunnel`};
		}

		case 'ssh-tunnel': {
			return {...verdictOf('exposed', 'inferred', citations), why: `${noTls}, and SSH tunnels of apiservers check no host key`};
		}

		case 'egress':
		case 'egress-http-connect': {
			// k3s dials a kubelet in the session of its node, anything else directly unless it has a session for it.
			return isBehindSupervisor(observations)
				? {...verdictOf('unknown', 'unknown', citations), why: `${noTls}; k3s’s own server can dial the target without its tunnel`}
				: {
						...verdictOf('unknown', 'unknown', citations, {need: [needOfAgents(observations)]}),
						why: `${noTls}; it is unknown whether the egress proxy’s own connection is encrypted`,
					};
		}

		default: {
			const need = route.need.length > 0 ? route.need : [needActive];
			return {...verdictOf('unknown', 'unknown', tls.citations, {need}), why: `${noTls}; the route is unknown`};
		}
	}
}

/** Only if the far end is a kubelet. */
function verificationIsOn(observations: Observations): ExposureVerdict | undefined {
	const flag = resolveApiserverFlag(observations, 'kubelet-certificate-authority', () => 'kubelet-ca-set');
	return flag.known && flag.value !== '' && isFarEndKnown(observations) ? protectedBy(flag, sentNothing) : undefined;
}

const sentNothing = 'the apiserver verifies kubelets and sends nothing to one that fails';

function protectedBy({basis, citations}: Pick<RuleVerdict<string>, 'basis' | 'citations'>, why: string): ExposureVerdict {
	return {...verdictOf('protected', basis, citations), why, by: 'tls'};
}
