/** Leg 2 to the kubelet's own port: does the apiserver verify the kubelet's certificate? */
import type {Basis, Citation, Observations, KubeletHandshakeFacts, Need, Observation, RuleVerdict, TlsState} from '../evidence.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';
import {mayBeDisabled} from './disabled-metrics.ts';
import {needActive, needFlagz, needMetrics, needMirrorPods, needReplicas, obtainableNeeds} from './needs.ts';
import {knownReplicaCount} from './replicas.ts';
import {isVerifiedApiserver, isFromOtherProcess, isFromSameProcess} from './same-process.ts';
import {citeConstruction, cite, basisOf, weakestBasis} from './basis.ts';

const flag = 'kubelet-certificate-authority';

/**
One setting decides for every kubelet of a process: without `--kubelet-certificate-authority` the transport is built insecure,
with it a request that succeeds was verified, and one that fails with an x509 text was refused.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/client/kubelet_client.go transportConfig
*/
export function kubeletTls(grounds: Observations): RuleVerdict<TlsState> {
	return (
		skippedByRequest(grounds) ??
		byDifference(grounds) ??
		byFlagOrText(grounds) ??
		byCounters(grounds) ??
		byImpossibleCertificate(grounds) ?? {state: 'unknown', basis: 'unknown', because: [], need: openNeeds(grounds)}
	);
}

/** Words that an apiserver surely spoke stand against what is inferred of its flag, and those that anybody may have spoken only where the flag does not say that nothing is checked. */
function byFlagOrText(grounds: Observations): RuleVerdict<TlsState> | undefined {
	const flagged = byFlag(grounds);
	if (isOff(flagged)) {
		return flagged;
	}

	const spoken = refusedByText(grounds, 'proven');
	if (spoken || flagged?.state === 'unverified') {
		return spoken ?? flagged;
	}

	return refusedByText(grounds, 'inferred') ?? flagged;
}

/** Nothing is checked there, whatever words came: an unverified kubelet can say any. */
function isOff(flagged: RuleVerdict<TlsState> | undefined): boolean {
	return flagged?.state === 'unverified' && flagged.basis === 'proven';
}

/** A log read may ask the apiserver not to look: then nobody does, whatever the flag says. */
function skippedByRequest(grounds: Observations): RuleVerdict<TlsState> | undefined {
	if (!grounds.purpose.insecureSkipTlsVerifyBackend || grounds.purpose.feature !== 'logs') {
		return undefined;
	}

	return {
		state: 'unverified',
		basis: isVerifiedApiserver(grounds) ? 'proven' : 'inferred',
		because: [citeConstruction(grounds, 'log-read-skips-verification', 'insecureSkipTLSVerifyBackend=true')],
		need: [],
	};
}

/**
An x509 text comes only from a check that was made: of the failing attempt itself, or of a probe to the same node. The surest reading counts.
`least`: how surely an apiserver spoke it, at the least; the kubelet itself may have, which does not stand against a flag.
*/
function refusedByText(grounds: Observations, least: Basis): RuleVerdict<TlsState> | undefined {
	const verifies = isVerificationProven(grounds);
	const isNoProxys = noProxyHasTls(grounds);
	// A kubelet that nobody verifies, or whoever stands in its place, can say these words itself where the apiserver passes them on.
	const all = [...refusingTexts(grounds, least), ...refusingReads(grounds)].map(({reading, said, isKubelets, isApiservers, citation}) => ({
		citation,
		isApiservers,
		basis: weakestBasis(said, basisOf(reading, grounds), (isApiservers || verifies) && (isKubelets || isNoProxys) ? 'proven' : 'inferred'),
	}));
	const best = all.find(({basis}) => basis === 'proven') ?? all[0];
	if (!best) {
		return undefined;
	}

	const toKnow = verifies || best.isApiservers ? egressNeeds(grounds) : [needFlagz, needMirrorPods];
	return {state: 'refused', basis: best.basis, because: [best.citation], need: best.basis === 'proven' ? [] : toKnow};
}

/** `said`: how surely an apiserver said it. `isKubelets`: nobody's certificate but the kubelet's can have been meant. `isApiservers`: nobody else can have said it. */
type Refusal = {reading: Observation<unknown>; said: Basis; isKubelets: boolean; isApiservers: boolean; citation: Citation};

/** A connection whose far end has answered was not refused, whatever words came on it. */
function refusingTexts(grounds: Observations, least: Basis): Refusal[] {
	return grounds.failures
		.filter(reading => reading.facts.tls === 'refused' && reading.facts.leg === 2 && !isFromOtherProcess(reading, grounds))
		.filter(({connection}) => !(grounds.answered && connection === grounds.connection))
		.filter(({facts: {basis}}) => least === 'inferred' || basis === 'proven')
		.map(reading => ({
			reading,
			said: reading.facts.basis,
			isKubelets: false,
			isApiservers: !reading.facts.mayBeFromFarEnd,
			citation: cite(reading, 'kubelet-certificate-refused', reading.facts.text),
		}));
}

