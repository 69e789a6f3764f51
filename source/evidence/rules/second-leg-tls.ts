/** Leg 2's TLS, whatever its far end: the kubelet's own port, or what the apiserver proxy reaches. */
import type {Observations, RuleVerdict, TlsState} from '../evidence.ts';
import {kubeletTls} from './kubelet-tls.ts';
import {needNode} from './needs.ts';
import {proxiedTls} from './proxied-tls.ts';
import {weakestBasis} from './basis.ts';

/** Where a kubelet listens unless its node says otherwise. */
const usualKubeletPort = 10_250;

/** No better than inferred where the port was typed and the node, which names its kubelet's, may not be read. */
export function secondLegTls(observations: Observations): RuleVerdict<TlsState> {
	const verdict = endsAtKubelet(observations) ? kubeletTls(observations) : proxiedTls(observations);
	return isFarEndKnown(observations)
		? verdict
		: {...verdict, basis: weakestBasis(verdict.basis, 'inferred'), need: [...verdict.need, needNode]};
}

/** Whether leg 2 ends at the kubelet's own port: then the kubelet's transport is used, whatever scheme was asked. */
export function endsAtKubelet({purpose: {feature, request}}: Pick<Observations, 'purpose'>): boolean {
	switch (feature) {
		case 'node-proxy': {
			return request?.kubeletPort ?? (request === null || request.port === usualKubeletPort);
		}

		case 'pod-proxy':
		case 'service-proxy': {
			return false;
		}

		default: {
			return true;
		}
	}
}

/** It is known whether the kubelet is meant, or something else on its node. */
export function isFarEndKnown({purpose: {request}}: Pick<Observations, 'purpose'>): boolean {
	return request?.kubeletPort !== null;
}
