/** Earlier attempts on leg 2. */
import type {
	Citation,
	ConnectionPurpose,
	FailureFacts,
	Observations,
	Observation,
	SecondLegFailure,
	SecondLegOutcome,
} from '../evidence.ts';
import {endsAtKubelet} from './second-leg-tls.ts';
import {isBound, cite} from './claims.ts';

export type FailedAttempt = SecondLegOutcome & {failure: SecondLegFailure};

/** No agent is connected, or the tunnel's server is down: the tunnel failed, not the dialed target. */
const tunnelRows: ReadonlySet<string> = new Set(['G1', 'G3', 'H4']);

/** Only if nothing newer contradicts it. A response on the connection in question is newer. */
export function currentFailure(
	observations: Pick<Observations, 'outcomes' | 'purpose' | 'process' | 'farEndAnswered'>,
): FailedAttempt | null {
	if (observations.farEndAnswered) {
		return null;
	}

	const {outcomes, purpose, process} = observations;
	const isOwn = isFarEndOf(purpose);
	const failed = currentFailures(outcomes);
	const lastOwn = outcomes.findLastIndex(({farEnd}) => isOwn(farEnd));
	const own = failed.find(attempt => attempt === outcomes[lastOwn]);
	const ofTunnel = failed.findLast(attempt => isOfTunnel(attempt) && !isOfOtherProcess(attempt, process?.facts.id ?? null));
	// A far end that answered after the tunnel failed was reached through it.
	return own ?? (ofTunnel && lastOwn < outcomes.indexOf(ofTunnel) ? ofTunnel : null);
}

export function currentFailures(outcomes: readonly SecondLegOutcome[]): readonly FailedAttempt[] {
	return outcomes.filter(
		(outcome, index): outcome is FailedAttempt =>
			outcome.failure !== null &&
			!(isOfTunnel(outcome) && outcomes.slice(index + 1).some(later => showsTunnel(later) && !isOfOtherProcess(later, outcome.process))),
	);
}

/**
A refused certificate may have been replaced since, and another apiserver may not verify it: it counts as an observation of no known
process, and only for the same kubelet while nothing is open.
*/
export function recalledFailures({
	outcomes,
	purpose,
	process,
	farEndAnswered,
	scope,
}: Pick<Observations, 'outcomes' | 'purpose' | 'process' | 'farEndAnswered' | 'scope'>): ReadonlyArray<Observation<FailureFacts>> {
	const isOwn = isFarEndOf(purpose);
	return farEndAnswered || isBound(scope) || !endsAtKubelet({purpose})
		? []
		: currentFailures(outcomes).flatMap(attempt => {
				const {facts} = attempt.failure;
				return facts?.tls === 'refused' && isOwn(attempt.farEnd) && !isOfOtherProcess(attempt, process?.facts.id ?? null)
					? [attemptObservation({...attempt, process: null}, {...facts, answered: false})]
					: [];
			});
}

/** The failures of the tunnel and of far ends of the same kind, for a verdict on no particular target. */
export function failuresOfKind({outcomes, purpose}: Pick<Observations, 'outcomes' | 'purpose'>): readonly FailedAttempt[] {
	const kind = endsAtKubelet({purpose}) ? 'kubelet' : purpose.target.kind.toLowerCase();
	return currentFailures(outcomes).filter(attempt => attempt.farEnd.startsWith(`${kind} `) || isOfTunnel(attempt));
}

export function tunnelFailure({outcomes}: Pick<Observations, 'outcomes'>): FailedAttempt | null {
	return currentFailures(outcomes).findLast(attempt => isOfTunnel(attempt)) ?? null;
}

export function citeAttempt(observations: Observations, attempt: FailedAttempt): Citation {
	const {facts, error} = attempt.failure;
	return cite(observations, attemptObservation(attempt, facts), 'last-attempt-failed', facts?.text ?? error.message);
}

function attemptObservation<Facts>({feature, farEnd, process, time, failure}: FailedAttempt, facts: Facts): Observation<Facts> {
	const where = `the response to ${feature}, ${farEnd}`;
	return {source: 'error-text', authors: failure.authors, where, process, connection: null, time, active: false, facts};
}

export function farEndOf({feature, target, request}: ConnectionPurpose): string | null {
	if (endsAtKubelet({purpose: {feature, target, request}})) {
		return target.node === null || target.chosenFrom === 0 ? null : `kubelet ${target.node}`;
	}

	return `${proxiedEnd(target, request?.scheme ?? 'http')}${request?.port ?? request?.portName ?? ''}`;
}

/** A proxied target without a port matches any of its ports. */
export function isFarEndOf(purpose: ConnectionPurpose): (farEnd: string) => boolean {
	const own = farEndOf(purpose);
	const hasNoPort = own !== null && !endsAtKubelet({purpose}) && own.endsWith(':');
	return farEnd => (hasNoPort ? farEnd.startsWith(own) : farEnd === own);
}

function proxiedEnd({kind, namespace, name}: ConnectionPurpose['target'], scheme: string): string {
	return `${kind.toLowerCase()} ${namespace === null ? '' : `${namespace}/`}${name} ${scheme}:`;
}

function isOfTunnel({failure}: SecondLegOutcome): boolean {
	return failure?.facts !== undefined && failure.facts !== null && tunnelRows.has(failure.facts.row);
}

/** Kubelets are always reached by the same route; a proxied request may bypass the tunnel through an environment proxy. */
function showsTunnel({failure, farEnd}: SecondLegOutcome): boolean {
	return failure === null && farEnd.startsWith('kubelet ');
}

function isOfOtherProcess({process}: SecondLegOutcome, other: string | null): boolean {
	return process !== null && other !== null && process !== other;
}
