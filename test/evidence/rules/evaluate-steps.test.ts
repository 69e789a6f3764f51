import test from 'ava';
import type {MetricFacts, StepTestFacts} from '../../../source/evidence/evidence.ts';
import {evaluateSteps, type Step} from '../../../source/evidence/rules/evaluate-steps.ts';
import {metrics} from '../../support/observations.ts';

const none: ReadonlyMap<string, number> = new Map();
const measure = (facts: Partial<MetricFacts>, agents = none) => ({metrics: metrics(facts).facts, agents});
const dials = (count: number) => ({egressDials: [{protocol: 'http-connect' as const, transport: 'uds', count}]});

/** Two rounds, of 3 and 5. `make` gets how many are held, and the dials so far. */
function rounds(make: (held: number, dialedAddress: number) => Partial<MetricFacts>, control = (held: number) => held): Step[] {
	let dialedAddress = 0;
	return [3, 5].map(k => {
		const at = (held: number) => measure({portForwardsOpen: control(held), ...make(held, dialedAddress)});
		const before = at(0);
		dialedAddress += k;
		return {k, before, during: at(k), after: at(0)};
	});
}

/** Two rounds, of 3 and 5. */
type Looks = readonly [before: Partial<MetricFacts> | null, during: Partial<MetricFacts> | null, after: Partial<MetricFacts> | null];
const exact = (make: (k: number, round: number) => Looks): Step[] =>
	[3, 5].map((k, round) => {
		const [before, during, after] = make(k, round).map((facts, at) =>
			facts ? measure({portForwardsOpen: at === 1 ? k : 0, ...facts}) : {metrics: null, agents: none},
		);
		return {k, before: before!, during: during!, after: after!};
	});

const followed = (k: number): Looks => [{tunnelsOpen: 1}, {tunnelsOpen: 1 + k}, {tunnelsOpen: 1}];
const dialledBy = (protocol: 'grpc' | 'http-connect', count: number) => ({egressDials: [{protocol, transport: 'uds', count}]});

const rows: ReadonlyArray<[title: string, steps: readonly Step[], moved: StepTestFacts['moved']]> = [
	['tunnels that follow up and down', rounds(held => ({tunnelsOpen: 4 + held})), 'grpc'],
	[
		'tunnels whose series appears with the first dial',
		rounds((held, dialedAddress) => ({tunnelsOpen: dialedAddress === 0 ? null : held})),
		'grpc',
	],
	['tunnels that go up and stay', rounds((_, dialedAddress) => ({tunnelsOpen: dialedAddress})), 'undecided'],
	['tunnels that other clients move too', rounds(held => ({tunnelsOpen: held === 0 ? 4 : 5 + held})), 'undecided'],
	['dials that rise by what was held', rounds((_, dialedAddress) => dials(dialedAddress)), 'http-connect'],
	['dials that rise by more', rounds((_, dialedAddress) => dials(2 * dialedAddress)), 'undecided'],
	['no egress series at all', rounds(() => ({})), 'nothing'],
	[
		'a control that did not rise: another replica carried them',
		rounds(
			held => ({tunnelsOpen: held}),
			() => 0,
		),
		'undecided',
	],
	[
		'a process that was replaced in between',
		rounds((held, dialedAddress) => ({tunnelsOpen: held, startSeconds: dialedAddress})),
		'undecided',
	],
	['a control that rose and stayed', exact(k => [{tunnelsOpen: 0}, {tunnelsOpen: k}, {tunnelsOpen: 0, portForwardsOpen: k}]), 'undecided'],
	[
		'a control that rose by more',
		exact(k => [{tunnelsOpen: 0}, {tunnelsOpen: k, portForwardsOpen: k + 1}, {tunnelsOpen: 0, portForwardsOpen: 1}]),
		'undecided',
	],
	[
		'a control that followed in one round of two',
		exact((k, round) => [{tunnelsOpen: 0}, {tunnelsOpen: k, portForwardsOpen: round === 0 ? k : 0}, {tunnelsOpen: 0}]),
		'undecided',
	],
	[
		'a control among the port-forwards of others',
		exact(k => [
			{tunnelsOpen: 0, portForwardsOpen: 7},
			{tunnelsOpen: k, portForwardsOpen: 7 + k},
			{tunnelsOpen: 0, portForwardsOpen: 7},
		]),
		'grpc',
	],
	[
		'tunnels that rose by more and fell by what was held',
		exact(k => [{tunnelsOpen: 0}, {tunnelsOpen: k + 1}, {tunnelsOpen: 1}]),
		'undecided',
	],
	[
		'tunnels that followed in one round of two',
		exact((k, round) => (round === 0 ? followed(k) : [{tunnelsOpen: 1}, {tunnelsOpen: 1}, {tunnelsOpen: 1}])),
		'undecided',
	],
	[
		'dials that rose by what was held, and again afterwards',
		exact((k, round) => [dials(10 * round), dials(10 * round + k), dials(10 * round + k + 1)]),
		'undecided',
	],
	['dials that rose in one round of two', exact((_, round) => [dials(3 * round), dials(3), dials(3)]), 'undecided'],
	['a dial only after the upgrades had ended', exact(() => [dials(1), dials(1), dials(2)]), 'undecided'],
	[
		'dials by gRPC, with no count of its tunnels',
		exact((k, round) => [dialledBy('grpc', 3 * round), dialledBy('grpc', k + 3 * round), dialledBy('grpc', k + 3 * round)]),
		'undecided',
	],
	['no dial in one round of two', exact((_, round) => [dials(1), dials(1 + round), dials(1 + round)]), 'undecided'],
	['dials by HTTP CONNECT of others, and none of the held ones', exact(() => [dials(4), dials(4), dials(4)]), 'nothing'],
	...([0, 1, 2] as const).flatMap((at): typeof rows => [
		[
			`another process at look ${at + 1} of three`,
			exact(k => followed(k).map((facts, index) => ({...facts, startSeconds: index === at ? 2 : 1})) as unknown as Looks),
			'undecided',
		],
		[
			`no metrics at look ${at + 1} of three`,
			exact(k => followed(k).map((facts, index) => (index === at ? null : facts)) as unknown as Looks),
			'undecided',
		],
	]),
	['metrics of one round of two only', exact((k, round) => (round === 0 ? followed(k) : [null, null, null])), 'undecided'],
	['no round at all', [], 'undecided'],
	[
		'metrics that are forbidden',
		[{k: 3, before: {metrics: null, agents: none}, during: {metrics: null, agents: none}, after: {metrics: null, agents: none}}],
		'undecided',
	],
];