function refusingReads(grounds: Observations): Refusal[] {
	return grounds.logDifferentials
		.filter(reading => reading.facts.normal === 'certificate-refused' && !isFromOtherProcess(reading, grounds))
		.map(reading => {
			const isKubelets = reading.facts.skipping === 'ok';
			const rule = isKubelets ? 'log-read-refused-then-skipped' : 'log-read-refused';
			return {
				reading,
				said: 'proven',
				isKubelets,
				isApiservers: true,
				citation: cite(reading, rule, reading.facts.text ?? 'a log read is refused at the certificate'),
			};
		});
}

/**
A proxy of kind HTTPConnect that is reached over TCP has a certificate of its own, whose refusal reads as a kubelet's does. It is out of the question
where no egress file is set, or what the apiserver dials is seen to go by another way. A log that is read once the check is skipped was the kubelet's refusal anyhow.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/server/egressselector/egress_selector.go
*/
function noProxyHasTls(grounds: Observations): boolean {
	const ways = [
		...grounds.metrics
			.filter(reading => !isFromOtherProcess(reading, grounds))
			.flatMap(({facts}) => facts.egressDials.map(({protocol, transport}) => `${protocol} ${transport}`)),
		...grounds.stepTests
			.filter(reading => !isFromOtherProcess(reading, grounds) && reading.facts.moved !== 'undecided')
			.map(({facts: {moved, transport}}) => `${moved} ${transport}`),
	];
	const file = resolveApiserverFlag(grounds, 'egress-selector-config-file', () => 'egress-file-empty');
	return !ways.includes('http-connect tcp') && (ways.length > 0 || (file.known && file.value === '' && file.basis === 'proven'));
}

/** What would tell whether a proxy's certificate can have been meant. */
function egressNeeds(grounds: Observations): readonly Need[] {
	return resolveApiserverFlag(grounds, 'egress-selector-config-file', () => 'egress-file-set').known
		? [needActive]
		: [needFlagz, needMetrics];
}

/** Proven: whoever answers at the far end was verified. */
export function isVerificationProven(grounds: Observations): boolean {
	const verdict = resolveApiserverFlag(grounds, flag, () => 'kubelet-ca-set');
	return verdict.known && verdict.value !== '' && verdict.basis === 'proven';
}

/** Nothing was opened, and the next connection may end at either of two apiservers that do not do the same. */
function byDifference(grounds: Observations): RuleVerdict<TlsState> | undefined {
	const verdict = grounds.about === 'configuration' && !grounds.bound ? resolveApiserverFlag(grounds, flag, () => 'kubelet-ca') : undefined;
	return verdict && !verdict.known && verdict.differs ? apiserversDiffer() : undefined;
}

function apiserversDiffer(): RuleVerdict<TlsState> {
	return {state: 'unknown', basis: 'unknown', because: [], need: [needFlagz], why: 'the apiservers differ; which one answers is not known'};
}

function byFlag(grounds: Observations): RuleVerdict<TlsState> | undefined {
	const verdict = resolveApiserverFlag(grounds, flag, value => (value === '' ? 'kubelet-ca-empty' : 'kubelet-ca-set'));
	if (!verdict.known) {
		return verdict.differs ? apiserversDiffer() : undefined;
	}

	if (verdict.value === '') {
		return {
			state: 'unverified',
			basis: verdict.basis,
			because: verdict.citations,
			need: verdict.basis === 'proven' ? [] : needReplicas(grounds),
		};
	}

	if (grounds.bound && verdict.boundBy === 'none' && (knownReplicaCount(grounds) ?? 1) > 1) {
		return {
			state: 'unknown',
			basis: 'unknown',
			because: verdict.citations,
			need: [needFlagz],
			why: 'another apiserver verifies; the one that answers was not read',
		};
	}

	if (grounds.answered) {
		return {state: 'verified', basis: verdict.basis, because: verdict.citations, need: []};
	}

	if (grounds.about === 'open-connection') {
		return grounds.upgradePassedThrough
			? {
					state: 'verified',
					basis: 'inferred',
					because: verdict.citations,
					need: [],
					why: 'its node takes WebSockets itself: the apiserver reached the kubelet before the stream opened',
				}
			: {
					state: 'unknown',
					basis: 'unknown',
					because: verdict.citations,
					need: [],
					why: 'verification is on; that the kubelet has answered is not known',
				};
	}

	return grounds.about === 'configuration'
		? acceptedOrRefused(grounds, verdict.citations, verdict.basis)
		: {
				state: 'unknown',
				basis: 'unknown',
				because: verdict.citations,
				need: [],
				why: 'verification is on, and this kubelet did not answer',
			};
}

