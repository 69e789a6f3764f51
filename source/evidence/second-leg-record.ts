/** The latest result of leg 2 for each far end, for later paths. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {ErrorObject} from '../errors/spoke-error.ts';
import {errorFromExplanation, explainMessage} from '../server-messages/explain-message.ts';
import type {SecondLegOutcome} from './evidence.ts';
import {failureObservation, textAuthors, type FailedRequest} from './failure-observation.ts';
import {farEndOf} from './rules/second-leg-outcomes.ts';

export function secondLegsOf({records}: Pick<ClusterClient, 'records'>): SecondLegRecord {
	return records.of(SecondLegRecord, () => new SecondLegRecord());
}

type Attempt = FailedRequest & {process: string | null};

/** A log read that skipped verification does not show that the certificate passes. */
export function recordAnswer(cluster: Pick<ClusterClient, 'records'>, {purpose, process}: Attempt): void {
	if (!purpose.insecureSkipTlsVerifyBackend) {
		record(cluster, {purpose, process}, new Date().toISOString(), null);
	}
}

/** Records a failure only if it is known to be on leg 2. */
export function recordFailure(cluster: Pick<ClusterClient, 'records'>, attempt: Attempt, error: ErrorObject): void {
	if (error.leg === 2 && error.legKnown) {
		const time = new Date().toISOString();
		const facts = failureObservation({...attempt, error, connection: null, time})?.facts ?? null;
		record(cluster, attempt, time, {error, facts, authors: textAuthors(error.text ?? '', attempt)});
	}
}

export function recordFailureText(cluster: Pick<ClusterClient, 'records'>, attempt: Attempt, text: string, status?: number): void {
	const explained = explainMessage(text, status === undefined ? {} : {status});
	if (explained) {
		recordFailure(cluster, attempt, errorFromExplanation(explained).toJSON());
	}
}

function record(
	cluster: Pick<ClusterClient, 'records'>,
	{purpose, process}: Attempt,
	time: string,
	failure: SecondLegOutcome['failure'],
): void {
	const farEnd = farEndOf(purpose);
	if (farEnd !== null) {
		secondLegsOf(cluster).add({farEnd, feature: purpose.feature, time, process, failure});
	}
}

const maxFarEnds = 500;

class SecondLegRecord {
	readonly #latest = new Map<string, SecondLegOutcome>();
	#version = 0;

	get version(): number {
		return this.#version;
	}

	/** One outcome per far end, oldest first. */
	get outcomes(): readonly SecondLegOutcome[] {
		return [...this.#latest.values()];
	}

	add(outcome: SecondLegOutcome): void {
		this.#latest.delete(outcome.farEnd);
		this.#latest.set(outcome.farEnd, outcome);
		this.#version++;
		const [oldest] = this.#latest.keys();
		if (this.#latest.size > maxFarEnds && oldest !== undefined) {
			this.#latest.delete(oldest);
		}
	}
}
