/** Leg 2's route: which way does the apiserver reach kubelets, nodes, pods and services? */
import type {Basis, Observations, MetricFacts, Need, Observation, RouteState, RuleVerdict, StepTestFacts} from '../evidence.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';
import {isEnvironmentProxyExcluded, honorsEnvironmentProxy} from './environment-proxy.ts';
import {isVerificationProven} from './kubelet-tls.ts';
import {mayBeDisabled} from './disabled-metrics.ts';
import {
	needActive,
	needAgentMetrics,
	needEnvironment,
	needFlagz,
	needMetrics,
	needMirrorPods,
	needReplicas,
	needStepTest,
	obtainableNeeds,
	hasActiveProbes,
} from './needs.ts';
import {isFromOtherProcess, isFromSameProcess} from './same-process.ts';
import {citeConstruction, cite, basisOf, weakestBasis} from './basis.ts';
import {sshExclusionBasis, sshTunnels} from './ssh-tunnels.ts';

export type RouteVerdict = RuleVerdict<RouteState> & {protocol: 'grpc' | 'http-connect' | 'ssh' | null; agent: string | null};

/**
One dialer serves all features: the egress selector's `cluster` entry, or none. What proves it for one feature on a process proves it for all,
except that requests which are no upgrades may also take a proxy from the apiserver's environment.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/server/egressselector/egress_selector.go
*/
export function secondLegRoute(grounds: Observations): RouteVerdict {
	const spoken = byFailureText(grounds, 'proven');
	const seen = spoken?.basis === 'proven' ? undefined : bySight(grounds);
	if (spoken && seen?.basis !== 'proven') {
		return spoken;
	}

	return seen ?? byFailureText(grounds, 'inferred') ?? bySetFlag(grounds) ?? unknown(grounds);
}

/** By what was read and watched, whatever words came. */
function bySight(grounds: Observations): RouteVerdict | undefined {
	return (
		byDifference(grounds) ?? byAgents(grounds) ?? sshTunnels(grounds) ?? byStepTest(grounds) ?? byEmptyFlag(grounds) ?? byCounters(grounds)
	);
}

/**
Texts that only a tunnel's client makes; where this apiserver surely has none, somebody made them up. `said`: how surely an apiserver spoke them;
what a pod behind the proxy may have said counts only where nothing else tells, and what whoever stands in the place of a kubelet that nobody verifies may have said
only where nothing else is proven.
*/
function byFailureText(grounds: Observations, said: Basis): RouteVerdict | undefined {
	const reading = grounds.failures.find(
		reading => reading.facts.route !== null && reading.facts.basis === said && !isFromOtherProcess(reading, grounds),
	);
	if (!reading?.facts.route || hasNoEgressFile(grounds)) {
		return undefined;
	}

	return {
		state: reading.facts.route,
		basis: weakestBasis(
			said,
			basisOf(reading, grounds),
			reading.facts.mayBeFromFarEnd && !isVerificationProven(grounds) ? 'inferred' : 'proven',
		),
		because: [cite(reading, 'text-of-a-tunnel', reading.facts.text)],
		need: [],
		protocol: reading.facts.route === 'konnectivity' ? 'grpc' : 'http-connect',
		agent: null,
	};
}

/** The agents' own gauges rose and fell with streams that were held: they carry them, whatever the protocol towards the apiserver. */
function byAgents(grounds: Observations): RouteVerdict | undefined {
	const reading =
		grounds.agentTests.find(test => isFromSameProcess(test, grounds)) ??
		grounds.agentTests.find(test => !isFromOtherProcess(test, grounds));
	if (!reading || hasNoTunnel(grounds)) {
		return undefined;
	}

	const step = ownStepTest(grounds);
	const moved = step?.facts.moved;
	const basis = basisOf(reading, grounds);
	return {
		state: 'konnectivity',
		basis,
		because: [
			cite(reading, 'agent-carried-held-streams', reading.facts.observed),
			...(step ? [cite(step, 'step-test', step.facts.observed)] : []),
		],
		need: basis === 'proven' ? [] : needReplicas(grounds),
		protocol: moved === 'grpc' || moved === 'http-connect' ? moved : null,
		agent: reading.facts.agent,
	};
}

