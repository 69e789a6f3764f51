/** Upgrades that the server refused. */
import type {Connection, UpgradeResult} from '../cluster/cluster-client.ts';
import {errorFromResponse, type ErrorResponseContext} from '../cluster/error-from-response.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import {statusMessage} from '../server-messages/unwrap-message.ts';

export type RefusedUpgrade = Extract<UpgradeResult, {upgraded: false}>;

/** `prefix`: kubectl's, before the server's message. */
export function refusedUpgradeError(
	refused: RefusedUpgrade & {connection: Connection},
	carrier: 'websocket' | 'spdy',
	prefix: string,
	context: Pick<ErrorResponseContext, 'resource' | 'namespace' | 'identity'>,
): SpokeError {
	return refused.body.trim() === ''
		? new SpokeError(
				'ERR_UPGRADE_REFUSED',
				`the server responded with ${refused.status} ${refused.statusText}, without a message, to the upgrade to ${carrier}`,
			)
		: refusedAsKubectl(errorFromResponse(refused, {verb: carrier === 'websocket' ? 'get' : 'create', ...context}), prefix);
}

/**
Errors of the request (no permission, no such pod or container) are the same for every carrier. A failed upgrade, or a missing permission
for `get` only, can differ between carriers.
*/
export function shouldTryNextCarrier(result: RefusedUpgrade): boolean {
	const message = statusMessage(result.body);
	if (message !== null) {
		return /cannot get resource "pods\/(?:exec|attach|portforward)"/.test(message) || message === 'Upgrade request required';
	}

	return !isKubeletRefusal(result);
}

/** The kubelet's plain-text 401 and 403, and the apiserver's `error dialing backend`: no carrier would succeed. */
function isKubeletRefusal({status, body, headers}: RefusedUpgrade): boolean {
	const text = body.trim();
	const isPlainText = (headers['content-type'] ?? '').startsWith('text/plain');
	return (
		(isPlainText && ((status === 401 && text === 'Unauthorized') || (status === 403 && text.startsWith('Forbidden (user=')))) ||
		text.startsWith('error dialing backend:')
	);
}

/** kubectl prints only `prefix`, not the Status. @see k8s.io/streaming pkg/httpstream/spdy/roundtripper.go */
export function refusedAsKubectl(error: SpokeError, prefix: string): SpokeError {
	return error.asKubectl === null
		? error
		: error.withChanges({asKubectl: error.asKubectl.replace(/^Error from server \(\w+\)/, `error: ${prefix}`), cause: error.cause});
}

/** The last error with the text of the first, which is about the preferred carrier. */
export function combineCarrierErrors(refused: readonly SpokeError[]): SpokeError {
	const first = refused[0]!;
	const last = refused.findLast(({code}) => code !== 'ERR_UPGRADE_REFUSED') ?? first;
	if (first === last || first.text === null || first.text === last.text) {
		return last;
	}

	return last.withChanges({text: `${first.text}; over the other carrier: ${last.text ?? last.message}`, cause: first});
}
