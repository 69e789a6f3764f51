/** The route of leg 2. */
import type {Basis, Observations, MetricFacts, Need, Observation, RouteState, RuleVerdict, StepTestFacts} from '../evidence.ts';
import {environmentProxyExclusion, honorsEnvironmentProxy} from './environment-proxy.ts';
import {mayBeDisabled, resolveApiserverFlag} from './apiserver-flag.ts';
import {
	needActive,
	needEnvironment,
	needFlagz,
	needMetrics,
	needMirrorPods,
	needOfAgents,
	needOfDifference,
	needReplicas,
	needStepTest,
	obtainableNeeds,
	routeTestNeeds,
} from './needs.ts';
import {needsOfEach} from './need-groups.ts';
import {isFromOtherProcess, isFromSameProcess} from './same-process.ts';
import {isBehindSupervisor} from './server-identity.ts';
import {citeConstruction, cite, basisOf, unknownVerdict, verdictOf, weakestBasis} from './basis.ts';
import {sshExclusionBasis, sshTunnels} from './ssh-tunnels.ts';

export type RouteVerdict = RuleVerdict<RouteState> & {protocol: 'grpc' | 'http-connect' | 'ssh' | null; agent: string | null};

/**
One dialer serves all features: the egress selector's `cluster` entry, or none. Proof for one feature of a process holds for all, except
that requests other than upgrades may also use a proxy from the apiserver's environment.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/server/egressselector/egress_selector.go
*/
export function secondLegRoute(observations: Observations): RouteVerdict {
	const byText = byFailureText(observations, 'proven');
	const seen = byText?.basis === 'proven' ? undefined : byObservations(observations);
	if (byText && seen?.basis !== 'proven') {
		return byText;
	}

	return seen ?? byFailureText(observations, 'inferred') ?? bySetFlag(observations) ?? unknown(observations);
}

function byObservations(observations: Observations): RouteVerdict | undefined {
	return (
		byDifference(observations) ??
		byAgents(observations) ??
		sshTunnels(observations) ??
		byStepTest(observations) ??
		byEmptyFlag(observations) ??
		byCounters(observations)
	);
}

/**
Only a tunnel's client makes these texts; if this apiserver certainly has no tunnel, they are forged. `textBasis`: the basis for the text
being an apiserver's. Text that a proxied pod may have sent counts only without other evidence. Text that a kubelet may have sent counts
only if nothing else is proven: even a verified kubelet can forge it, and one forged text would decide the route to every node.
*/
function byFailureText(observations: Observations, textBasis: Basis): RouteVerdict | undefined {
	const observation = observations.failures.find(
		observation =>
			observation.facts.route !== null && observation.facts.basis === textBasis && !isFromOtherProcess(observation, observations),
	);
	if (!observation?.facts.route || hasNoEgressFile(observations)) {
		return undefined;
	}

	const basis = weakestBasis(textBasis, basisOf(observation, observations), observation.facts.mayBeFromFarEnd ? 'inferred' : 'proven');
	return carriedBy(
		observation.facts.route === 'konnectivity' ? 'grpc' : 'http-connect',
		verdictOf(observation.facts.route, basis, [cite(observation, 'text-of-a-tunnel', observation.facts.text)]),
	);
}

/** Agents whose gauges followed the held streams up and down carry them, whatever the protocol to the apiserver. */
function byAgents(observations: Observations): RouteVerdict | undefined {
	const observation =
		observations.agentTests.find(test => isFromSameProcess(test, observations)) ??
		observations.agentTests.find(test => !isFromOtherProcess(test, observations));
	if (!observation || hasNoTunnel(observations)) {
		return undefined;
	}

	const step = ownStepTest(observations);
	const moved = step?.facts.moved;
	const basis = basisOf(observation, observations);
	const citations = [
		cite(observation, 'agent-carried-held-streams', observation.facts.observed),
		...(step ? [cite(step, 'step-test', step.facts.observed)] : []),
	];
	const verdict = verdictOf('konnectivity', basis, citations, {need: basis === 'proven' ? [] : needReplicas(observations)});
	return carriedBy(moved === 'grpc' || moved === 'http-connect' ? moved : null, verdict, observation.facts.agent);
}

