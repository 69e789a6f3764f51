/** The step test: holds idle upgrades and watches the metrics of the same process. */
import {setTimeout as delay} from 'node:timers/promises';
import type {Connection} from '../../cluster/cluster-client.ts';
import type {MetricFacts} from '../evidence.ts';
import {evaluateSteps, type Step, type StepEvaluation} from '../rules/evaluate-steps.ts';
import type {HeldUpgrade} from './held-upgrades.ts';

/** Two different numbers, so that noise of one size cannot pass for both. */
const rounds = [3, 5] as const;
const settleMs = 300;
/** More would make it likelier that counts which others move match by chance. */
const maxTests = 3;

export type StepTestContext = {
	connectToProcess(): Promise<Connection | null>;
	hold(first: Connection): Promise<HeldUpgrade>;
	metrics(): Promise<MetricFacts | null>;
	agents(): Promise<ReadonlyMap<string, number>>;
};

export type StepTestResult =
	({kind: 'evaluated'} & StepEvaluation) | {kind: 'refused'; answer: Extract<HeldUpgrade, {held: false}>} | {kind: 'not-found'};

/** Tests again while the counts were disturbed, at most `maxTests` times. */
export async function runStepTest(context: StepTestContext): Promise<StepTestResult> {
	// Opens the separate connections on which agents are read.
	await context.agents();
	for (let test = 1; ; test++) {
		const result = await runRounds(context);
		if (result.kind !== 'evaluated' || !result.isDisturbed || test === maxTests) {
			return result;
		}
	}
}

async function runRounds(context: StepTestContext): Promise<StepTestResult> {
	const steps: Step[] = [];
	for (const k of rounds) {
		const step = await runRound(k, context);
		if (!('before' in step)) {
			return step;
		}

		steps.push(step);
	}

	return {kind: 'evaluated', ...evaluateSteps(steps)};
}

async function runRound(k: number, context: StepTestContext): Promise<Step | Exclude<StepTestResult, {kind: 'evaluated'}>> {
	const before = await measure(context);
	const held: Array<Extract<HeldUpgrade, {held: true}>> = [];
	try {
		for (let index = 0; index < k; index++) {
			const connection = await context.connectToProcess();
			if (!connection) {
				return {kind: 'not-found'};
			}

			const upgrade = await context.hold(connection);
			if (!upgrade.held) {
				return {kind: 'refused', answer: upgrade};
			}

			held.push(upgrade);
		}

		await delay(settleMs);
		const during = await measure(context);
		for (const upgrade of held.splice(0)) {
			upgrade.end();
		}

		await delay(2 * settleMs);
		return {k, before, during, after: await measure(context)};
	} finally {
		for (const upgrade of held) {
			upgrade.end();
		}
	}
}

async function measure({metrics, agents}: StepTestContext): Promise<Step['before']> {
	const [metric, byAgent] = await Promise.all([metrics(), agents()]);
	return {metrics: metric, agents: byAgent};
}
