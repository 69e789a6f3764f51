/** Checks the kubelets of all nodes of a plan, a few at once. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {isSpokeError, type SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {noConnectionObservations, observeConnection, socketObservation} from '../connection-observations.ts';
import {examineApiserver} from '../examine-apiserver.ts';
import {probeTimeoutMs} from '../probes/probe-request.ts';
import {recordAnswer, recordFailure} from '../second-leg-record.ts';
import {type CheckConnection, checkNode, type NodeCheckContext, notTriedFor} from './check-node.ts';
import type {NodeCheck, NodeCheckSummary} from '../doctor/doctor-object.ts';
import {NodeCheckTally} from './node-check-tally.ts';
import type {NodeCheckPlan, PlannedNode} from './plan-node-checks.ts';

export type NodeCheckOptions = {
	/** Maximum log reads at once, each on a connection of its own. */
	concurrency: number;
	timeoutMs: number;
	/** Stops the check; its reason is the name of a signal. */
	signal?: AbortSignal;
	/** In the order in which the nodes answer. */
	onChecked?: (check: NodeCheck, tally: NodeCheckTally) => void | Promise<void>;
};

/**
Each connection is observed before its first log read, so that verdicts hold for the apiserver process at its end. Resolves also when it
is stopped, with what is known so far.
@throws SpokeError when no connection can be made at the start
*/
export async function checkNodes(
	cluster: ClusterClient,
	plan: NodeCheckPlan,
	{concurrency, timeoutMs, signal, onChecked}: NodeCheckOptions,
): Promise<NodeCheckSummary> {
	const tally = new NodeCheckTally(plan, {concurrency, timeoutMs});
	const examined = await examineApiserver(cluster, signal ? {signal} : {});
	examined.connection.close();
	const context: NodeCheckContext = {cluster, examined, timeoutMs};
	// Nodes without a pod need no connection, and are known at once.
	const queue = [...plan.nodes].toSorted((a, b) => Number(a.candidates.length > 0) - Number(b.candidates.length > 0));
	let error: SpokeError | null = null;
	const failed: NodeCheck[] = [];
	let answered: readonly NodeCheck[] = [];
	const remember = (check: NodeCheck) => {
		if (check.result === 'failed' && failed.length < maxRecordedFailures) {
			failed.push(check);
		} else if (check.result === 'responded') {
			answered = [...answered.slice(1 - maxRecordedAnswers), check];
		}
	};

	const isStopped = () => error !== null || signal?.aborted === true;
	const work = async () => {
		const own = new CheckConnectionHolder(cluster, signal);
		try {
			for (let planned = queue.shift(); planned && !isStopped(); planned = queue.shift()) {
				const check = {...(await own.check(planned, context)), time: new Date().toISOString()};
				if (!isStopped()) {
					tally.add(check);
					remember(check);
					await onChecked?.(check, tally);
				}
			}
		} catch (thrown) {
			error ??= signal?.aborted ? null : toSpokeError(thrown);
		} finally {
			own.close();
		}
	};

	await Promise.all(Array.from({length: Math.min(concurrency, plan.nodes.length)}, work));
	recordOutcomes(cluster, failed, answered);
	return tally.summarize(cluster, {examined, error, stoppedBy: signal?.aborted ? String(signal.reason) : null});
}

/** Together, they leave room for the outcomes of other far ends. */
const maxRecordedFailures = 300;
const maxRecordedAnswers = 50;

/** For later paths. Answers last: a tunnel that failed for one node has carried the answers of the others, in whatever order they came. */
function recordOutcomes(cluster: ClusterClient, failed: readonly NodeCheck[], answered: readonly NodeCheck[]): void {
	for (const {path, error} of [...failed, ...answered]) {
		const {feature, target, request, process} = path;
		const attempt = {purpose: {feature, target, request}, process: process.id};
		if (error) {
			recordFailure(cluster, attempt, error);
		} else {
			recordAnswer(cluster, attempt);
		}
	}
}

/** One connection at a time, opened when it is needed. */
class CheckConnectionHolder {
	readonly #cluster: ClusterClient;
	readonly #signal: AbortSignal | undefined;
	#current: CheckConnection | null = null;

	constructor(cluster: ClusterClient, signal: AbortSignal | undefined) {
		this.#cluster = cluster;
		this.#signal = signal;
	}

	/**
	An apiserver may close an idle connection, so a node whose read loses one is checked once more on a new connection.
	@throws SpokeError when no connection can be made
	*/
	async check(planned: PlannedNode, context: NodeCheckContext): Promise<NodeCheck> {
		const attempt = async (connection: CheckConnection) =>
			checkNode(planned, connection, context).catch((thrown: unknown) => {
				this.close();
				return toSpokeError(thrown);
			});
		const first = await attempt(await this.#open());
		const check = isSpokeError(first) && !this.#signal?.aborted ? await attempt(await this.#open()) : first;
		return isSpokeError(check) ? notTriedFor(check, planned, context) : check;
	}

	close(): void {
		this.#current?.connection.close();
		this.#current = null;
	}

	/** @throws SpokeError when no connection can be made */
	async #open(): Promise<CheckConnection> {
		if (this.#current?.connection.usable) {
			return this.#current;
		}

		this.close();
		const options = this.#signal ? {signal: this.#signal} : {};
		const connection = await this.#cluster.connect(options);
		const own = await observeConnection(connection, {timeoutMs: probeTimeoutMs});
		if (connection.usable) {
			this.#current = {connection, own};
			return this.#current;
		}

		// A probe that timed out has closed it.
		const unobserved = await this.#cluster.connect(options);
		this.#current = {connection: unobserved, own: {...noConnectionObservations, socket: socketObservation(unobserved)}};
		return this.#current;
	}
}
