/** The route, from metrics that were watched while upgrades were held. */
import type {AgentTestFacts, MetricFacts, StepTestFacts} from '../evidence.ts';

type StepMetrics = {metrics: MetricFacts | null; agents: ReadonlyMap<string, number>};
export type StepEvaluation = {
	steps: Omit<StepTestFacts, 'node'>;
	agent: AgentTestFacts | null;
	/** Connections of others, or late ones of spoke, moved the counts too: another test may decide more. */
	isDisturbed: boolean;
};
type MovedMetrics = Pick<StepTestFacts, 'moved' | 'observed'> & {isDisturbed: boolean};
export type Step = {k: number; before: StepMetrics; during: StepMetrics; after: StepMetrics};

/** One count in each round: before, during and after the upgrades were held. */
type Counted<Value = number> = ReadonlyArray<readonly [before: Value, during: Value, after: Value]>;

/**
Decided only if every round agrees and the control (the apiserver's count of open port-forwards) rose by exactly the number held. Otherwise
another replica carried them, or others were active.
*/
export function evaluateSteps(steps: readonly Step[]): StepEvaluation {
	const rounds = steps.map(({k}) => k);
	const {isDisturbed, ...moved} = evaluateMetrics(steps, rounds);
	const agentsRead =
		steps.length > 0 && steps.every(({before, during, after}) => hasSameAgents(before, during) && hasSameAgents(before, after));
	const agent = agentsRead ? evaluateAgents(steps, rounds) : null;
	return {
		steps: {...moved, rounds, agentsRead},
		agent,
		isDisturbed: isDisturbed || (moved.moved === 'http-connect' && agentsRead && agent === null),
	};
}

function evaluateMetrics(steps: readonly Step[], rounds: readonly number[]): MovedMetrics {
	const held = heldUpgrades(rounds);
	const seen = steps.flatMap(({before, during, after}) =>
		before.metrics && during.metrics && after.metrics ? [[before.metrics, during.metrics, after.metrics] as const] : [],
	);
	const undecided = (why: string) => ({moved: 'undecided', observed: `${held} were accepted; ${why}`, isDisturbed: true}) as const;
	if (seen.length !== steps.length || seen.length === 0) {
		return {...undecided('the apiserver’s /metrics could not be read'), isDisturbed: false};
	}

	const count = <Value>(read: (metrics: MetricFacts) => Value): Counted<Value> =>
		seen.map(([before, during, after]) => [read(before), read(during), read(after)]);
	if (new Set(count(({startSeconds}) => startSeconds).flat()).size > 1) {
		return undecided('the apiserver process changed during the test');
	}

	const portForwards = count(({portForwardsOpen}) => portForwardsOpen);
	if (!areOpen(portForwards, rounds)) {
		return undecided('the apiserver’s own count of port-forwards did not follow: another replica carried them, or others were active');
	}

	const found = (moved: MovedMetrics['moved'], observed: string) => ({moved, observed, isDisturbed: false});
	const tunnels = count(({tunnelsOpen}) => tunnelsOpen ?? 0);
	if (areOpen(tunnels, rounds)) {
		return found('grpc', `tunnels open ${formatCounts(tunnels)} while spoke held ${held}`);
	}

	const dials = (protocol: 'grpc' | 'http-connect') =>
		count(({egressDials}) => egressDials.filter(dial => dial.protocol === protocol).reduce((sum, dial) => sum + dial.count, 0));
	const connects = dials('http-connect');
	if (connects.every(([before, during, after], round) => during - before === rounds[round] && after === during)) {
		return found('http-connect', `dials by http-connect ${formatCounts(connects)} while spoke held ${held}`);
	}

	// A metric that moved without matching a pattern may be a tunnel that others use, too: undecided.
	return [count(({tunnelsOpen}) => tunnelsOpen), dials('grpc'), connects].every(counted => isStill(counted))
		? found('nothing', `no egress dial while this process carried ${held} of spoke`)
		: undecided('egress dials were counted that do not match the held upgrades');
}

/** Whether each round opened as many as were held, and closed them. */
function areOpen(counted: Counted, rounds: readonly number[]): boolean {
	return counted.every(([before, during, after], round) => during - before === rounds[round] && during - after === rounds[round]);
}

function isStill(counted: Counted<number | null>): boolean {
	return counted.every(([before, during, after]) => during === before && after === before);
}

/** `1 and then 3 idle port-forwards`. */
function heldUpgrades(rounds: readonly number[]): string {
	return `${rounds.join(' and then ')} idle port-forward${rounds.at(-1) === 1 ? '' : 's'}`;
}

function formatCounts(counted: Counted): string {
	return counted.map(values => values.join('→')).join(', ');
}

function evaluateAgents(steps: readonly Step[], rounds: readonly number[]): AgentTestFacts | null {
	const sum = ({agents}: StepMetrics) => [...agents.values()].reduce((total, value) => total + value, 0);
	const sums = steps.map(({before, during, after}) => [sum(before), sum(during), sum(after)] as const);
	if (!areOpen(sums, rounds)) {
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
		observed: `connections of the agents ${formatCounts(sums)} while spoke held ${heldUpgrades(rounds)}, carried by ${[...carriers].join(' ')}`,
	};
}

function hasSameAgents({agents}: StepMetrics, other: StepMetrics): boolean {
	return agents.size > 0 && other.agents.size === agents.size;
}