/** By its own word, or by counters that would have moved: then whatever calls itself an agent made its numbers up. */
function hasNoTunnel(grounds: Observations): boolean {
	const step = ownStepTest(grounds);
	return (
		hasNoEgressFile(grounds) ||
		(step?.facts.moved === 'nothing' && basisOf(step, grounds) === 'proven' && !mayBeDisabled(grounds, dialFamilies))
	);
}

/** Proven. */
function hasNoEgressFile(grounds: Observations): boolean {
	const file = resolveApiserverFlag(grounds, 'egress-selector-config-file', () => 'egress-file');
	return file.known && file.value === '' && file.basis === 'proven';
}

const dialFamilies = /egress_dialer|konnectivity/;

/** Counters of the same process followed two different numbers of held streams, up and down. */
function byStepTest(grounds: Observations): RouteVerdict | undefined {
	const reading = ownStepTest(grounds);
	if (!reading) {
		return undefined;
	}

	const because = [cite(reading, 'step-test', reading.facts.observed)];
	const strength = basisOf(reading, grounds);
	switch (reading.facts.moved) {
		case 'grpc': {
			// The gRPC egress protocol is Konnectivity's own; nothing else speaks it.
			return {
				state: 'konnectivity',
				basis: strength,
				because,
				need: strength === 'proven' ? [] : needReplicas(grounds),
				protocol: 'grpc',
				agent: null,
			};
		}

		case 'http-connect': {
			return {state: 'egress-http-connect', basis: strength, because, need: [needAgentMetrics], protocol: 'http-connect', agent: null};
		}

		default: {
			return mayBeDisabled(grounds, dialFamilies) ? undefined : direct(grounds, strength, because);
		}
	}
}

function ownStepTest(grounds: Observations): Observation<StepTestFacts> | undefined {
	const decided = grounds.stepTests.filter(({facts}) => facts.moved !== 'undecided');
	return decided.find(test => isFromSameProcess(test, grounds)) ?? decided.find(() => grounds.process === null);
}

/** Nothing was opened, and the next connection may end at either of two apiservers that do not do the same. */
function byDifference(grounds: Observations): RouteVerdict | undefined {
	const verdict =
		grounds.about === 'configuration' && !grounds.bound
			? resolveApiserverFlag(grounds, 'egress-selector-config-file', () => 'egress-file')
			: undefined;
	return verdict && !verdict.known && verdict.differs ? apiserversDiffer(grounds) : undefined;
}

function apiserversDiffer(grounds: Observations): RouteVerdict {
	return {...unknown(grounds), need: [needFlagz], why: 'the apiservers differ; which one answers is not known'};
}

/** No egress file: a plain dialer. */
function byEmptyFlag(grounds: Observations): RouteVerdict | undefined {
	const verdict = resolveApiserverFlag(grounds, 'egress-selector-config-file', () => 'egress-file-empty');
	if (!verdict.known) {
		return verdict.differs ? apiserversDiffer(grounds) : undefined;
	}

	return verdict.value === '' ? direct(grounds, verdict.basis, verdict.citations) : undefined;
}

/** Requests that are no upgrades may go through HTTPS_PROXY of the apiserver's environment; only that environment tells. */
function direct(grounds: Observations, unless: Basis, because: RouteVerdict['because']): RouteVerdict {
	// An SSH tunnel moves no counter and needs no egress file.
	const basis = weakestBasis(unless, sshExclusionBasis(grounds));
	const common = {protocol: null, agent: null} as const;
	const replicas = unless === 'proven' ? [] : needReplicas(grounds);
	if (!honorsEnvironmentProxy(grounds.purpose)) {
		return {state: 'direct', basis, because, need: replicas, ...common};
	}

	const excluded = isEnvironmentProxyExcluded(grounds);
	if (excluded === false) {
		return {state: 'unknown', basis: 'unknown', because, need: [], why: 'the apiserver may use the proxy in its environment', ...common};
	}

	if (excluded) {
		return {
			state: 'direct',
			basis: weakestBasis(basis, excluded.basis),
			because: [...because, excluded.citation],
			need: replicas,
			...common,
		};
	}

	const possible = citeConstruction(
		grounds,
		'environment-proxy-possible',
		'requests that are no upgrade honour HTTPS_PROXY of the apiserver’s environment, which was not seen',
	);
	const hasNoMirrorPod = grounds.closed.some(({source, because}) => source === 'mirror-pod' && because === 'not-served');
	return {
		state: 'direct',
		basis: weakestBasis(basis, 'inferred'),
		because: [...because, possible],
		need: [hasNoMirrorPod ? needEnvironment : needMirrorPods, ...replicas],
		...common,
	};
}

