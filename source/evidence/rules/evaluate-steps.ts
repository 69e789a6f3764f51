/** The route, from metrics that were watched while upgrades were held. */
import type {AgentTestFacts, MetricFacts, StepTestFacts} from '../evidence.ts';

type StepMetrics = {metrics: MetricFacts | null; agents: ReadonlyMap<string, number>};
export type StepEvaluation = {
	steps: Omit<StepTestFacts, 'node'>;
	agent: AgentTestFacts | null;
	/** Connections of others, or late ones of spoke, moved the counts too: another test may decide more. */
	isDisturbed: boolean;
};
type MovedMetrics = Omit<StepTestFacts, 'node' | 'agentsRead'> & {isDisturbed: boolean};
export type Step = {k: number; before: StepMetrics; during: StepMetrics; after: StepMetrics};

/**
Decided only if every round agrees and the control (the apiserver's count of open port-forwards) rose by exactly the number held. Otherwise
another replica carried them, or others were active.
*/
export function evaluateSteps(steps: readonly Step[]): StepEvaluation {
	const {isDisturbed, ...moved} = evaluateMetrics(steps);
	const agentsRead = areAgentsRead(steps);
	const agent = agentsRead ? evaluateAgents(steps) : null;
	return {
		steps: {...moved, agentsRead},
		agent,
		isDisturbed: isDisturbed || (moved.moved === 'http-connect' && agentsRead && agent === null),
	};
}

function evaluateMetrics(steps: readonly Step[]): MovedMetrics {
	const rounds = steps.map(({k}) => k);
	const seen = steps.flatMap(({k, before, during, after}) =>
		before.metrics && during.metrics && after.metrics ? [{k, before: before.metrics, during: during.metrics, after: after.metrics}] : [],
	);
	const undecided = (why: string): MovedMetrics => ({
		rounds,
		moved: 'undecided',
		transport: null,
		observed: `${heldUpgrades(rounds)} were accepted; ${why}`,
		isDisturbed: true,
	});
	if (seen.length !== steps.length || seen.length === 0) {
		return {...undecided('the apiserver’s /metrics could not be read'), isDisturbed: false};
	}

	if (new Set(seen.flatMap(({before, during, after}) => [before, during, after].map(({startSeconds}) => startSeconds))).size > 1) {
		return undecided('the apiserver process changed during the test');
	}

	if (
		seen.some(
			({k, before, during, after}) =>
				!(during.portForwardsOpen - before.portForwardsOpen === k && during.portForwardsOpen - after.portForwardsOpen === k),
		)
	) {
		return undecided('the apiserver’s own count of port-forwards did not follow: another replica carried them, or others were active');
	}

	const gauge = seen.map(
		({before, during, after}) => [before, during, after].map(({tunnelsOpen}) => tunnelsOpen ?? 0) as [number, number, number],
	);
	if (seen.every(({k}, index) => gauge[index]![1] - gauge[index]![0] === k && gauge[index]![1] - gauge[index]![2] === k)) {
		return {
			rounds,
			moved: 'grpc',
			transport: transportOf(seen, 'grpc'),
			isDisturbed: false,
			observed: `tunnels open ${gauge.map(values => values.join('→')).join(', ')} while spoke held ${heldUpgrades(rounds)}`,
		};
	}

	return evaluateDials(seen, rounds, undecided);
}

type ReadStep = {k: number; before: MetricFacts; during: MetricFacts; after: MetricFacts};

function evaluateDials(seen: readonly ReadStep[], rounds: readonly number[], undecided: (why: string) => MovedMetrics): MovedMetrics {
	const dials = (protocol: 'grpc' | 'http-connect', metrics: MetricFacts) =>
		metrics.egressDials.filter(dial => dial.protocol === protocol).reduce((sum, {count}) => sum + count, 0);
	const steps = seen.map(
		({before, during, after}) => [before, during, after].map(metrics => dials('http-connect', metrics)) as [number, number, number],
	);
	if (seen.every(({k}, index) => steps[index]![1] - steps[index]![0] === k && steps[index]![2] === steps[index]![1])) {
		return {
			rounds,
			moved: 'http-connect',
			transport: transportOf(seen, 'http-connect'),
			isDisturbed: false,
			observed: `dials by http-connect ${steps.map(values => values.join('→')).join(', ')} while spoke held ${heldUpgrades(rounds)}`,
		};
	}

	// A metric that moved without matching a pattern may be a tunnel that others use, too: undecided.
	const still = seen.every(({before, during, after}) =>
		[during, after].every(
			later =>
				later.tunnelsOpen === before.tunnelsOpen &&
				(['grpc', 'http-connect'] as const).every(protocol => dials(protocol, later) === dials(protocol, before)),
		),
	);
	return still
		? {
				rounds,
				moved: 'nothing',
				transport: null,
				isDisturbed: false,
				observed: `no egress dial while this process carried ${heldUpgrades(rounds)} of spoke`,
			}
		: undecided('egress dials were counted that do not match the held upgrades');
}

/** `1 and then 3 idle port-forwards`. */
function heldUpgrades(rounds: readonly number[]): string {
	return `${rounds.join(' and then ')} idle port-forward${rounds.at(-1) === 1 ? '' : 's'}`;
}

function transportOf(seen: readonly ReadStep[], protocol: 'grpc' | 'http-connect'): string | null {
	return seen[0]?.during.egressDials.find(dial => dial.protocol === protocol)?.transport ?? null;
}

function evaluateAgents(steps: readonly Step[]): AgentTestFacts | null {
	const sum = (agents: ReadonlyMap<string, number>) => [...agents.values()].reduce((total, value) => total + value, 0);
	const sums = steps.map(({before, during, after}) => [sum(before.agents), sum(during.agents), sum(after.agents)] as const);
	if (steps.some(({k}, index) => !(sums[index]![1] - sums[index]![0] === k && sums[index]![1] - sums[index]![2] === k))) {
		return null;
	}

	const carriers = new Set(
		steps.flatMap(({before, during}) =>
			[...during.agents].filter(([name, open]) => open > (before.agents.get(name) ?? 0)).map(([name]) => name),
		),
	);
	const [only] = carriers;
	return {
		agent: carriers.size === 1 ? only! : null,
		observed: `connections of the agents ${sums.map(values => values.join('→')).join(', ')} while spoke held ${heldUpgrades(steps.map(({k}) => k))}, carried by ${[...carriers].join(' ')}`,
	};
}

function areAgentsRead(steps: readonly Step[]): boolean {
	return (
		steps.length > 0 &&
		steps.every(
			({before, during, after}) =>
				before.agents.size > 0 && during.agents.size === before.agents.size && after.agents.size === before.agents.size,
		)
	);
}
