/** Leg 2's TLS: of the kubelet's own port, or of the targets of the apiserver proxy. */
import type {Observations, RuleVerdict, TlsState} from '../evidence.ts';
import {kubeletTls} from './kubelet-tls.ts';
import {needNode} from './needs.ts';
import {proxiedTls} from './proxied-tls.ts';
import {weakestBasis} from './basis.ts';

/** The kubelet's default port. */
const usualKubeletPort = 10_250;

/** Inferred at most if the port was typed and the node, which has its kubelet's port, cannot be read. */
export function secondLegTls(observations: Observations): RuleVerdict<TlsState> {
	const verdict = endsAtKubelet(observations) ? kubeletTls(observations) : proxiedTls(observations);
	return isFarEndKnown(observations)
		? verdict
		: {...verdict, basis: weakestBasis(verdict.basis, 'inferred'), need: [...verdict.need, needNode]};
}

/** Whether leg 2 ends at the kubelet's own port: then the kubelet's transport is used, whatever scheme was requested. */
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

/** Whether it is known that the kubelet, or something else on its node, is the target. */
export function isFarEndKnown({purpose: {request}}: Pick<Observations, 'purpose'>): boolean {
	return request?.kubeletPort !== null;
}
