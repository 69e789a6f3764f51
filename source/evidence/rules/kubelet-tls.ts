/** Whether the apiserver verifies the kubelet's certificate. */
import type {
	Basis,
	Citation,
	Observations,
	KubeletHandshakeFacts,
	MetricFacts,
	Need,
	Observation,
	RuleVerdict,
	TlsState,
} from '../evidence.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';
import {
	needActive,
	needApiserverItself,
	needEgressFile,
	needFlagz,
	needMetrics,
	needMirrorPods,
	needOfDifference,
	needReplicas,
	obtainableNeeds,
} from './needs.ts';
import {knownReplicaCount} from './replicas.ts';
import {isVerifiedApiserver, isFromOtherProcess, isFromSameProcess} from './same-process.ts';
import {refusedEgressProxy} from './egress-proxy-certificate.ts';
import {citeConstruction, cite, basisOf, unknownVerdict, verdictOf, weakestBasis} from './basis.ts';

const flag = 'kubelet-certificate-authority';

/**
One setting decides for all kubelets of a process. Without `--kubelet-certificate-authority` the transport is insecure. With it, a
successful request was verified, and one that fails with an x509 text was refused.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/client/kubelet_client.go transportConfig
*/
export function kubeletTls(observations: Observations): RuleVerdict<TlsState> {
	return (
		skippedByRequest(observations) ??
		byDifference(observations) ??
		byFlagOrText(observations) ??
		byCounters(observations) ??
		byImpossibleCertificate(observations) ??
		verdictWithoutFlag(observations)
	);
}

function verdictWithoutFlag(observations: Observations): RuleVerdict<TlsState> {
	const need = openNeeds(observations);
	const accepted = acceptedProbe(observations);
	return accepted
		? unknownVerdict(need, 'the kubelet responded to a probe, as it does with and without verification', [citeAccepted(accepted)])
		: unknownVerdict(need, null);
}

/**
Text that is certainly from an apiserver outweighs an inferred flag. Other text counts only if the flag does not turn verification off.
*/
function byFlagOrText(observations: Observations): RuleVerdict<TlsState> | undefined {
	const flagged = byFlag(observations);
	if (isOff(flagged)) {
		return flagged;
	}

	const byText = refusedByText(observations, 'proven');
	if (byText || flagged?.state === 'unverified') {
		return byText ?? flagged;
	}

	return refusedByText(observations, 'inferred') ?? flagged;
}

/** Whether verification is off. Then an unverified kubelet can send any text. */
function isOff(flagged: RuleVerdict<TlsState> | undefined): boolean {
	return flagged?.state === 'unverified' && flagged.basis === 'proven';
}

/** A log read can ask the apiserver to skip verification, whatever the flag. */
function skippedByRequest(observations: Observations): RuleVerdict<TlsState> | undefined {
	if (!observations.purpose.insecureSkipTlsVerifyBackend || observations.purpose.feature !== 'logs') {
		return undefined;
	}

	return verdictOf('unverified', isVerifiedApiserver(observations) ? 'proven' : 'inferred', [
		citeConstruction(observations, 'log-read-skips-verification', 'insecureSkipTLSVerifyBackend=true'),
	]);
}

/**
An x509 text comes only from a verification, of the failed attempt itself or of a probe to the same node. The strongest observation counts.
`least`: minimum basis for the apiserver being the sender; the kubelet can send it, too.
*/
function refusedByText(observations: Observations, least: Basis): RuleVerdict<TlsState> | undefined {
	if (refusedEgressProxy(observations)) {
		return undefined;
	}

	const verifies = isVerificationProven(observations);
	const isNotFromProxy = noProxyHasTls(observations);
	// An unverified kubelet or an impostor can send this text if the apiserver relays it.
	const all = [...refusingTexts(observations, least), ...refusingReads(observations)].map(refusal => ({
		refusal,
		basis: weakestBasis(
			refusal.textBasis,
			basisOf(refusal.observation, observations),
			(refusal.isFromApiserver || verifies) && (refusal.isFromKubelet || isNotFromProxy) ? 'proven' : 'inferred',
		),
	}));
	const best = all.find(({basis}) => basis === 'proven') ?? all[0];
	return (
		best &&
		verdictOf('refused', best.basis, [best.refusal.citation], {
			need: best.basis === 'proven' ? [] : refusalNeeds(observations, best.refusal),
		})
	);
}