/** By the flag, or by metrics that would have moved. Then the gauges of a supposed agent are forged. */
function hasNoTunnel(observations: Observations): boolean {
	const step = ownStepTest(observations);
	return (
		hasNoEgressFile(observations) ||
		(step?.facts.moved === 'nothing' && basisOf(step, observations) === 'proven' && !mayBeDisabled(observations, dialFamilies))
	);
}

/** Only if proven. */
function hasNoEgressFile(observations: Observations): boolean {
	const file = resolveApiserverFlag(observations, 'egress-selector-config-file');
	return file.known && file.value === '' && file.basis === 'proven';
}

const dialFamilies = /egress_dialer|konnectivity/;

function byStepTest(observations: Observations): RouteVerdict | undefined {
	const observation = ownStepTest(observations);
	if (!observation) {
		return undefined;
	}

	const citations = [cite(observation, 'step-test', observation.facts.observed)];
	const basis = basisOf(observation, observations);
	switch (observation.facts.moved) {
		case 'grpc': {
			// The gRPC egress protocol is Konnectivity's own; no other program speaks it.
			const need = basis === 'proven' ? [] : needReplicas(observations);
			return carriedBy('grpc', verdictOf('konnectivity', basis, citations, {need}));
		}

		case 'http-connect': {
			const replicas = basis === 'proven' ? [] : needReplicas(observations);
			const need = isBehindSupervisor(observations) ? replicas : [needOfAgents(observations)];
			return carriedBy('http-connect', verdictOf('egress-http-connect', basis, citations, {need}));
		}

		default: {
			return mayBeDisabled(observations, dialFamilies) ? undefined : direct(observations, basis, citations);
		}
	}
}

function ownStepTest(observations: Observations): Observation<StepTestFacts> | undefined {
	const decided = observations.stepTests.filter(({facts}) => facts.moved !== 'undecided');
	return decided.find(test => isFromSameProcess(test, observations)) ?? decided.find(() => observations.process === null);
}

function byDifference(observations: Observations): RouteVerdict | undefined {
	const verdict =
		observations.about === 'configuration' && !observations.isBound
			? resolveApiserverFlag(observations, 'egress-selector-config-file')
			: undefined;
	return verdict && !verdict.known && verdict.differs ? apiserversDiffer(observations) : undefined;
}

function apiserversDiffer(observations: Observations): RouteVerdict {
	return {...unknown(observations), need: [needOfDifference(observations)], why: 'the apiservers differ; it is unknown which one responds'};
}

function byEmptyFlag(observations: Observations): RouteVerdict | undefined {
	const verdict = resolveApiserverFlag(observations, 'egress-selector-config-file', () => 'egress-file-empty');
	if (!verdict.known) {
		return verdict.differs ? apiserversDiffer(observations) : undefined;
	}

	return verdict.value === '' ? direct(observations, verdict.basis, verdict.citations) : undefined;
}

/** Requests other than upgrades may use HTTPS_PROXY of the apiserver's environment; only that environment shows it. */
function direct(observations: Observations, dialBasis: Basis, citations: RouteVerdict['citations']): RouteVerdict {
	// An SSH tunnel moves no metric and needs no egress file.
	const basis = weakestBasis(dialBasis, sshExclusionBasis(observations));
	const replicas = dialBasis === 'proven' ? [] : needReplicas(observations);
	if (!honorsEnvironmentProxy(observations.purpose)) {
		return carriedBy(null, verdictOf('direct', basis, citations, {need: replicas}));
	}

	const exclusion = environmentProxyExclusion(observations);
	if (exclusion === false) {
		return carriedBy(null, unknownVerdict([], 'the apiserver may use the proxy in its environment', citations));
	}

	if (exclusion) {
		return carriedBy(null, verdictOf('direct', weakestBasis(basis, 'inferred'), [...citations, exclusion], {need: replicas}));
	}

	const possible = citeConstruction(
		observations,
		'environment-proxy-possible',
		'the apiserver’s environment, which was not observed, may set HTTP_PROXY or HTTPS_PROXY; logs and the proxies would use it, but no upgrade does (shells, forwards)',
	);
	const hasNoMirrorPod = observations.unavailable.some(({source, reason}) => source === 'mirror-pod' && reason === 'not-served');
	const need = needsOfEach([hasNoMirrorPod ? needEnvironment : needMirrorPods], replicas);
	return carriedBy(null, verdictOf('direct', weakestBasis(basis, 'inferred'), [...citations, possible], {need}));
}

