import test from 'ava';
import type {MetricFacts, StepTestFacts} from '../../../source/posture/evidence.ts';
import {judgeSteps, type Step} from '../../../source/posture/rules/judge-steps.ts';
import {metrics} from '../../support/grounds.ts';

const none: ReadonlyMap<string, number> = new Map();
const look = (facts: Partial<MetricFacts>, agents = none) => ({metrics: metrics(facts).facts, agents});
const dials = (count: number) => ({egressDials: [{protocol: 'http-connect' as const, transport: 'uds', count}]});

/** Two rounds, of 3 and 5, made by a function of how many are held, and of how many dials were made up to then. */
function rounds(make: (held: number, dialled: number) => Partial<MetricFacts>, witness = (held: number) => held): Step[] {
	let dialled = 0;
	return [3, 5].map(k => {
		const at = (held: number) => look({portForwardsOpen: witness(held), ...make(held, dialled)});
		const before = at(0);
		dialled += k;
		return {k, before, during: at(k), after: at(0)};
	});
}

const rows: ReadonlyArray<[title: string, steps: readonly Step[], moved: StepTestFacts['moved']]> = [
	['tunnels that follow up and down', rounds(held => ({tunnelsOpen: 4 + held})), 'grpc'],
	['tunnels whose series appears with the first dial', rounds((held, dialled) => ({tunnelsOpen: dialled === 0 ? null : held})), 'grpc'],
	['tunnels that go up and stay', rounds((_, dialled) => ({tunnelsOpen: dialled})), 'undecided'],
	['tunnels that somebody else moves too', rounds(held => ({tunnelsOpen: held === 0 ? 4 : 5 + held})), 'undecided'],
	['dials that rise by what was held', rounds((_, dialled) => dials(dialled)), 'http-connect'],
	['dials that rise by more', rounds((_, dialled) => dials(2 * dialled)), 'undecided'],
	['no egress series at all', rounds(() => ({})), 'nothing'],
	['a witness that did not rise: another replica carried them', rounds(held => ({tunnelsOpen: held}), () => 0), 'undecided'],
	['a process that was replaced in between', rounds((held, dialled) => ({tunnelsOpen: held, startSeconds: dialled})), 'undecided'],
	['metrics that may not be read', [{k: 3, before: {metrics: null, agents: none}, during: {metrics: null, agents: none}, after: {metrics: null, agents: none}}], 'undecided'],
];

for (const [title, steps, moved] of rows) {
	test(`${title}: ${moved}`, t => {
		const judged = judgeSteps(steps).steps;
		t.is(judged.moved, moved);
		t.deepEqual(judged.rounds, steps.map(({k}) => k));
	});
}

const agentSteps = (...carried: ReadonlyArray<ReadonlyArray<Readonly<Record<string, number>>>>): Step[] => [3, 5].map((k, index) => {
	const [before, during, after] = carried[index]!.map(counts => look({}, new Map(Object.entries(counts))));
	return {k, before: before!, during: during!, after: after!};
});

test('one agent that carried all is named; several are not', t => {
	t.is(judgeSteps(agentSteps([{a: 1, b: 0}, {a: 4, b: 0}, {a: 1, b: 0}], [{a: 1, b: 0}, {a: 6, b: 0}, {a: 1, b: 0}])).agent?.agent, 'a');
	t.is(judgeSteps(agentSteps([{a: 1, b: 0}, {a: 3, b: 1}, {a: 1, b: 0}], [{a: 1, b: 0}, {a: 4, b: 2}, {a: 1, b: 0}])).agent?.agent, null);
});

test('agents that do not follow, or that come and go, decide nothing', t => {
	t.is(judgeSteps(agentSteps([{a: 1}, {a: 3}, {a: 1}], [{a: 1}, {a: 6}, {a: 1}])).agent, null);
	t.is(judgeSteps(agentSteps([{a: 1}, {a: 4}, {a: 1}], [{a: 1}, {a: 6, b: 0}, {a: 1}])).agent, null);
});
