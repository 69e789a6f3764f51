/** TLS of leg 2. */
import type {Observations, RuleVerdict, TlsState} from '../evidence.ts';
import {citeConstruction, verdictOn, weakestBasis} from './claims.ts';
import {kubeletTls} from './kubelet-tls.ts';
import {needNode} from './needs.ts';

const usualKubeletPort = 10_250;

/** Inferred at most if the port was typed and the node, which shows its kubelet's port, cannot be read. */
export function secondLegTls(observations: Observations): RuleVerdict<TlsState> {
	const verdict = endsAtKubelet(observations) ? kubeletTls(observations) : proxiedTls(observations);
	return isFarEndKnown(observations)
		? verdict
		: {...verdict, basis: weakestBasis(verdict.basis, 'inferred'), need: [...verdict.need, needNode]};
}

/** For the kubelet's own port, the apiserver uses its kubelet transport, whatever scheme was requested. */
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

/**
A proxied request is judged by the URL alone: the apiserver proxy never verifies and sends no client certificate.
The scheme before the name decides; `http` is the default. No flag can change it.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/controlplane/apiserver/config.go CreateProxyTransport
*/
function proxiedTls(observations: Observations): RuleVerdict<TlsState> {
	const {request, target} = observations.purpose;
	const scheme = request?.scheme ?? 'http';
	const where =
		target.chosenFrom === 0
			? `the scheme ${scheme}: of the request`
			: `the scheme ${scheme}: of requests to ${target.kind.toLowerCase()} ${target.name}${request?.port ? `:${request.port}` : ''}`;
	const rule = scheme === 'https' ? 'proxy-https-never-verifies' : 'proxy-http-is-plain';
	return verdictOn({state: scheme === 'https' ? 'unverified' : 'plain', citations: [citeConstruction(observations, rule, where)]});
}