function byCounters(observations: Observations): RouteVerdict | undefined {
	const observation =
		observations.metrics.find(metrics => isFromSameProcess(metrics, observations)) ??
		(observations.process === null ? observations.metrics[0] : undefined);
	if (!observation) {
		return undefined;
	}

	return observation.facts.egressDials.length === 0
		? byReachedKubelets(observations, observation)
		: byEgressDials(observations, observation);
}

function byReachedKubelets(observations: Observations, observation: Observation<MetricFacts>): RouteVerdict | undefined {
	const {kubeletRequestsDone, logTlsFailures} = observation.facts;
	// A server whose certificate was refused had been dialed, too.
	const refused = kubeletRequestsDone === 0 ? (logTlsFailures ?? 0) : 0;
	if (kubeletRequestsDone + refused === 0 || mayBeDisabled(observations, dialFamilies)) {
		return undefined;
	}

	const reached =
		refused > 0
			? `${refused} log read${refused === 1 ? '' : 's'} refused for a certificate`
			: `${kubeletRequestsDone} request${kubeletRequestsDone === 1 ? '' : 's'} to kubelets, pods or services done`;
	const basis = weakestBasis(basisOf(observation, observations), refused > 0 ? 'inferred' : 'proven');
	return direct(observations, basis, [cite(observation, 'dials-without-egress', `${reached}, no apiserver_egress_dialer series`)]);
}

/** The series do not show which kind of egress was dialed: cluster, etcd or controlplane. */
function byEgressDials(observations: Observations, observation: Observation<MetricFacts>): RouteVerdict {
	const {egressDials, tunnelsOpen} = observation.facts;
	const dials = egressDials
		.map(({protocol, transport, count}) => `${count} dial${count === 1 ? '' : 's'} by ${protocol} over ${transport}`)
		.join(', ');
	const tunnels = tunnelsOpen === null ? '' : `; ${tunnelsOpen} tunnel${tunnelsOpen === 1 ? '' : 's'} open`;
	const isGrpc = egressDials.some(({protocol}) => protocol === 'grpc');
	const citations = [cite(observation, 'egress-dials-counted', `${dials}${tunnels}`)];
	const need = [observations.probe === 'active' ? needStepTest : needActive];
	return isGrpc
		? carriedBy('grpc', verdictOf('konnectivity', 'inferred', citations, {need}))
		: carriedBy('http-connect', verdictOf('egress-http-connect', 'inferred', citations, {need}));
}

/** An egress file is set; its `cluster` entry is not in the flag. It can mean a tunnel or `Direct`, so it is no evidence of a route. */
function bySetFlag(observations: Observations): RouteVerdict | undefined {
	const verdict = resolveApiserverFlag(observations, 'egress-selector-config-file', () => 'egress-file-set');
	if (!verdict.known || verdict.value === '') {
		return undefined;
	}

	const metricsRead = observations.metrics.some(metrics => isFromSameProcess(metrics, observations));
	const why = metricsRead
		? 'an egress file is set, but was not in use when the metrics were read'
		: 'an egress file is set; the flag does not show which route it selects';
	return carriedBy(null, unknownVerdict(obtainableNeeds(observations, [metricsRead ? needActive : needMetrics]), why, verdict.citations));
}

function unknown(observations: Observations): RouteVerdict {
	const need: Need[] = [needFlagz, needMirrorPods];
	if (observations.metrics.length === 0) {
		need.push(needMetrics);
	}

	const test = observations.stepTests.find(({facts}) => facts.moved === 'undecided');
	return carriedBy(
		null,
		test === undefined || isFromOtherProcess(test, observations)
			? unknownVerdict(routeTestNeeds(observations, obtainableNeeds(observations, need)), null)
			: unknownVerdict(routeTestNeeds(observations, obtainableNeeds(observations, need)), 'the route test did not decide it', [
					cite(test, 'step-test', test.facts.observed),
				]),
	);
}

function carriedBy(
	protocol: RouteVerdict['protocol'],
	verdict: RuleVerdict<RouteState>,
	agent: RouteVerdict['agent'] = null,
): RouteVerdict {
	return {...verdict, protocol, agent};
}
