/** The exposure of leg 2, TLS and tunnel together (C11). */
import type {Basis, ExposureState, Observations, RuleVerdict, TlsState} from '../evidence.ts';
import {needActive, needAgentMetrics} from './needs.ts';
import type {RouteVerdict} from './second-leg-route.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';
import {isFarEndKnown} from './second-leg-tls.ts';

/** `protectedBy`: the verification of the far end, whatever its result, or the tunnel's own TLS. */
export type ExposureVerdict = RuleVerdict<ExposureState> & {why: string; protectedBy?: 'check' | 'tunnel'};

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
		return {
			state: 'protected',
			basis: tls.basis,
			citations: tls.citations,
			need: [],
			why: 'kubelet certificate verified',
			protectedBy: 'check',
		};
	}

	if (tls.state === 'refused') {
		return {
			state: 'protected',
			basis: tls.basis,
			citations: tls.citations,
			need: [],
			why: 'kubelet certificate checked and refused: nothing is sent',
			protectedBy: 'check',
		};
	}

	if (route.state === 'konnectivity') {
		return {
			state: 'protected',
			basis: route.basis,
			citations: route.citations,
			need: route.need,
			why: 'inside the Konnectivity tunnel’s TLS up to the node network',
			protectedBy: 'tunnel',
		};
	}

	return onItsOwn(observations, tls, route);
}

function onItsOwn(observations: Observations, tls: RuleVerdict<TlsState>, route: RouteVerdict): ExposureVerdict {
	if (tls.state === 'unknown') {
		return (
			verificationIsOn(observations) ?? {
				state: 'unknown',
				basis: 'unknown',
				citations: [],
				need: tls.need,
				why: 'TLS of leg 2 is unknown',
			}
		);
	}

	const noTls = tls.state === 'plain' ? 'plain HTTP' : 'certificate of the far end not verified';
	switch (route.state) {
		case 'direct': {
			return {
				state: 'exposed',
				basis: weaker(tls.basis, route.basis),
				citations: [...tls.citations, ...route.citations],
				need: [],
				why: `${noTls}, no tunnel`,
			};
		}

		case 'ssh-tunnel': {
			return {
				state: 'exposed',
				basis: 'inferred',
				citations: [...tls.citations, ...route.citations],
				need: [],
				why: `${noTls}, and SSH tunnels of apiservers check no host key`,
			};
		}

		case 'egress':
		case 'egress-http-connect': {
			return {
				state: 'unknown',
				basis: 'unknown',
				citations: [...tls.citations, ...route.citations],
				need: [needAgentMetrics],
				why: `${noTls}; it is unknown whether the egress proxy’s own connection is encrypted`,
			};
		}

		default: {
			return {
				state: 'unknown',
				basis: 'unknown',
				citations: tls.citations,
				need: route.need.length > 0 ? route.need : [needActive],
				why: `${noTls}; the route is unknown`,
			};
		}
	}
}

/** With verification on, the apiserver sends nothing to a kubelet that fails it. Only if the far end is a kubelet. */
function verificationIsOn(observations: Observations): ExposureVerdict | undefined {
	const flag = resolveApiserverFlag(observations, 'kubelet-certificate-authority', () => 'kubelet-ca-set');
	return flag.known && flag.value !== '' && isFarEndKnown(observations)
		? {
				state: 'protected',
				basis: flag.basis,
				citations: flag.citations,
				need: [],
				why: 'verification is on: a kubelet that is not verified is sent nothing',
				protectedBy: 'check',
			}
		: undefined;
}

function weaker(a: Basis, b: Basis): Basis {
	return a === 'proven' && b === 'proven' ? 'proven' : 'inferred';
}
