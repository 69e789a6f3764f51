/** Attempts on leg 2: what a failure says, the latest result for each far end, and what it means for later paths. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {ErrorObject} from '../base/errors/spoke-error.ts';
import {errorFromExplanation, explainMessage, type Explanation} from '../cluster/server-messages/explain-message.ts';
import type {SecondLegOutcome, Author, ConnectionPurpose, FailureFacts, Observation, BrokenLeg, Finding, Observations} from './evidence.ts';
import {farEndOf, citeAttempt, isFarEndOf, currentFailure, type FailedAttempt} from './rules/second-leg-outcomes.ts';
import {parseStatus} from '../cluster/server-messages/unwrap-message.ts';
import {makeObservation} from './probes/probe-request.ts';
import {authorsOfSource, type EvidenceList} from './rules/claims.ts';
import {findingsOf, rowOf} from './rules/path-findings.ts';
import {quoteForShell} from '../base/text/escaping.ts';
import {formatAge} from '../base/text/formats.ts';
import {isOpenedScope, docs} from './rules/needs.ts';

export function secondLegsOf({records}: Pick<ClusterClient, 'records'>): SecondLegRecord {
	return records.of(SecondLegRecord, () => new SecondLegRecord());
}

type Attempt = {purpose: ConnectionPurpose; process: string | null};

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
		record(cluster, attempt, time, {error, facts, authors: textAuthors(attempt.purpose)});
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

/**
`undefined` if the text proves nothing. A proxied pod or service can send any text, so its text is no evidence of TLS. A far end can send
the apiserver's words: the apiserver relays unchanged a response that is not an upgrade, and the text at the end of a translated command.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/util/proxy/upgradeaware.go tryUpgrade
*/
export function failureObservation({
	error,
	purpose,
	connection,
	process,
	time,
	active = false,
}: Attempt & {
	error: Pick<ErrorObject, 'text'>;
	connection: string | null;
	time: string;
	active?: boolean;
}): Observation<FailureFacts> | undefined {
	const explained = error.text === null ? null : explainedAs(error.text);
	if (!explained || explained.rule.leg !== 2 || (explained.wrapper === 'translated' && !['exec', 'attach'].includes(purpose.feature))) {
		return undefined;
	}

	const {rule, message, text} = explained;
	const isProxied = isOfWorkload(purpose);
	return makeObservation<FailureFacts>(
		'error-text',
		`the response to ${purpose.feature}`,
		{
			row: rule.id,
			text: message === '' ? text : message,
			tls: isProxied ? null : (rule.proves.tls ?? null),
			route: rule.proves.route ?? null,
			answered: !isProxied && rule.proves.farEndAnswered === true,
		},
		{process, connection, time, active, authors: textAuthors(purpose)},
	);
}

/**
Who could have written the text of a failure. No wording shows that the apiserver wrote all of it: its HTTP client repeats the error of a
proxy, and Konnectivity's client that of an agent, with no words of their own.
@see https://github.com/golang/go/blob/go1.26.0/src/net/http/transport.go dialConn, the status of a CONNECT
*/
function textAuthors(purpose: ConnectionPurpose): readonly Author[] {
	return isOfWorkload(purpose) ? ['apiserver', 'workload'] : authorsOfSource['error-text'];
}

function isOfWorkload({feature, request}: ConnectionPurpose): boolean {
	return (
		feature === 'pod-proxy' || feature === 'service-proxy' || (feature === 'node-proxy' && request !== null && request.kubeletPort !== true)
	);
}

/** The status is usually not recorded with the text, so try each status that rows require. */
function explainedAs(text: string): Explanation | null {
	const code = parseStatus(text)?.code;
	const statuses = typeof code === 'number' ? [code] : [500, 401, 403];
	for (const status of [undefined, ...statuses]) {
		const explained = explainMessage(text, status === undefined ? {} : {status});
		if (explained) {
			return explained;
		}
	}

	return null;
}

/** A forecast for new connections only, from a failure in the past; an open or ended connection has its own observations. */
export function brokenNow(observations: Observations, numbered: EvidenceList): BrokenLeg | null {
	if (isOpenedScope(observations)) {
		return null;
	}

	if (observations.purpose.isUnscheduled) {
		return {leg: 2, reason: 'no-node', message: 'the pod is on no node yet', farEnd: null, time: null, evidence: [], error: null};
	}

	const failed = currentFailure(observations);
	if (!failed) {
		return null;
	}

	const {
		failure: {error},
		farEnd,
		time,
	} = failed;
	return {
		leg: 2,
		reason: 'last-attempt-failed',
		message: error.message,
		farEnd,
		time,
		evidence: [numbered.idOf(citeAttempt(observations, failed))],
		error,
	};
}

export function lastAttemptFindings(observations: Observations, error: ErrorObject | null): readonly Finding[] {
	const {target, isUnscheduled = false} = observations.purpose;
	const failed = error === null && !isUnscheduled ? currentFailure(observations) : null;
	return findingsOf([
		isUnscheduled && {
			row: rowOf(observations),
			code: 'POD_ON_NO_NODE',
			severity: 'warning',
			message: 'The pod is on no node yet: there is no kubelet to connect to',
			remedy: `kubectl describe pod ${quoteForShell(target.name)} -n ${quoteForShell(target.namespace ?? 'default')}`,
			docs: docs.debugging,
		},
		failed && {
			row: 'C10',
			code: 'LAST_ATTEMPT_FAILED',
			severity: 'error',
			message: `The last attempt (${describeAttempt(failed, observations)}) ${describeFailure(failed, observations.time)}`,
			remedy: failed.failure.error.remedy,
			docs: docs.debugging,
		},
	]);
}

/** `failed 12s ago: …` as of `now`, RFC 3339. */
export function describeFailure({failure: {error}, time}: FailedAttempt, now: string): string {
	return `failed ${formatAge(Date.parse(now) - Date.parse(time))} ago: ${error.message}`;
}

/** Names the far end of the attempt if it is not that of the path: then the tunnel to both failed. */
function describeAttempt({feature, farEnd}: FailedAttempt, {purpose}: Observations): string {
	return isFarEndOf(purpose)(farEnd) ? feature : `${feature} to ${farEnd}`;
}