/** The process's own families: it has reached kubelets, and an egress dialer counted nothing, or something. */
function byCounters(grounds: Observations): RouteVerdict | undefined {
	const reading =
		grounds.metrics.find(metrics => isFromSameProcess(metrics, grounds)) ?? (grounds.process === null ? grounds.metrics[0] : undefined);
	if (!reading) {
		return undefined;
	}

	return reading.facts.egressDials.length === 0 ? byReachedKubelets(grounds, reading) : byEgressDials(grounds, reading);
}

function byReachedKubelets(grounds: Observations, reading: Observation<MetricFacts>): RouteVerdict | undefined {
	const {kubeletRequestsDone: done, logTlsFailures} = reading.facts;
	// Whoever showed a certificate that was refused had been dialled, too.
	const refused = done === 0 ? (logTlsFailures ?? 0) : 0;
	if (done + refused === 0 || mayBeDisabled(grounds, dialFamilies)) {
		return undefined;
	}

	const reached =
		refused > 0
			? `${refused} log read${refused === 1 ? '' : 's'} refused for a certificate`
			: `${done} request${done === 1 ? '' : 's'} to kubelets, pods or services done`;
	const basis = weakestBasis(basisOf(reading, grounds), refused > 0 ? 'inferred' : 'proven');
	return direct(grounds, basis, [cite(reading, 'dials-without-egress', `${reached}, no apiserver_egress_dialer series`)]);
}

/** The series do not say which kind of egress was dialled: cluster, etcd or controlplane. */
function byEgressDials(grounds: Observations, reading: Observation<MetricFacts>): RouteVerdict {
	const {egressDials, tunnelsOpen} = reading.facts;
	const dials = egressDials
		.map(({protocol, transport, count}) => `${count} dial${count === 1 ? '' : 's'} by ${protocol} over ${transport}`)
		.join(', ');
	const tunnels = tunnelsOpen === null ? '' : `; ${tunnelsOpen} tunnel${tunnelsOpen === 1 ? '' : 's'} open`;
	const isGrpc = egressDials.some(({protocol}) => protocol === 'grpc');
	return {
		state: isGrpc ? 'konnectivity' : 'egress-http-connect',
		basis: 'inferred',
		because: [cite(reading, 'egress-dials-counted', `${dials}${tunnels}`)],
		need: [hasActiveProbes(grounds) ? needStepTest : needActive],
		protocol: isGrpc ? 'grpc' : 'http-connect',
		agent: null,
	};
}

/** An egress file is set; what it says for `cluster` is not in the flag. It fits a tunnel, and `Direct` as well: no word for the route. */
function bySetFlag(grounds: Observations): RouteVerdict | undefined {
	const verdict = resolveApiserverFlag(grounds, 'egress-selector-config-file', () => 'egress-file-set');
	if (!verdict.known || verdict.value === '') {
		return undefined;
	}

	const metricsRead = grounds.metrics.some(metrics => isFromSameProcess(metrics, grounds));
	return {
		state: 'unknown',
		basis: 'unknown',
		because: verdict.citations,
		need: [metricsRead ? needActive : needMetrics],
		why: metricsRead
			? 'an egress file is set, and was not in use when the counters were read'
			: 'an egress file is set; the flag does not say for what',
		protocol: null,
		agent: null,
	};
}

function unknown(grounds: Observations): RouteVerdict {
	const need: Need[] = [needFlagz, needMirrorPods];
	if (grounds.metrics.length === 0) {
		need.push(needMetrics);
	}

	return {state: 'unknown', basis: 'unknown', because: [], need: obtainableNeeds(grounds, need), protocol: null, agent: null};
}