for (const [title, steps, moved] of rows) {
	test(`${title}: ${moved}`, t => {
		const evaluated = evaluateSteps(steps).steps;
		t.is(evaluated.moved, moved);
		t.deepEqual(
			evaluated.rounds,
			steps.map(({k}) => k),
		);
	});
}

test('the transport is the one of the protocol that moved', t => {
	const both = (count: number) => ({
		egressDials: [
			{protocol: 'grpc' as const, transport: 'uds', count: 1},
			{protocol: 'http-connect' as const, transport: 'tcp', count},
		],
	});
	t.is(evaluateSteps(rounds((_, dialedAddress) => both(dialedAddress))).steps.transport, 'tcp');
	t.is(evaluateSteps(exact(k => followed(k).map(facts => ({...facts, ...both(1)})) as unknown as Looks)).steps.transport, 'uds');
	t.is(evaluateSteps(exact(k => followed(k))).steps.transport, null);
});

const agentSteps = (...carried: ReadonlyArray<ReadonlyArray<Readonly<Record<string, number>>>>): Step[] =>
	[3, 5].map((k, index) => {
		const [before, during, after] = carried[index]!.map(counts => measure({}, new Map(Object.entries(counts))));
		return {k, before: before!, during: during!, after: after!};
	});

test('a single agent that carried all is named, and several are not', t => {
	t.is(
		evaluateSteps(
			agentSteps(
				[
					{a: 1, b: 0},
					{a: 4, b: 0},
					{a: 1, b: 0},
				],
				[
					{a: 1, b: 0},
					{a: 6, b: 0},
					{a: 1, b: 0},
				],
			),
		).agent?.agent,
		'a',
	);
	t.is(
		evaluateSteps(
			agentSteps(
				[
					{a: 1, b: 2},
					{a: 4, b: 2},
					{a: 1, b: 2},
				],
				[
					{a: 1, b: 2},
					{a: 6, b: 2},
					{a: 1, b: 2},
				],
			),
		).agent?.agent,
		'a',
		'another agent is busy with others',
	);
	t.is(
		evaluateSteps(
			agentSteps(
				[
					{a: 1, b: 0},
					{a: 3, b: 1},
					{a: 1, b: 0},
				],
				[
					{a: 1, b: 0},
					{a: 4, b: 2},
					{a: 1, b: 0},
				],
			),
		).agent?.agent,
		null,
	);
});

