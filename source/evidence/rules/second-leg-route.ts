/** The route of leg 2. */
import type {
	MetricFacts,
	Need,
	Observation,
	Observations,
	RouteState,
	RuleVerdict,
	StepTestFacts,
	Citation,
	ConnectionPurpose,
	FlagFacts,
} from '../evidence.ts';
import {apiserversDiffer, type FlagResult, mayBeDisabled, resolveApiserverFlag} from './apiserver-flag.ts';
import {
	isBound,
	isFromAnotherApiserver,
	trustIn,
	type Claim,
	cite,
	citeConstruction,
	settleClaims,
	type Settled,
	unknownVerdict,
	weakestBasis,
} from './claims.ts';
import {
	needsOfEach,
	needActive,
	needEnvironment,
	needFlagz,
	needMetrics,
	needMirrorPods,
	needOfAgents,
	needOfDifference,
	needReplicas,
	needStepTest,
	needsWithoutProbes,
	obtainableNeeds,
} from './needs.ts';
import {isFromOtherProcess, isFromSameProcess} from './replicas.ts';
import {isBehindSupervisor} from './first-leg.ts';
import {isSshExcluded, sshTunnelClaims, sshUserFlag} from './ssh-tunnels.ts';

export type RouteVerdict = RuleVerdict<RouteState> & {protocol: 'grpc' | 'http-connect' | 'ssh' | null; agent: string | null};

type RouteClaim = Claim<RouteState>;

const anyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

/**
One dialer serves all features: the egress selector's `cluster` entry, or none. Proof for one feature of a process holds for all, except
that requests other than upgrades may also use a proxy from the apiserver's environment.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/server/egressselector/egress_selector.go
*/
export function secondLegRoute(observations: Observations): RouteVerdict {
	const file = resolveApiserverFlag(observations, 'egress-selector-config-file', value =>
		value === '' ? 'egress-file-empty' : 'egress-file-set',
	);
	if (apiserversDiffer(file) && !isBound(observations.scope)) {
		return differs(observations, file);
	}

	const sshUser = sshUserFlag(observations);
	if (apiserversDiffer(sshUser)) {
		return differs(observations, sshUser);
	}

	const ssh = sshTunnelClaims(observations, sshUser);
	const present = settleClaims(ssh.length > 0 ? ssh : [...emptyFlag(file), ...stepTests(observations)]);
	// Counters are of the past, and decide only where nothing else does.
	const isOpen = present.state === null && !present.contradicts && !apiserversDiffer(file) && ssh.length === 0;
	const settled = isOpen ? withCounters(present, counters(observations)) : present;
	if (settled.state === null) {
		return unknown(observations, settled, file);
	}

	const verdicts: Partial<Record<RouteState, typeof tunnel>> = {direct, 'ssh-tunnel': sshTunnel};
	return heedEnvironmentProxy(observations, (verdicts[settled.state] ?? tunnel)(observations, settled));
}

function differs(observations: Observations, {citations}: FlagResult): RouteVerdict {
	const why = 'the apiservers differ; it is unknown which one responds';
	return routeOf(unknownVerdict([needOfDifference(observations)], why, citations));
}

function withCounters(heard: Settled<RouteState>, counted: readonly RouteClaim[]): Settled<RouteState> {
	const settled = settleClaims(counted);
	return settled.state === null ? {...settled, citations: [...heard.citations, ...settled.citations]} : settled;
}

/** A set file says nothing: its `cluster` entry is not in the flag, and can mean a tunnel or `Direct`. */
function emptyFlag(file: FlagResult): readonly RouteClaim[] {
	return file.known && file.value === '' ? file.claims('direct') : [];
}

const dialFamilies = /egress_dialer|konnectivity/;

/** The gRPC egress protocol is Konnectivity's own; no other program speaks it. */
function stepTests(observations: Observations): readonly RouteClaim[] {
	const observation = ownStepTest(observations);
	const moved = observation?.facts.moved;
	if (!observation || (moved === 'nothing' && mayBeDisabled(observations, dialFamilies))) {
		return [];
	}

	const state = moved === 'grpc' ? 'konnectivity' : moved === 'http-connect' ? 'egress-http-connect' : 'direct';
	const citations = [cite(observations, observation, 'step-test', observation.facts.observed)];
	return [{state, citations, isFromAnotherApiserver: isFromAnotherApiserver(observation, observations)}];
}

function ownStepTest(observations: Observations): Observation<StepTestFacts> | undefined {
	const decided = observations.stepTests.filter(({facts}) => facts.moved !== 'undecided');
	return decided.find(test => isFromSameProcess(test, observations)) ?? decided.find(() => observations.process === null);
}

function counters(observations: Observations): readonly RouteClaim[] {
	const metrics = ownMetrics(observations);
	if (!metrics) {
		return [];
	}

	return metrics.facts.egressDials.length === 0 ? requestsWithoutDials(observations, metrics) : dials(observations, metrics);
}

