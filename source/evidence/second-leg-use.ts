/** Whether a connection used leg 2. */
import {isApiserverMessage, isApiserverRefusal} from '../server-messages/apiserver-refusal.ts';
import type {ErrorObject, Observations, UnusedLeg} from './evidence.ts';

/** `null` if leg 2 was used, may have been used, or nothing was opened. */
export function unusedSecondLeg(
	{about, farEndAnswered, answeredByApiserver}: Pick<Observations, 'about' | 'farEndAnswered' | 'answeredByApiserver'>,
	error: ErrorObject | null,
): UnusedLeg | null {
	if (about === 'configuration' || farEndAnswered) {
		return null;
	}

	const why = answeredByApiserver ?? (error && whyFailedBefore(error));
	return why === null ? null : {leg: 2, why: `not used: ${why}`};
}

function whyFailedBefore(error: ErrorObject): string | null {
	if (isApiserverRefusal(error)) {
		return 'the apiserver refused the request';
	}

	if (error.leg === 2 && error.legKnown && isApiserverMessage(error.text)) {
		return 'the apiserver had no address to dial';
	}

	return unconnected.has(error.code) ? 'leg 1 failed' : null;
}

const unconnected: ReadonlySet<ErrorObject['code']> = new Set([
	'ERR_APISERVER_UNREACHABLE',
	'ERR_APISERVER_TLS',
	'ERR_CERTIFICATE_UNUSABLE',
]);