/**
`textBasis`: the basis for the text being an apiserver's. `isFromKubelet`: only the kubelet's certificate can be meant.
`isFromApiserver`: no other server can have sent it.
*/
type Refusal = {
	observation: Observation<unknown>;
	textBasis: Basis;
	isFromKubelet: boolean;
	isFromApiserver: boolean;
	citation: Citation;
};

/** A connection whose far end answered was not refused, whatever text it carried. */
function refusingTexts(observations: Observations, least: Basis): Refusal[] {
	return observations.failures
		.filter(
			observation => observation.facts.tls === 'refused' && observation.facts.leg === 2 && !isFromOtherProcess(observation, observations),
		)
		.filter(({connection}) => !(observations.farEndAnswered && connection === observations.connection))
		.filter(({facts: {basis}}) => least === 'inferred' || basis === 'proven')
		.map(observation => ({
			observation,
			textBasis: observation.facts.basis,
			isFromKubelet: false,
			isFromApiserver: !observation.facts.mayBeFromFarEnd,
			citation: cite(observation, 'kubelet-certificate-refused', observation.facts.text),
		}));
}

function refusingReads(observations: Observations): Refusal[] {
	return observations.logDifferentials
		.filter(observation => observation.facts.normal === 'certificate-refused' && !isFromOtherProcess(observation, observations))
		.map(observation => {
			const isFromKubelet = observation.facts.skipping === 'ok';
			const rule = isFromKubelet ? 'log-read-refused-then-skipped' : 'log-read-refused';
			return {
				observation,
				textBasis: 'proven',
				isFromKubelet,
				isFromApiserver: true,
				citation: cite(observation, rule, observation.facts.text ?? 'a log read is refused at the certificate'),
			};
		});
}

/**
An HTTPConnect proxy over TCP has its own certificate, whose refusal reads the same as a kubelet's. It is excluded if no egress file is set,
or the apiserver uses another route. A log that is readable without verification was refused for the kubelet's certificate.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/server/egressselector/egress_selector.go
*/
function noProxyHasTls(observations: Observations): boolean {
	const ways = [
		...observations.metrics
			.filter(observation => !isFromOtherProcess(observation, observations))
			.flatMap(({facts}) => facts.egressDials.map(({protocol, transport}) => `${protocol} ${transport}`)),
		...observations.stepTests
			.filter(observation => !isFromOtherProcess(observation, observations) && observation.facts.moved !== 'undecided')
			.map(({facts: {moved, transport}}) => `${moved} ${transport}`),
	];
	const file = resolveApiserverFlag(observations, 'egress-selector-config-file');
	return !ways.includes('http-connect tcp') && (ways.length > 0 || (file.known && file.value === '' && file.basis === 'proven'));
}

/**
Needs that would prove that this apiserver verifies kubelets or, if that is proven, whose certificate was refused. Omits sources that were
read.
*/
function refusalNeeds(observations: Observations, {isFromApiserver, isFromKubelet}: Refusal): readonly Need[] {
	if (!isVerifiedApiserver(observations)) {
		return [needApiserverItself];
	}

	const isChecked = isFromApiserver || isVerificationProven(observations);
	const isKubeletCertificate = isFromKubelet || noProxyHasTls(observations);
	const needs = isChecked ? (isKubeletCertificate ? [] : egressNeeds(observations)) : flagNeeds(observations, flag, needMirrorPods);
	return needs.length > 0 ? needs : [needActive];
}

function egressNeeds(observations: Observations): readonly Need[] {
	const file = resolveApiserverFlag(observations, 'egress-selector-config-file');
	return file.known && file.value !== ''
		? [observations.probe === 'active' ? needEgressFile : needActive]
		: flagNeeds(observations, 'egress-selector-config-file', needMetrics);
}

/** `other`: the need for another source of the same flag. */
function flagNeeds(observations: Observations, name: string, other: Need): readonly Need[] {
	const verdict = resolveApiserverFlag(observations, name);
	if (!observations.isBound && (verdict.known || verdict.differs)) {
		return needReplicas(observations);
	}

	const read = new Set<Need>([
		...(observations.flags.some(one => isFromSameProcess(one, observations)) ? [needFlagz] : []),
		...(observations.metrics.some(one => isFromSameProcess(one, observations)) ? [needMetrics] : []),
		...(observations.mirrorPods.length > 0 ? [needMirrorPods] : []),
	]);
	return obtainableNeeds(
		observations,
		[needFlagz, other].filter(need => !read.has(need)),
	);
}

