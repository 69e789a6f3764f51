import test from 'ava';
import type {MetricFacts} from '../../../source/evidence/evidence.ts';
import {evaluateSteps, type Step} from '../../../source/evidence/rules/evaluate-steps.ts';
import {rowsOf} from '../../support/given.ts';
import {metrics} from '../../support/observations.ts';

/**
Two rounds, in which 3 and then 5 idle port-forwards were held. Each counter as it was before, during and after a round:
`tunnels 1→4→1 1→6→1`. `none`: the series was absent; `unread`: all metrics. `forwards` is the apiserver's own count of port-forwards, and
follows unless a row says otherwise. `connect` and `grpc` are dials over a Unix socket, `connect-tcp` over TCP; `agent-a` counts connections
of an agent.
*/
function stepsOf(text: string): Step[] {
	const counters = Object.fromEntries(
		text.split('; ').map(counter => {
			const [name = '', ...rounds] = counter.split(' ');
			return [name, rounds.map(round => round.split('→'))];
		}),
	);
	const {
		forwards = [
			['0', '3', '0'],
			['0', '5', '0'],
		],
		nothing: _,
		...others
	} = counters;
	return forwards.map((_, round) => {
		const look = (at: number): Step['before'] => {
			const values = new Map(
				Object.entries({forwards, ...others}).flatMap(([name, rounds]) => (rounds[round] ? [[name, rounds[round][at]!] as const] : [])),
			);
			const isRead = ![...values.values()].includes('unread');
			const agents = [...values].filter(([name, value]) => name.startsWith('agent-') && value !== 'none');
			return {
				metrics: isRead ? metrics(countersOf(values)).facts : null,
				agents: new Map(agents.map(([name, value]) => [name.slice('agent-'.length), Number(value)])),
			};
		};

		return {k: [3, 5][round]!, before: look(0), during: look(1), after: look(2)};
	});
}

const dialed = {
	grpc: {protocol: 'grpc', transport: 'uds'},
	connect: {protocol: 'http-connect', transport: 'uds'},
	'connect-tcp': {protocol: 'http-connect', transport: 'tcp'},
} as const;

function countersOf(values: ReadonlyMap<string, string>): Partial<MetricFacts> {
	const numberOf = (name: string) => (values.has(name) && values.get(name) !== 'none' ? Number(values.get(name)) : null);
	return {
		portForwardsOpen: numberOf('forwards')!,
		tunnelsOpen: numberOf('tunnels'),
		startSeconds: numberOf('start') ?? 1,
		egressDials: Object.entries(dialed).flatMap(([name, dial]) => (values.has(name) ? [{...dial, count: Number(values.get(name))}] : [])),
	};
}

const rows = rowsOf(`
	tunnels 4→7→4 4→9→4 → grpc
	tunnels none→3→0 0→5→0 → grpc # the series appears with the first dial
	tunnels 0→3→3 3→8→8 → undecided # up, and not down
	tunnels 4→8→4 4→10→4 → undecided # others move them, too
	tunnels 0→4→1 0→6→1 → undecided
	tunnels 1→4→1 1→1→1 → undecided
	tunnels 1→4→1 unread→unread→unread → undecided

	connect 0→3→3 3→8→8 → http-connect
	connect 0→6→6 6→16→16 → undecided
	connect 0→3→4 10→15→16 → undecided # one more dial afterwards
	connect 0→3→3 3→3→3 → undecided
	connect 1→1→2 1→1→2 → undecided
	connect 1→1→1 1→2→2 → undecided
	grpc 0→3→3 3→8→8 → undecided # its tunnels are not counted

	nothing → nothing
	connect 4→4→4 4→4→4 → nothing # dials of others

	# Another replica or process carried the upgrades, if the apiserver's own count of port-forwards did not follow.
	tunnels 0→3→0 0→5→0; forwards 0→0→0 0→0→0 → undecided
	tunnels 0→3→0 0→5→0; forwards 0→3→3 0→5→5 → undecided
	tunnels 0→3→0 0→5→0; forwards 0→4→1 0→6→1 → undecided
	tunnels 0→3→0 0→5→0; forwards 0→3→0 0→0→0 → undecided
	tunnels 0→3→0 0→5→0; forwards 7→10→7 7→12→7 → grpc # among those of others
	tunnels 0→3→0 0→5→0; start 0→3→3 3→8→8 → undecided
	tunnels 1→4→1 1→6→1; start 2→1→1 2→1→1 → undecided
	tunnels 1→4→1 1→6→1; start 1→2→1 1→2→1 → undecided
	tunnels 1→4→1 1→6→1; start 1→1→2 1→1→2 → undecided
	tunnels unread→4→1 unread→6→1 → undecided
	tunnels 1→unread→1 1→unread→1 → undecided
	tunnels 1→4→unread 1→6→unread → undecided
	tunnels unread→unread→unread; forwards 0→3→0 → undecided
`);

