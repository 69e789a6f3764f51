/** Leg 2's TLS, whatever its far end: the kubelet's own port, or what the apiserver proxy reaches. */
import type {Grounds, Ruling, TlsState} from '../evidence.ts';
import {kubeletTls} from './kubelet-tls.ts';
import {needNode} from './needs.ts';
import {proxiedTls} from './proxied-tls.ts';
import {weakest} from './strength.ts';

/** Where a kubelet listens unless its node says otherwise. */
const usualKubeletPort = 10_250;

/** No better than inferred where the port was typed and the node, which names its kubelet's, may not be read. */
export function secondLegTls(grounds: Grounds): Ruling<TlsState> {
	const ruling = toKubelet(grounds) ? kubeletTls(grounds) : proxiedTls(grounds);
	return farEndIsSure(grounds) ? ruling : {...ruling, basis: weakest(ruling.basis, 'inferred'), need: [...ruling.need, needNode]};
}

/** Whether leg 2 ends at the kubelet's own port: then the kubelet's transport is used, whatever scheme was asked. */
export function toKubelet({purpose: {feature, request}}: Pick<Grounds, 'purpose'>): boolean {
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
export function farEndIsSure({purpose: {request}}: Pick<Grounds, 'purpose'>): boolean {
	return request?.kubeletPort !== null;
}
