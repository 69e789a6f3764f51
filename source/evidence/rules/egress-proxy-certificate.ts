/** Whether the apiserver refuses the certificate of its egress proxy. */
import type {Citation, Observation, Observations} from '../evidence.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';
import {cite} from './claims.ts';
import {isFromOtherProcess} from './replicas.ts';

/**
An HTTP CONNECT proxy over TCP has a certificate of its own, which the apiserver verifies before it dials a kubelet. The error is the same
as for a refused kubelet. It is the proxy's if the apiserver does not verify kubelets: by its flags, or because the read asked for that.
`undefined` if the certificate can be a kubelet's, or the apiserver has no egress file. Until 1.30, the feature gate
AllowInsecureBackendProxy could make the apiserver ignore what the read asked for. A far end can have written the text: inferred at most.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/server/egressselector/egress_selector.go tcpHTTPConnectConnector
*/
export function refusedEgressProxy(observations: Observations): readonly Citation[] | undefined {
	const refused = refusedRead(observations);
	if (!refused || !mayHaveEgressProxy(observations)) {
		return undefined;
	}

	const citation = cite(observations, refused.observation, 'egress-proxy-refused', refused.text);
	if (refused.asksForNoVerification) {
		return [citation];
	}

	const kubeletCa = resolveApiserverFlag(observations, 'kubelet-certificate-authority', () => 'kubelet-ca-empty');
	return kubeletCa.known && kubeletCa.value === '' && kubeletCa.basis === 'proven' ? [...kubeletCa.citations, citation] : undefined;
}

export function mayHaveEgressProxy(observations: Observations): boolean {
	const file = resolveApiserverFlag(observations, 'egress-selector-config-file');
	return !(file.known && file.value === '');
}

type RefusedRead = {observation: Observation<unknown>; text: string; asksForNoVerification: boolean};

/** One that asked for no verification tells more. */
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
			.filter(({facts}) => facts.tls === 'refused')
			.map(observation => ({
				observation,
				text: observation.facts.text,
				asksForNoVerification: purpose.insecureSkipTlsVerifyBackend === true && purpose.feature === 'logs',
			})),
	].filter(({observation}) => !isFromOtherProcess(observation, observations));
	return reads.find(({asksForNoVerification}) => asksForNoVerification) ?? reads[0];
}
