/** The step test: holds k idle upgrades, twice with another k, and watches which counters of the same process follow up and down. */
import type {Connection} from '../../cluster/connection.ts';
import type {AgentTestFacts, MetricFacts} from '../evidence.ts';
import {evaluateSteps, type Step, type StepEvaluation} from '../rules/evaluate-steps.ts';
import type {HeldUpgrade} from './held-upgrades.ts';

/** Two different numbers, so that a noise of one size cannot pass for both. */
const rounds = [3, 5] as const;
const settleMs = 300;

export type StepTestContext = {
	/** A connection whose other end is the process in question, or `null` when none was met within the tries. */
	connectToProcess(): Promise<Connection | null>;
	hold(first: Connection): Promise<HeldUpgrade>;
	/** Of the same process, over the connection that the verdict is about; `null` where it may not be read. */
	metrics(): Promise<MetricFacts | null>;
	/** Connections carried now, by agent. */
	agents(): Promise<ReadonlyMap<string, number>>;
};

export type StepTestResult =
	| {kind: 'judged'; steps: StepEvaluation; agent: AgentTestFacts | null}
	| {kind: 'refused'; answer: Extract<HeldUpgrade, {held: false}>}
	| {kind: 'not-met'};

export async function runStepTest(tools: StepTestContext): Promise<StepTestResult> {
	// Reads of agents are connections of their own: once before, so that they are warm.
	await tools.agents();
	const steps: Step[] = [];
	for (const k of rounds) {
		const step = await oneRound(k, tools);
		if (!('before' in step)) {
			return step;
		}

		steps.push(step);
	}

	return {kind: 'judged', ...evaluateSteps(steps)};
}

async function oneRound(k: number, tools: StepTestContext): Promise<Step | Exclude<StepTestResult, {kind: 'judged'}>> {
	const before = await look(tools);
	const held: Array<Extract<HeldUpgrade, {held: true}>> = [];
	try {
		for (let index = 0; index < k; index++) {
			const connection = await tools.connectToProcess();
			if (!connection) {
				return {kind: 'not-met'};
			}

			const upgrade = await tools.hold(connection);
			if (!upgrade.held) {
				return {kind: 'refused', answer: upgrade};
			}

			held.push(upgrade);
		}

		await pause(settleMs);
		const during = await look(tools);
		for (const upgrade of held.splice(0)) {
			upgrade.end();
		}

		await pause(2 * settleMs);
		return {k, before, during, after: await look(tools)};
	} finally {
		for (const upgrade of held) {
			upgrade.end();
		}
	}
}

async function look({metrics, agents}: StepTestContext): Promise<Step['before']> {
	const [metric, byAgent] = await Promise.all([metrics(), agents()]);
	return {metrics: metric, agents: byAgent};
}

async function pause(ms: number): Promise<void> {
	await new Promise(resolve => {
		setTimeout(resolve, ms);
	});
}