function isVerificationProven(observations: Observations): boolean {
	const verdict = resolveApiserverFlag(observations, flag);
	return verdict.known && verdict.value !== '' && verdict.basis === 'proven';
}

function byDifference(observations: Observations): RuleVerdict<TlsState> | undefined {
	const verdict = observations.about === 'configuration' && !observations.isBound ? resolveApiserverFlag(observations, flag) : undefined;
	return verdict && !verdict.known && verdict.differs ? apiserversDiffer(observations) : undefined;
}

function apiserversDiffer(observations: Observations): RuleVerdict<TlsState> {
	return unknownVerdict([needOfDifference(observations)], 'the apiservers differ; it is unknown which one responds');
}

export function kubeletCaRule(value: string): string {
	return value === '' ? 'kubelet-ca-empty' : 'kubelet-ca-set';
}

function byFlag(observations: Observations): RuleVerdict<TlsState> | undefined {
	const verdict = resolveApiserverFlag(observations, flag, kubeletCaRule);
	if (!verdict.known) {
		return verdict.differs ? apiserversDiffer(observations) : undefined;
	}

	if (verdict.value === '') {
		return verdictOf('unverified', verdict.basis, verdict.citations, {need: verdict.basis === 'proven' ? [] : needReplicas(observations)});
	}

	if (observations.isBound && verdict.boundBy === 'none' && (knownReplicaCount(observations) ?? 1) > 1) {
		return unknownVerdict([needFlagz], 'another apiserver verifies; the one that responds was not read', verdict.citations);
	}

	if (observations.farEndAnswered) {
		return verdictOf('verified', verdict.basis, verdict.citations);
	}

	if (observations.about === 'open-connection') {
		return observations.upgradePassedThrough
			? verdictOf('verified', 'inferred', verdict.citations, {
					why: 'its node accepts WebSockets itself: the apiserver reached the kubelet before the stream opened',
				})
			: unknownVerdict([], 'verification is on; it is unknown whether the kubelet has responded', verdict.citations);
	}

	return observations.about === 'configuration'
		? enforced(observations, verdict.citations, verdict.basis)
		: unknownVerdict([], 'verification is on, and no response of this kubelet was seen', verdict.citations);
}

/** `enforced`, unless evidence of at least the same basis shows that this kubelet passes, or metrics show that none has passed so far. */
function enforced(observations: Observations, flagCitations: readonly Citation[], flagBasis: Basis): RuleVerdict<TlsState> {
	const need = flagBasis === 'proven' ? [] : needReplicas(observations);
	const accepted = acceptedProbe(observations);
	// Each apiserver reads its own file of that name.
	if (accepted && (flagBasis === 'inferred' || basisOf(accepted, observations) === 'proven')) {
		const citations = [...flagCitations, citeAccepted(accepted)];
		return verdictOf('verified', flagBasis, citations, {need});
	}

	const metrics = observations.metrics.find(observation => !isFromOtherProcess(observation, observations));
	// Metrics count all kubelets, and say nothing about a particular one.
	if (metrics && observations.purpose.target.chosenFrom === 0) {
		const {kubeletSuccesses, logTlsFailures} = metrics.facts;
		if (logTlsFailures && kubeletSuccesses === 0 && !dialsProxyWithTls(metrics.facts)) {
			const observed = `no request to a kubelet succeeded; ${logTlsFailures} log read${logTlsFailures === 1 ? '' : 's'} failed at the certificate`;
			return verdictOf('refused', 'inferred', [...flagCitations, cite(metrics, 'kubelets-refused-so-far', observed)], {need: [needActive]});
		}
	}

	return verdictOf('enforced', flagBasis, flagCitations, {need});
}

/** A probe through this process that this kubelet answered; any kubelet, if the verdict is about none in particular. */
function acceptedProbe(observations: Observations): Observation<unknown> | undefined {
	const {node, chosenFrom} = observations.purpose.target;
	const isThisKubelet = (observation: Observation<{node: string | null}>) =>
		chosenFrom === 0 || (node !== null && observation.facts.node === node);
	return (
		observations.stepTests.find(
			observation => isFromSameProcess(observation, observations) && isThisKubelet(observation) && observation.facts.rounds.length > 0,
		) ??
		observations.logDifferentials.find(
			observation => isFromSameProcess(observation, observations) && isThisKubelet(observation) && observation.facts.normal === 'ok',
		)
	);
}

