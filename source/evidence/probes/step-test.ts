/** The step test: holds idle upgrades and watches the metrics of the same process. */
import {setTimeout as delay} from 'node:timers/promises';
import type {Duplex} from 'node:stream';
import type {Connection, UpgradeOptions} from '../../cluster/cluster-client.ts';
import type {MetricFacts} from '../evidence.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import {evaluateSteps, type Step, type StepEvaluation} from '../rules/evaluate-steps.ts';
import type {ReadLog} from './log-differential.ts';

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

type HeldUpgrade = {held: true; connection: string; end(): void} | {held: false; connection: string; status: number; body: string};

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

/**
A port-forward without streams reaches the kubelet and the container runtime, and no process of the pod. WebSocket first, then SPDY if the
carrier is refused; both need the create permission.
*/
export async function holdUpgrade(
	open: () => Promise<Connection>,
	{namespace, pod}: Pick<ReadLog, 'namespace' | 'pod'>,
	first?: Connection,
): Promise<HeldUpgrade> {
	const path = objectPath(podResource, namespace, pod, 'portforward');
	const carriers: readonly UpgradeOptions[] = [
		{method: 'GET', path, upgrade: 'websocket', protocols: ['SPDY/3.1+portforward.k8s.io'], timeoutMs: 35_000},
		{method: 'POST', path, upgrade: 'SPDY/3.1', protocols: ['portforward.k8s.io'], timeoutMs: 35_000},
	];
	let refused: Extract<HeldUpgrade, {held: false}> | undefined;
	for (const [index, carrier] of carriers.entries()) {
		const connection = index === 0 && first ? first : await open();
		const result = await connection.upgrade(carrier);
		if (result.upgraded) {
			return {held: true, connection: connection.id, end: endOf(result.socket)};
		}

		connection.close();
		refused ??= {held: false, connection: connection.id, status: result.status, body: result.body};
		// With a Status the apiserver refuses the request or reports a failure beyond it, so another carrier would get the same.
		if (result.body.trimStart().startsWith('{')) {
			break;
		}
	}

	return refused!;
}

function endOf(socket: Duplex): () => void {
	socket.on('error', () => {});
	socket.resume();
	return () => {
		socket.destroy();
	};
}
