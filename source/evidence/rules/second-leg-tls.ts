/** TLS of leg 2. */
import type {
	Observations,
	RuleVerdict,
	TlsState,
	Citation,
	FailureFacts,
	KubeletHandshakeFacts,
	LogDifferentialFacts,
	Need,
	Observation,
} from '../evidence.ts';
import {
	citeConstruction,
	verdictOn,
	weakestBasis,
	isBound,
	type Claim,
	cite,
	settleClaims,
	type Settled,
	unknownVerdict,
} from './claims.ts';
import {
	needNode,
	needActive,
	needApiserverItself,
	needFlagz,
	needMirrorPods,
	needOfDifference,
	needReplicas,
	isOpenedScope,
	obtainableNeeds,
} from './needs.ts';
import {apiserversDiffer, type FlagResult, resolveApiserverFlag} from './apiserver-flag.ts';
import {refusedEgressProxy} from './egress-proxy-certificate.ts';
import {isFromOtherProcess, isFromSameProcess, isVerifiedApiserver} from './replicas.ts';

const usualKubeletPort = 10_250;

const flag = 'kubelet-certificate-authority';

/** `checked`: the apiserver verifies kubelets, whatever became of this one. */
type KubeletClaim = Claim<'unverified' | 'checked' | 'refused'>;

/**
If the port was typed and the node, which shows its kubelet's port, cannot be read, then the far end may be another program: what holds for
both is inferred, and what holds for the kubelet only is unknown.
*/
export function secondLegTls(observations: Observations): RuleVerdict<TlsState> {
	const verdict = endsAtKubelet(observations) ? kubeletTls(observations) : proxiedTls(observations);
	if (isFarEndKnown(observations)) {
		return verdict;
	}

	return verdict.state === 'unverified' || verdict.state === 'plain'
		? {...verdict, basis: weakestBasis(verdict.basis, 'inferred'), need: [...verdict.need, needNode]}
		: unknownVerdict([...verdict.need, needNode], 'its node cannot be read, and the port may not be its kubelet’s', verdict.citations);
}