function ownMetrics(observations: Observations): Observation<MetricFacts> | undefined {
	return (
		observations.metrics.find(metrics => isFromSameProcess(metrics, observations)) ??
		(observations.process === null ? observations.metrics[0] : undefined)
	);
}

/** A request that is done was dialed, and so was a server whose certificate was refused. Whoever answers raises these counters. */
function requestsWithoutDials(observations: Observations, metrics: Observation<MetricFacts>): readonly RouteClaim[] {
	const {kubeletRequestsDone, logTlsFailures} = metrics.facts;
	const refused = kubeletRequestsDone === 0 ? (logTlsFailures ?? 0) : 0;
	if (kubeletRequestsDone + refused === 0 || mayBeDisabled(observations, dialFamilies)) {
		return [];
	}

	const reached =
		refused > 0
			? `${refused} log read${refused === 1 ? '' : 's'} refused for a certificate`
			: `${kubeletRequestsDone} request${kubeletRequestsDone === 1 ? '' : 's'} to kubelets, pods or services done`;
	const observed = `${reached}, no apiserver_egress_dialer series`;
	return [{state: 'direct', citations: [cite(observations, metrics, 'dials-without-egress', observed, 'request-counters')]}];
}

/** The series do not show which kind of egress was dialed: cluster, etcd or controlplane. */
function dials(observations: Observations, metrics: Observation<MetricFacts>): readonly RouteClaim[] {
	const {egressDials, tunnelsOpen} = metrics.facts;
	const counted = egressDials
		.map(({protocol, transport, count}) => `${count} dial${count === 1 ? '' : 's'} by ${protocol} over ${transport}`)
		.join(', ');
	const tunnels = tunnelsOpen === null ? '' : `; ${tunnelsOpen} tunnel${tunnelsOpen === 1 ? '' : 's'} open`;
	const state = egressDials.some(({protocol}) => protocol === 'grpc') ? 'konnectivity' : 'egress-http-connect';
	const citations = [cite(observations, metrics, 'egress-dials-counted', `${counted}${tunnels}`)];
	return [{state, citations, isIndirect: true, isFromAnotherApiserver: isFromAnotherApiserver(metrics, observations)}];
}

/**
Over HTTP CONNECT, it is Konnectivity if the connections of agents followed the held streams. The agents' metrics come from pods: they say
which tunnel it is, never that there is one.
*/
function tunnel(observations: Observations, settled: Settled<RouteState>): RouteVerdict {
	const isCounted = settled.citations.some(({rule}) => rule === 'egress-dials-counted');
	const replicas = settled.basis === 'proven' ? [] : needReplicas(observations);
	const need = isCounted ? [observations.probe === 'active' ? needStepTest : needActive] : replicas;
	const test = observations.agentTests.find(one => !isFromOtherProcess(one, observations));
	const agent = test ? cite(observations, test, 'agent-carried-held-streams', test.facts.observed) : null;
	if (settled.state === 'konnectivity') {
		return {...verdictOf(settled, need), protocol: 'grpc', agent: test?.facts.agent ?? null};
	}

	if (test && agent && ownStepTest(observations)?.facts.moved === 'http-connect') {
		const citations = [...settled.citations, agent];
		const authors = [...new Set([...settled.authors, ...agent.authors])];
		const verdict = {state: 'konnectivity', basis: 'inferred', citations, authors, need: []} as const;
		return {...verdict, protocol: 'http-connect', agent: test.facts.agent};
	}

	const whose = isCounted ? need : isBehindSupervisor(observations) ? replicas : [needOfAgents(observations)];
	return {...verdictOf(settled, whose), protocol: 'http-connect', agent: null};
}

function sshTunnel(_: Observations, settled: Settled<RouteState>): RouteVerdict {
	return {...verdictOf(settled, []), protocol: 'ssh', agent: null};
}

/** An SSH tunnel moves no metric and needs no egress file. */
function direct(observations: Observations, settled: Settled<RouteState>): RouteVerdict {
	const basis = isSshExcluded(observations) ? settled.basis : 'inferred';
	const isOfOthers = trustIn(settled.authors) === 'foreign';
	const need = settled.basis === 'proven' ? [] : isOfOthers ? obtainableNeeds(observations, [needFlagz]) : needReplicas(observations);
	return routeOf({...verdictOf(settled, need), basis});
}

/**
Requests other than upgrades use HTTPS_PROXY of the apiserver's environment: what is dialed, through the tunnel or not, is then the proxy,
which dials the far end. Only that environment shows it, so such a route is inferred at most.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/client-go/transport/cache.go Proxy, DialContext
*/
function heedEnvironmentProxy(observations: Observations, verdict: RouteVerdict): RouteVerdict {
	if (!honorsEnvironmentProxy(observations.purpose)) {
		return verdict;
	}

	const {isSet, citation} = environmentProxy(observations);
	const citations = [...verdict.citations, citation];
	if (isSet === true) {
		return routeOf(unknownVerdict([], 'the apiserver may use the proxy in its environment', citations));
	}

	const hasNoMirrorPod = observations.unavailable.some(({source, reason}) => source === 'mirror-pod' && reason === 'not-served');
	const need = isSet === null ? needsOfEach([hasNoMirrorPod ? needEnvironment : needMirrorPods], verdict.need) : verdict.need;
	return {...verdict, basis: weakestBasis(verdict.basis, 'inferred'), need, citations};
}

