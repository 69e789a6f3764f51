/** The last failed attempt as a forecast for new connections. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import {quoteForShell} from '../text/escaping.ts';
import {formatAge} from '../text/formats.ts';
import type {BrokenLeg, Finding, Observations} from './evidence.ts';
import type {EvidenceList} from './rules/claims.ts';
import {rowOf} from './rules/path-findings.ts';
import {isOpenedScope, docs} from './rules/needs.ts';
import {citeAttempt, isFarEndOf, currentFailure, type FailedAttempt} from './rules/second-leg-outcomes.ts';

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
	const {
		purpose: {target, isUnscheduled = false},
	} = observations;
	if (isUnscheduled) {
		return [
			{
				row: rowOf(observations),
				code: 'POD_ON_NO_NODE',
				severity: 'warning',
				leg: 2,
				message: 'The pod is on no node yet: there is no kubelet to connect to',
				remedy: `kubectl describe pod ${quoteForShell(target.name)} -n ${quoteForShell(target.namespace ?? 'default')}`,
				docs: docs.debugging,
			},
		];
	}

	const failed = error === null ? currentFailure(observations) : null;
	return failed
		? [
				{
					row: 'C10',
					code: 'LAST_ATTEMPT_FAILED',
					severity: 'error',
					leg: 2,
					message: `The last attempt (${describeAttempt(failed, observations)}) ${describeFailure(failed, observations.time)}`,
					remedy: failed.failure.error.remedy,
					docs: docs.debugging,
				},
			]
		: [];
}

/** `failed 12s ago: …` as of `now`, RFC 3339. */
export function describeFailure({failure: {error}, time}: FailedAttempt, now: string): string {
	return `failed ${formatAge(Date.parse(now) - Date.parse(time))} ago: ${error.message}`;
}

/** Names the far end of the attempt if it is not that of the path: then the tunnel to both failed. */
function describeAttempt({feature, farEnd}: FailedAttempt, {purpose}: Observations): string {
	return isFarEndOf(purpose)(farEnd) ? feature : `${feature} to ${farEnd}`;
}
