/** Records the outcome of an attempt on leg 2 for later paths. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {ErrorObject} from '../errors/spoke-error.ts';
import {errorFromExplanation, explainMessage} from '../server-messages/explain-message.ts';
import type {ConnectionPurpose, FailureFacts, Observation} from './evidence.ts';
import {failureObservation} from './failure-observation.ts';
import {farEndOf} from './rules/second-leg-outcomes.ts';

type Attempt = {
	purpose: ConnectionPurpose;
	process: string | null;
	time?: string;
};

/** A log read that skipped verification does not show that the certificate passes. */
export function recordAnswer(
	{secondLegs}: Pick<ClusterClient, 'secondLegs'>,
	{purpose, process, time = new Date().toISOString()}: Attempt,
): void {
	const farEnd = farEndOf(purpose);
	if (farEnd !== null && !purpose.insecureSkipTlsVerifyBackend) {
		secondLegs.add({farEnd, feature: purpose.feature, time, process, failure: null});
	}
}

/** Records a failure only if it is known to be on leg 2. `observation`: the observation of its text, if it exists already. */
export function recordFailure(
	{secondLegs}: Pick<ClusterClient, 'secondLegs'>,
	{purpose, process, time = new Date().toISOString()}: Attempt,
	error: ErrorObject,
	observation: Observation<FailureFacts> | undefined = failureObservation({error, purpose, connection: null, process, time}),
): void {
	const farEnd = farEndOf(purpose);
	if (farEnd !== null && error.leg === 2 && error.legKnown) {
		secondLegs.add({farEnd, feature: purpose.feature, time, process, failure: {error, facts: observation?.facts ?? null}});
	}
}

export function recordFailureText(cluster: Pick<ClusterClient, 'secondLegs'>, attempt: Attempt, text: string, status?: number): void {
	const explained = explainMessage(text, status === undefined ? {} : {status});
	if (explained) {
		recordFailure(cluster, attempt, errorFromExplanation(explained).toJSON());
	}
}
