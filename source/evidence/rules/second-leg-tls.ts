/** TLS of leg 2. */
import type {Observations, RuleVerdict, TlsState} from '../evidence.ts';
import {kubeletTls} from './kubelet-tls.ts';
import {needNode} from './needs.ts';
import {proxiedTls} from './proxied-tls.ts';
import {weakestBasis} from './basis.ts';

const usualKubeletPort = 10_250;

/** Inferred at most if the port was typed and the node, which shows its kubelet's port, cannot be read. */
export function secondLegTls(observations: Observations): RuleVerdict<TlsState> {
	const verdict = endsAtKubelet(observations) ? kubeletTls(observations) : proxiedTls(observations);
	return isFarEndKnown(observations)
		? verdict
		: {...verdict, basis: weakestBasis(verdict.basis, 'inferred'), need: [...verdict.need, needNode]};
}

/** At the kubelet's own port its transport is used, whatever scheme was requested. */
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

/** False if the target may be the kubelet or something else on its node. */
export function isFarEndKnown({purpose: {request}}: Pick<Observations, 'purpose'>): boolean {
	return request?.kubeletPort !== null;
}