for (const {given: counters, expected} of rows) {
	test(`${counters}: ${expected}`, t => {
		const steps = stepsOf(counters);
		const {moved, rounds} = evaluateSteps(steps).steps;
		t.is<string, string>(moved, expected);
		t.deepEqual(
			rounds,
			steps.map(({k}) => k),
		);
	});
}

test('no round decides nothing', t => {
	t.like(evaluateSteps([]), {agent: null, steps: {moved: 'undecided', rounds: []}});
});

const agents = rowsOf(`
	agent-a 1→4→1 1→6→1; agent-b 0→0→0 0→0→0 → a
	agent-a 1→4→1 1→6→1; agent-b 2→2→2 2→2→2 → a # the other one is busy with others
	agent-a 1→3→1 1→4→1; agent-b 0→1→0 0→2→0 → several
	agent-a 1→1→1; agent-b 0→none→none; agent-c none→3→0; forwards 0→3→0 → c # it was not there before
	agent-a 1→3→1; agent-b 0→none→none; agent-c none→1→0; forwards 0→3→0 → several
	agent-a 1→3→1 1→6→1 → undecided
	agent-a 1→4→1 1→6→1; agent-b none→none→none none→0→none → undecided # it comes and goes
	agent-a 1→4→1 1→6→1; agent-b none→none→none none→none→0 → undecided # it came late
	nothing → undecided
	agent-a 1→4→4 4→9→9 → undecided # up, and not down
	agent-a 1→5→2 2→8→3 → undecided # down, and not up
`);

for (const {given: counts, expected} of agents) {
	test(`the agent that carried all, ${counts}: ${expected}`, t => {
		const {agent} = evaluateSteps(stepsOf(counts));
		t.is(agent === null ? 'undecided' : (agent.agent ?? 'several'), expected);
	});
}

test('the observation names each round', t => {
	const observed = (counters: string) => evaluateSteps(stepsOf(counters)).steps.observed;
	t.is(observed('nothing'), 'no egress dial while this process carried 3 and then 5 idle port-forwards of spoke');
	t.is(observed('tunnels 1→4→1 1→6→1'), 'tunnels open 1→4→1, 1→6→1 while spoke held 3 and then 5 idle port-forwards');
	t.is(observed('connect 0→3→3 3→8→8'), 'dials by http-connect 0→3→3, 3→8→8 while spoke held 3 and then 5 idle port-forwards');
	t.is(
		evaluateSteps(stepsOf('agent-a 1→3→1 1→4→1; agent-b 0→1→0 0→2→0')).agent?.observed,
		'connections of the agents 1→4→1, 1→6→1 while spoke held 3 and then 5 idle port-forwards, carried by a b',
	);
	const [step] = stepsOf('forwards 0→1→0');
	t.regex(evaluateSteps([{...step!, k: 1}]).steps.observed, /carried 1 idle port-forward of spoke$/);
});

const disturbed = rowsOf(`
	connect 0→3→3 3→8→8; agent-a 1→4→1 1→6→1 → http-connect, agents read, agents carried
	connect 0→3→3 3→8→8; agent-a 0→5→0 0→5→0 → http-connect, agents read, disturbed
	connect 0→3→3 3→8→8 → http-connect
	tunnels 4→7→4 4→9→4 → grpc
	tunnels 4→8→4 4→10→4 → undecided, disturbed
	tunnels unread→unread→unread unread→unread→unread → undecided
	nothing → nothing
`);

for (const {given: counters, expected} of disturbed) {
	test(`counts that were read, and that others moved, ${counters}: ${expected}`, t => {
		const {steps, agent, isDisturbed} = evaluateSteps(stepsOf(counters));
		const words = [
			steps.moved,
			...(steps.agentsRead ? ['agents read'] : []),
			...(agent ? ['agents carried'] : []),
			...(isDisturbed ? ['disturbed'] : []),
		];
		t.is(words.join(', '), expected);
	});
}