function verdictOf({state, basis, authors, citations}: Settled<RouteState>, need: readonly Need[]): RuleVerdict<RouteState> {
	return {state: state!, basis, authors, citations, need};
}

function unknown(observations: Observations, {contradicts, citations}: Settled<RouteState>, file: FlagResult): RouteVerdict {
	if (apiserversDiffer(file)) {
		return differs(observations, file);
	}

	if (contradicts) {
		return routeOf(unknownVerdict([needActive], 'what was read contradicts itself', citations));
	}

	if (citations.length > 0) {
		const why = 'what says so may not be from the apiserver that responds';
		return routeOf(unknownVerdict(unknownNeeds(observations), why, citations));
	}

	if (file.known && file.value !== '') {
		const metricsRead = observations.metrics.some(metrics => isFromSameProcess(metrics, observations));
		const why = metricsRead
			? 'an egress file is set, but was not in use when the metrics were read'
			: 'an egress file is set; the flag does not show which route it selects';
		return routeOf(unknownVerdict(obtainableNeeds(observations, [metricsRead ? needActive : needMetrics]), why, file.citations));
	}

	const test = observations.stepTests.find(({facts}) => facts.moved === 'undecided');
	return routeOf(
		test === undefined || isFromOtherProcess(test, observations)
			? unknownVerdict(unknownNeeds(observations), null)
			: unknownVerdict(unknownNeeds(observations), 'the route test did not decide it', [
					cite(observations, test, 'step-test', test.facts.observed),
				]),
	);
}

/** An active probe watches the metrics, and shows nothing if they are forbidden. */
function unknownNeeds(observations: Observations): readonly Need[] {
	const needs = obtainableNeeds(observations, [needFlagz, needMirrorPods, ...(observations.metrics.length === 0 ? [needMetrics] : [])]);
	const isForbidden = observations.unavailable.some(({source, reason}) => source === 'metrics' && reason === 'forbidden');
	return isForbidden ? needsWithoutProbes(needs, {...needMetrics, or: null}) : needs;
}

function routeOf(verdict: RuleVerdict<RouteState>): RouteVerdict {
	return {...verdict, protocol: null, agent: null};
}

/** Whether nobody beyond the server says which tunnel it is. */
export function isTunnelOfServer({state, authors}: RouteVerdict): boolean {
	return state === 'konnectivity' && trustIn(authors) !== 'foreign';
}

/**
Requests other than upgrades (logs, and the proxies) honor HTTP(S)_PROXY and NO_PROXY; upgrades are dialed without them.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/util/proxy/dial.go DialURL
*/
function honorsEnvironmentProxy({feature}: ConnectionPurpose): boolean {
	return feature === 'logs' || feature === 'node-proxy' || feature === 'pod-proxy' || feature === 'service-proxy';
}

/**
By the mirror pods that may be this process; `null` if they do not say. A pod without one proves nothing: its image and the container
runtime (CRI-O's default_env) can add to its environment.
*/
function environmentProxy(observations: Observations): {isSet: boolean | null; citation: Citation} {
	const own = isBound(observations.scope)
		? observations.flags.find(observation => isFromSameProcess(observation, observations))
		: undefined;
	const candidates = own ? observations.mirrorPods.filter(pod => isOfProcess(pod, own)) : observations.mirrorPods;
	const proxied = candidates.find(({facts}) => facts.proxyEnvironment === true);
	if (proxied) {
		return {
			isSet: true,
			citation: cite(observations, proxied, 'proxy-in-environment', 'the apiserver’s pod sets HTTP_PROXY or HTTPS_PROXY'),
		};
	}

	const [first] = candidates;
	if (first && candidates.every(({facts}) => facts.proxyEnvironment === false)) {
		const citation = cite(observations, first, 'no-proxy-in-environment', 'the apiserver’s pod sets no HTTP_PROXY or HTTPS_PROXY');
		return {isSet: false, citation};
	}

	const observed =
		'the apiserver’s environment, which was not observed, may set HTTP_PROXY or HTTPS_PROXY; logs and the proxies would use it, but no upgrade does (shells, forwards)';
	return {isSet: null, citation: citeConstruction(observations, 'environment-proxy-possible', observed)};
}

/** The process reports every argument of the pod; an own address among them distinguishes replicas. */
function isOfProcess({facts: pod}: Observation<FlagFacts>, {facts: process}: Observation<FlagFacts>): boolean {
	const plain = (value: string) => value.replaceAll(/[[\]"\s]/g, '');
	const shared = Object.entries(pod.values).filter(([name]) => process.values[name] !== undefined);
	return (
		shared.some(([name, value]) => name === 'advertise-address' || (name === 'bind-address' && !anyAddress.has(plain(value)))) &&
		shared.every(([name, value]) => plain(value) === plain(process.values[name]!))
	);
}