function citeAccepted(probe: Observation<unknown>): Citation {
	return cite(probe, 'kubelet-certificate-accepted', 'this kubelet responded');
}

function byCounters(observations: Observations): RuleVerdict<TlsState> | undefined {
	const metrics = observations.metrics.find(
		observation => (observation.facts.logTlsFailures ?? 0) > 0 && !isFromOtherProcess(observation, observations),
	);
	if (!metrics) {
		return undefined;
	}

	const citations = [
		cite(metrics, 'log-tls-failures-counted', `kube_apiserver_pod_logs_backend_tls_failure_total ${metrics.facts.logTlsFailures}`),
	];
	if (observations.isBound && !isFromSameProcess(metrics, observations) && (knownReplicaCount(observations) ?? 1) > 1) {
		return unknownVerdict([needFlagz], 'another apiserver may have counted it; the one that responds was not read', citations);
	}

	if (!observations.farEndAnswered) {
		return unknownVerdict([needFlagz], 'a certificate was refused, so verification may be on', citations);
	}

	if (dialsProxyWithTls(metrics.facts)) {
		return unknownVerdict([needFlagz], 'a certificate was refused, possibly an egress proxy’s', citations);
	}

	return verdictOf('verified', weakestBasis('inferred', basisOf(metrics, observations)), citations, {need: [needFlagz]});
}

function dialsProxyWithTls({egressDials}: MetricFacts): boolean {
	return egressDials.some(({protocol, transport}) => protocol === 'http-connect' && transport === 'tcp');
}

/** The request succeeded although the kubelet's certificate could not pass verification for the dialed address. */
function byImpossibleCertificate(observations: Observations): RuleVerdict<TlsState> | undefined {
	const accepted = acceptedProbe(observations);
	if (!observations.farEndAnswered && !accepted) {
		return undefined;
	}

	const observation = observations.handshakes.find(
		({facts}) => facts.node === observations.purpose.target.node && cannotVerify(facts, Date.parse(observations.time)),
	);
	if (!observation) {
		return undefined;
	}

	const {subject, notAfter} = observation.facts;
	const shown = `${subject}, until ${notAfter}, names: ${namesOf(observation.facts).join(' ') || 'none'}`;
	const citations = [cite(observation, 'kubelet-certificate-cannot-verify', shown), ...(accepted ? [citeAccepted(accepted)] : [])];
	return verdictOf('unverified', 'inferred', citations, {need: openNeeds(observations)});
}

/**
A certificate without any name, expired, or for no address of the node passes with no CA. An unknown name may still be the dialed one, and a
self-made certificate may be among the CAs.
*/
function cannotVerify(facts: KubeletHandshakeFacts, now: number): boolean {
	const names = namesOf(facts);
	const addresses = facts.nodeAddresses ?? [];
	const isOutOfDate = Date.parse(facts.notAfter) < now || Date.parse(facts.notBefore) > now;
	return (
		names.length === 0 || isOutOfDate || (addresses.length > 0 && addresses.every(address => names.every(name => !fits(name, address))))
	);
}

function namesOf({dnsNames, addresses}: KubeletHandshakeFacts): readonly string[] {
	return [...dnsNames, ...addresses];
}

/** Matches more wildcards than TLS, so that nothing that could pass counts as impossible. */
function fits(name: string, address: string): boolean {
	return name === address || (name.startsWith('*.') && address.endsWith(name.slice(1)));
}

function openNeeds(observations: Observations): readonly Need[] {
	const needs = obtainableNeeds(
		observations,
		observations.unavailable.some(({reason}) => reason === 'not-requested') ? [needFlagz] : [needFlagz, needMirrorPods],
	);
	if (!observations.farEndAnswered && !acceptedProbe(observations)) {
		return needs;
	}

	// A kubelet that has responded was not refused, and a refusal is what probes show.
	const others = needs.map(need => (need.or === needActive.or ? {...need, or: null} : need)).filter(({permission, or}) => permission ?? or);
	return others.length > 0 ? others : needs;
}
