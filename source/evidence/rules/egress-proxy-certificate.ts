/** Whether the apiserver refuses the certificate of its egress proxy. */
import type {Basis, Citation, Observation, Observations} from '../evidence.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';
import {cite, settleClaims, weakestBasis, trustIn} from './claims.ts';
import {isFromOtherProcess} from './replicas.ts';

/**
An HTTP CONNECT proxy over TCP has a certificate of its own, which the apiserver verifies before it dials a kubelet. The error is the same
as for a refused kubelet. It is the proxy's if the apiserver does not verify kubelets: by its flags, or because the read asked for that.
`undefined` if the certificate can be a kubelet's, or the apiserver has no egress file. Until 1.30, the feature gate
AllowInsecureBackendProxy could make the apiserver ignore what the read asked for.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/server/egressselector/egress_selector.go tcpHTTPConnectConnector
*/
export function refusedEgressProxy(observations: Observations): {basis: Basis; citations: readonly Citation[]} | undefined {
	const refused = refusedRead(observations);
	const file = resolveApiserverFlag(observations, 'egress-selector-config-file');
	if (!refused || (file.known && file.value === '')) {
		return undefined;
	}

	const citation = cite(observations, refused.observation, 'egress-proxy-refused', refused.text);
	const {basis} = settleClaims([{state: 'refused', citations: [citation]}]);
	if (refused.asksForNoVerification) {
		return {basis, citations: [citation]};
	}

	const kubeletCa = resolveApiserverFlag(observations, 'kubelet-certificate-authority', () => 'kubelet-ca-empty');
	return kubeletCa.known && kubeletCa.value === '' && kubeletCa.basis === 'proven'
		? {basis: weakestBasis(basis, file.known ? file.basis : 'inferred'), citations: [...kubeletCa.citations, citation]}
		: undefined;
}

/**
Whether a refused certificate can be that of an egress proxy. It cannot if no egress file is set, or the apiserver uses another route.
*/
export function egressProxyMayBeMeant(observations: Observations): boolean {
	const ways = [
		...observations.metrics
			.filter(observation => !isFromOtherProcess(observation, observations))
			.flatMap(({facts}) => facts.egressDials.map(({protocol, transport}) => `${protocol} ${transport}`)),
		...observations.stepTests
			.filter(observation => !isFromOtherProcess(observation, observations) && observation.facts.moved !== 'undecided')
			.map(({facts: {moved, transport}}) => `${moved} ${transport}`),
	];
	const file = resolveApiserverFlag(observations, 'egress-selector-config-file');
	return ways.includes('http-connect tcp') || (ways.length === 0 && !(file.known && file.value === '' && file.basis === 'proven'));
}

type RefusedRead = {observation: Observation<unknown>; text: string; asksForNoVerification: boolean};

/** Only texts that the apiserver itself wrote. One that asked for no verification tells more. */
function refusedRead(observations: Observations): RefusedRead | undefined {
	const {failures, logDifferentials, purpose} = observations;
	const reads: RefusedRead[] = [
		...logDifferentials
			.filter(({facts}) => facts.normal === 'certificate-refused' && facts.skipping !== 'ok')
			.map(observation => ({
				observation,
				text: observation.facts.text ?? 'a log read is refused at the certificate',
				asksForNoVerification: observation.facts.skipping === 'certificate-refused',
			})),
		...failures
			.filter(({facts}) => facts.tls === 'refused' && facts.leg === 2)
			.map(observation => ({
				observation,
				text: observation.facts.text,
				asksForNoVerification: purpose.insecureSkipTlsVerifyBackend === true && purpose.feature === 'logs',
			})),
	].filter(({observation}) => trustIn(observation.authors) !== 'foreign' && !isFromOtherProcess(observation, observations));
	return reads.find(({asksForNoVerification}) => asksForNoVerification) ?? reads[0];
}