/** Verification is on and nothing was opened: whether this kubelet's certificate would pass is another question. */
function acceptedOrRefused(grounds: Observations, flagCitations: readonly Citation[], flagBasis: Basis): RuleVerdict<TlsState> {
	const accepted = acceptedProbe(grounds);
	if (accepted) {
		// The file that the flag names is each apiserver's own.
		const basis = weakestBasis(flagBasis, basisOf(accepted, grounds));
		return {
			state: 'verified',
			basis,
			because: [...flagCitations, cite(accepted, 'kubelet-certificate-accepted', 'this kubelet answered')],
			need: basis === 'proven' ? [] : needReplicas(grounds),
		};
	}

	const counters = grounds.metrics.find(reading => !isFromOtherProcess(reading, grounds));
	// They count all kubelets: of one in particular they tell nothing.
	if (counters && grounds.purpose.target.chosenFrom === 0) {
		const {kubeletSuccesses, logTlsFailures} = counters.facts;
		const observed = `requests to kubelets that succeeded: ${kubeletSuccesses}; log reads refused at the certificate: ${logTlsFailures ?? 0}`;
		if (kubeletSuccesses > 0 && !logTlsFailures && !mayBeDisabled(grounds, /pod_logs/)) {
			return {
				state: 'verified',
				basis: 'inferred',
				because: [...flagCitations, cite(counters, 'kubelets-accepted-so-far', observed)],
				need: [needActive],
			};
		}

		if (logTlsFailures && kubeletSuccesses === 0) {
			return {
				state: 'refused',
				basis: 'inferred',
				because: [...flagCitations, cite(counters, 'kubelets-refused-so-far', observed)],
				need: [needActive],
			};
		}
	}

	return {
		state: 'unknown',
		basis: 'unknown',
		because: flagCitations,
		need: [needActive, ...(counters ? [] : [needMetrics])],
		why: 'verification is on; this kubelet may pass it or not',
	};
}

/** A probe through this process that this kubelet answered; any kubelet will do for a verdict on no one in particular. */
function acceptedProbe(grounds: Observations): Observation<unknown> | undefined {
	const {node, chosenFrom} = grounds.purpose.target;
	const isThisKubelet = (reading: Observation<{node: string | null}>) => chosenFrom === 0 || (node !== null && reading.facts.node === node);
	return (
		grounds.stepTests.find(reading => isFromSameProcess(reading, grounds) && isThisKubelet(reading) && reading.facts.rounds.length > 0) ??
		grounds.logDifferentials.find(reading => isFromSameProcess(reading, grounds) && isThisKubelet(reading) && reading.facts.normal === 'ok')
	);
}

/** Counters of the process: an x509 failure was counted, so verification is on there. */
function byCounters(grounds: Observations): RuleVerdict<TlsState> | undefined {
	const counters = grounds.metrics.find(reading => (reading.facts.logTlsFailures ?? 0) > 0 && !isFromOtherProcess(reading, grounds));
	if (!counters) {
		return undefined;
	}

	const because = [
		cite(counters, 'log-tls-failures-counted', `kube_apiserver_pod_logs_backend_tls_failure_total ${counters.facts.logTlsFailures}`),
	];
	if (grounds.bound && !isFromSameProcess(counters, grounds) && (knownReplicaCount(grounds) ?? 1) > 1) {
		return {
			state: 'unknown',
			basis: 'unknown',
			because,
			need: [needFlagz],
			why: 'another apiserver may have counted it; the one that answers was not read',
		};
	}

	if (!grounds.answered) {
		return {state: 'unknown', basis: 'unknown', because, need: [needFlagz], why: 'verification is on; this kubelet may pass it or not'};
	}

	if (counters.facts.egressDials.some(({protocol, transport}) => protocol === 'http-connect' && transport === 'tcp')) {
		return {
			state: 'unknown',
			basis: 'unknown',
			because,
			need: [needFlagz],
			why: 'a certificate was refused; an egress proxy’s may be meant',
		};
	}

	return {state: 'verified', basis: weakestBasis('inferred', basisOf(counters, grounds)), because, need: [needFlagz]};
}

/** The request succeeded although the kubelet presents a certificate that no check could pass for the address that was dialled. */
function byImpossibleCertificate(grounds: Observations): RuleVerdict<TlsState> | undefined {
	const accepted = acceptedProbe(grounds);
	if (!grounds.answered && !accepted) {
		return undefined;
	}

	const reading = grounds.handshakes.find(
		({facts}) => facts.node === grounds.purpose.target.node && cannotVerify(facts, Date.parse(grounds.time)),
	);
	if (!reading) {
		return undefined;
	}

	const {subject, notAfter} = reading.facts;
	const shown = `${subject}, until ${notAfter}, names: ${namesOf(reading.facts).join(' ') || 'none'}`;
	return {
		state: 'unverified',
		basis: 'inferred',
		because: [
			cite(reading, 'kubelet-certificate-cannot-verify', shown),
			...(accepted ? [cite(accepted, 'kubelet-certificate-accepted', 'this kubelet answered')] : []),
		],
		need: openNeeds(grounds),
	};
}

/**
No name at all in it, out of date, or for no address that the node has: no authority can make it pass. A name that we do not know to be dialled
may still be the one, and a certificate that a kubelet made for itself may be among the authorities.
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

/** A wildcard may stand for more here than in TLS: what passes is to be ruled out. */
function fits(name: string, address: string): boolean {
	return name === address || (name.startsWith('*.') && address.endsWith(name.slice(1)));
}

function openNeeds(grounds: Observations): readonly Need[] {
	return obtainableNeeds(grounds, grounds.closed.some(({because}) => because === 'not-asked') ? [needFlagz] : [needFlagz, needMirrorPods]);
}
