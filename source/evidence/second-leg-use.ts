/** Whether a connection used leg 2. */
import type {ErrorObject, Observations, UnusedLeg} from './evidence.ts';
import {isOpenedScope} from './rules/needs.ts';

/**
`null` if leg 2 was used or may have been used, and for a configuration. A message is no evidence: a kubelet, a pod or a gateway can send
the apiserver's.
*/
export function unusedSecondLeg(
	{scope, farEndAnswered, answeredByApiserver, socket, purpose}: UseObservations,
	error: ErrorObject | null,
): UnusedLeg | null {
	if (!isOpenedScope({scope}) || farEndAnswered) {
		return null;
	}

	const why = answeredByApiserver ?? (error && reasonUnused(error, {socket, purpose}));
	return why === null ? null : {leg: 2, why: `not used: ${why}`};
}

type UseObservations = Pick<Observations, 'scope' | 'farEndAnswered' | 'answeredByApiserver' | 'socket' | 'purpose'>;

function reasonUnused({code, text}: ErrorObject, {socket, purpose}: Pick<UseObservations, 'socket' | 'purpose'>): string | null {
	if (socket === null && legOneErrors.has(code)) {
		return 'leg 1 failed';
	}

	return purpose.target.kind === 'Pod' && purpose.target.node === null && text?.includes('does not have a host assigned')
		? 'the pod is on no node'
		: null;
}

const legOneErrors: ReadonlySet<ErrorObject['code']> = new Set([
	'ERR_APISERVER_UNREACHABLE',
	'ERR_APISERVER_TLS',
	'ERR_CERTIFICATE_UNUSABLE',
]);
