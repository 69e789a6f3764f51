/** When the step test is repeated. */
import test from 'ava';
import type {Connection} from '../../../source/cluster/cluster-client.ts';
import {runStepTest, type StepTestContext} from '../../../source/evidence/probes/step-test.ts';
import {metrics} from '../../support/observations.ts';

/** An apiserver that dials by HTTP CONNECT, and an agent; `others` are its connections at each look. */
function contextOf(others: readonly number[]): {context: StepTestContext; count: {held: number; looks: number}} {
	const count = {held: 0, looks: 0};
	let open = 0;
	return {
		count,
		context: {
			connectToProcess: async () => ({}) as unknown as Connection,
			async hold() {
				count.held++;
				open++;
				return {
					held: true,
					connection: 'c1',
					end() {
						open--;
					},
				};
			},
			metrics: async () =>
				metrics({portForwardsOpen: open, egressDials: [{protocol: 'http-connect', transport: 'tcp', count: count.held}]}).facts,
			agents: async () => new Map([['agent', open + (others[count.looks++] ?? 0)]]),
		},
	};
}

test('a test whose agents others used is repeated, and then decided', async t => {
	const {context, count} = contextOf([0, 0, 1, 0]);
	const result = await runStepTest(context);
	t.is(result.kind === 'evaluated' && result.agent?.agent, 'agent');
	t.is(count.held, 2 * (3 + 5));
});

test('a test that others always disturb ends after three, and names no agent', async t => {
	const {context, count} = contextOf(Array.from({length: 40}, (_, index) => index % 2));
	const result = await runStepTest(context);
	t.is(result.kind === 'evaluated' && result.agent, null);
	t.is(count.held, 3 * (3 + 5));
});