/** For the kubelet's own port, the apiserver uses its kubelet transport, whatever scheme was requested. */
export function endsAtKubelet({purpose: {feature, request}}: Pick<Observations, 'purpose'>): boolean {
	return feature === 'node-proxy'
		? (request?.kubeletPort ?? (request === null || request.port === usualKubeletPort))
		: feature !== 'pod-proxy' && feature !== 'service-proxy';
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

/**
One setting decides for all kubelets of a process. Without `--kubelet-certificate-authority` the transport is insecure. With it, a
successful request was verified, and one that fails with an x509 text was refused.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/client/kubelet_client.go transportConfig
*/
export function kubeletTls(observations: Observations): RuleVerdict<TlsState> {
	if (skipsVerification(observations)) {
		const request = citeConstruction(observations, 'log-read-skips-verification', 'insecureSkipTLSVerifyBackend=true');
		return verdictOn({state: 'unverified', citations: [request]});
	}

	const found = resolveApiserverFlag(observations, flag, kubeletCaRule);
	if (apiserversDiffer(found) && !isBound(observations.scope)) {
		return differs(observations, found);
	}

	const settled = settleClaims<KubeletClaim['state']>(
		[
			...(found.known ? found.claims(found.value === '' ? 'unverified' : 'checked') : []),
			...refusals(observations),
			...impossible(observations),
		],
		{refused: 'checked'},
	);
	return verdictOf(settled, found, observations);
}

function verdictOf(settled: Settled<KubeletClaim['state']>, found: FlagResult, observations: Observations): RuleVerdict<TlsState> {
	const {state, basis, authors, citations} = settled;
	if (state === null) {
		return unknown(settled, found, observations);
	}

	if (state === 'checked') {
		return checked(settled, observations);
	}

	const isOfFlagz = citations.some(({source}) => source === 'flagz');
	const unverifiedNeeds = isOfFlagz ? needReplicas : openNeeds;
	const need = state === 'refused' ? refusalNeeds(observations, found) : unverifiedNeeds(observations);
	return {state, basis, authors, citations, need: basis === 'proven' ? [] : need};
}

/** A log read can ask the apiserver to skip verification, whatever the flag. */
function skipsVerification({purpose}: Observations): boolean {
	return purpose.insecureSkipTlsVerifyBackend === true && purpose.feature === 'logs';
}

/** What the flag does to the connection in question. */
function checked({basis, authors, citations}: Settled<KubeletClaim['state']>, observations: Observations): RuleVerdict<TlsState> {
	const verdict = {basis, authors, citations, need: []};
	if (observations.farEndAnswered) {
		return {...verdict, state: 'verified'};
	}

	if (isOpenedScope(observations)) {
		const seen =
			observations.scope === 'ended' ? ', and no response of this kubelet was seen' : '; it is unknown whether the kubelet has responded';
		return unknownVerdict([], `verification is on${seen}`, citations);
	}

	// Each apiserver reads its own file of that name, so only a probe through the one in question proves that this kubelet passes.
	const probe = acceptedProbe(observations);
	const accepted = probe && citeAccepted(observations, probe);
	const need = basis === 'proven' ? [] : needReplicas(observations);
	return accepted && (basis === 'inferred' || !accepted.authors.includes('replica'))
		? {...verdict, state: 'verified', citations: [...citations, accepted], need}
		: {...verdict, state: 'enforced', need};
}

function unknown(
	{contradicts, citations}: Settled<KubeletClaim['state']>,
	found: FlagResult,
	observations: Observations,
): RuleVerdict<TlsState> {
	if (apiserversDiffer(found)) {
		return differs(observations, found);
	}

	if (contradicts) {
		return unknownVerdict([needFlagz], 'what was read contradicts itself', citations);
	}

	if (found.known) {
		return unknownVerdict(
			obtainableNeeds(observations, [needFlagz]),
			isBound(observations.scope) && citations.some(({source}) => source === 'flagz')
				? 'another apiserver verifies; the one that responds was not read'
				: 'only an object says that verification is on, and a writer of the object could have made that up',
			citations,
		);
	}

	const accepted = acceptedProbe(observations);
	const counted = observations.metrics.find(one => (one.facts.logTlsFailures ?? 0) > 0 && !isFromOtherProcess(one, observations));
	if (counted) {
		const observed = `kube_apiserver_pod_logs_backend_tls_failure_total ${counted.facts.logTlsFailures}`;
		return unknownVerdict(openNeeds(observations), 'log reads failed at a certificate, which any kubelet can cause', [
			cite(observations, counted, 'log-tls-failures-counted', observed, 'request-counters'),
		]);
	}

	return accepted
		? unknownVerdict(openNeeds(observations), 'the kubelet responded to a probe, as it does with and without verification', [
				citeAccepted(observations, accepted),
			])
		: unknownVerdict(openNeeds(observations), unseenFlags(observations), citations);
}

function unseenFlags({mirrorPods}: Observations): string | null {
	return mirrorPods.some(({facts}) => facts.absent === 'unknown')
		? 'the command of its static pod does not show all flags of the apiserver'
		: null;
}

function differs(observations: Observations, {citations}: FlagResult): RuleVerdict<TlsState> {
	return unknownVerdict([needOfDifference(observations)], 'the apiservers differ; it is unknown which one responds', citations);
}

/**
The text of the failed attempt itself, or of a probe to the same node. The far end can have written it, so it is inferred at most. A
connection whose far end answered was not refused, whatever text it carried.
*/
function refusals(observations: Observations): readonly KubeletClaim[] {
	if (refusedEgressProxy(observations)) {
		return [];
	}

	return [
		...refusingTexts(observations).map((observation): KubeletClaim => ({
			state: 'refused',
			citations: [cite(observations, observation, 'kubelet-certificate-refused', observation.facts.text)],
		})),
		...refusingReads(observations).map((observation): KubeletClaim => {
			// A log that is readable without verification was refused for the kubelet's certificate.
			const rule = observation.facts.skipping === 'ok' ? 'log-read-refused-then-skipped' : 'log-read-refused';
			const text = observation.facts.text ?? 'a log read is refused at the certificate';
			return {state: 'refused', citations: [cite(observations, observation, rule, text)]};
		}),
	];
}

function refusingTexts(observations: Observations): ReadonlyArray<Observation<FailureFacts>> {
	return observations.failures.filter(
		observation =>
			observation.facts.tls === 'refused' &&
			!isFromOtherProcess(observation, observations) &&
			!(observations.farEndAnswered && observation.connection === observations.connection),
	);
}

function refusingReads(observations: Observations): ReadonlyArray<Observation<LogDifferentialFacts>> {
	return observations.logDifferentials.filter(
		observation => observation.facts.normal === 'certificate-refused' && !isFromOtherProcess(observation, observations),
	);
}

/** What would prove that this apiserver verifies kubelets. Nothing proves that it refused this one. */
function refusalNeeds(observations: Observations, found: FlagResult): readonly Need[] {
	if (!isVerifiedApiserver(observations)) {
		return [needApiserverItself];
	}

	if (found.known && found.basis === 'proven') {
		return [];
	}

	return found.known && !isBound(observations.scope) ? needReplicas(observations) : obtainableNeeds(observations, [needFlagz]);
}

export function kubeletCaRule(value: string): string {
	return value === '' ? 'kubelet-ca-empty' : 'kubelet-ca-set';
}

/** A probe through this process that this kubelet answered; any kubelet, if the verdict is about none in particular. */
function acceptedProbe(observations: Observations): Observation<unknown> | undefined {
	const {node, chosenFrom} = observations.purpose.target;
	const isOfThisKubelet = (observation: Observation<{node: string | null}>) =>
		isFromSameProcess(observation, observations) && (chosenFrom === 0 || (node !== null && observation.facts.node === node));
	return (
		observations.stepTests.find(observation => isOfThisKubelet(observation) && observation.facts.rounds.length > 0) ??
		observations.logDifferentials.find(observation => isOfThisKubelet(observation) && observation.facts.normal === 'ok')
	);
}

function citeAccepted(observations: Observations, probe: Observation<unknown>): Citation {
	return cite(observations, probe, 'kubelet-certificate-accepted', 'this kubelet responded');
}

/** The request succeeded although the kubelet's certificate could not pass verification for the dialed address. */
function impossible(observations: Observations): readonly KubeletClaim[] {
	const accepted = acceptedProbe(observations);
	const observation = observations.handshakes.find(
		({facts}) => facts.node === observations.purpose.target.node && cannotVerify(facts, Date.parse(observations.time)),
	);
	if (!observation || (!observations.farEndAnswered && !accepted)) {
		return [];
	}

	const {subject, notAfter} = observation.facts;
	const shown = `${subject}, until ${notAfter}, names: ${namesOf(observation.facts).join(' ') || 'none'}`;
	const citations = [
		cite(observations, observation, 'kubelet-certificate-cannot-verify', shown),
		...(accepted ? [citeAccepted(observations, accepted)] : []),
	];
	return [{state: 'unverified', citations, isIndirect: true}];
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