test('an agent that was not there before a round is named if it carried all', t => {
	const [first] = agentSteps(
		[
			{a: 1, b: 0},
			{a: 1, c: 3},
			{a: 1, c: 0},
		],
		[{}, {}, {}],
	);
	t.is(evaluateSteps([first!]).agent?.agent, 'c');
});

test('no agent is named if one that was not there before carried a single connection', t => {
	const [first] = agentSteps(
		[
			{a: 1, b: 0},
			{a: 3, c: 1},
			{a: 1, c: 0},
		],
		[{}, {}, {}],
	);
	t.is(evaluateSteps([first!]).agent?.agent, null);
});

test('agents that do not follow, or that come and go, leave the test undecided', t => {
	t.is(evaluateSteps(agentSteps([{a: 1}, {a: 3}, {a: 1}], [{a: 1}, {a: 6}, {a: 1}])).agent, null);
	t.is(evaluateSteps(agentSteps([{a: 1}, {a: 4}, {a: 1}], [{a: 1}, {a: 6, b: 0}, {a: 1}])).agent, null);
	t.is(evaluateSteps(agentSteps([{a: 1}, {a: 4}, {a: 1}], [{a: 1}, {a: 6}, {a: 1, b: 0}])).agent, null, 'one came late');
	t.is(evaluateSteps(agentSteps([{}, {}, {}], [{}, {}, {}])).agent, null, 'no agent');
	t.is(evaluateSteps(agentSteps([{a: 1}, {a: 4}, {a: 4}], [{a: 4}, {a: 9}, {a: 9}])).agent, null, 'up and not down');
	t.is(evaluateSteps(agentSteps([{a: 1}, {a: 5}, {a: 2}], [{a: 2}, {a: 8}, {a: 3}])).agent, null, 'down and not up');
	t.is(evaluateSteps([]).agent, null, 'no round');
});

test('a direct route is observed as no dial while the process carried the streams', t => {
	const {observed} = evaluateSteps(rounds(() => ({}))).steps;
	t.is(observed, 'no egress dial while this process carried 3 and then 5 idle port-forwards of spoke');
});

test('dials by HTTP CONNECT are observed round by round', t => {
	const {observed} = evaluateSteps(rounds((_, dialedAddress) => dials(dialedAddress))).steps;
	t.is(observed, 'dials by http-connect 0→3→3, 3→8→8 while spoke held 3 and then 5 idle port-forwards');
});

test('one held stream is one idle port-forward', t => {
	const step = {
		k: 1,
		before: measure({portForwardsOpen: 0}),
		during: measure({portForwardsOpen: 1}),
		after: measure({portForwardsOpen: 0}),
	};
	t.regex(evaluateSteps([step]).steps.observed, /carried 1 idle port-forward of spoke$/);
});

test('only counts that were read and that others moved are disturbed', t => {
	const connects = (agents: (held: number) => Readonly<Record<string, number>>): Step[] =>
		rounds((_, dialedAddress) => dials(dialedAddress)).map(({k, before, during, after}) => {
			const withAgents = (look: Step['before'], held: number) => ({...look, agents: new Map(Object.entries(agents(held)))});
			return {k, before: withAgents(before, 0), during: withAgents(during, k), after: withAgents(after, 0)};
		});
	const found = (steps: readonly Step[]) => {
		const {steps: facts, agent, isDisturbed} = evaluateSteps(steps);
		return [facts.moved, facts.agentsRead, agent !== null, isDisturbed];
	};

	t.deepEqual(found(connects(held => ({a: 1 + held}))), ['http-connect', true, true, false]);
	t.deepEqual(found(connects(held => ({a: held === 3 ? 5 : held}))), ['http-connect', true, false, true]);
	t.deepEqual(found(connects(() => ({}))), ['http-connect', false, false, false]);
	t.deepEqual(found(rounds(held => ({tunnelsOpen: held === 0 ? 4 : 5 + held}))), ['undecided', false, false, true]);
	t.deepEqual(found(exact(() => [null, null, null])), ['undecided', false, false, false]);
	t.deepEqual(found(rounds(() => ({}))), ['nothing', false, false, false]);
});
