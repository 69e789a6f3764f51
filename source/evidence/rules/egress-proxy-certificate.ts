/** Whether the apiserver refuses the certificate of its egress proxy. */
import type {Basis, Citation, Observation, Observations} from '../evidence.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';
import {basisOf, cite, weakestBasis} from './basis.ts';
import {isFromOtherProcess} from './same-process.ts';

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

	const citation = cite(refused.observation, 'egress-proxy-refused', refused.text);
	const basis = basisOf(refused.observation, observations);
	if (refused.asksForNoVerification) {
		return {basis, citations: [citation]};
	}

	const kubeletCa = resolveApiserverFlag(observations, 'kubelet-certificate-authority', () => 'kubelet-ca-empty');
	return kubeletCa.known && kubeletCa.value === '' && kubeletCa.basis === 'proven'
		? {basis: weakestBasis(basis, file.known ? file.basis : 'inferred'), citations: [...kubeletCa.citations, citation]}
		: undefined;
}

type RefusedRead = {observation: Observation<unknown>; text: string; asksForNoVerification: boolean};

/** Only of a log that could not be read does the apiserver itself report. One that asked for no verification tells more. */
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
			.filter(({facts}) => facts.tls === 'refused' && facts.leg === 2 && facts.basis === 'proven' && !facts.mayBeFromFarEnd)
			.map(observation => ({
				observation,
				text: observation.facts.text,
				asksForNoVerification: purpose.insecureSkipTlsVerifyBackend === true && purpose.feature === 'logs',
			})),
	].filter(({observation}) => !isFromOtherProcess(observation, observations));
	return reads.find(({asksForNoVerification}) => asksForNoVerification) ?? reads[0];
}
