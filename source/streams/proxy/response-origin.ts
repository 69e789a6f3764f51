/** Decides whether a proxied response is the apiserver's own. */
import type {IncomingHttpHeaders} from 'node:http';
import {errorFromResponse} from '../../cluster/error-from-response.ts';
import {SpokeError, isSpokeError} from '../../base/errors/spoke-error.ts';
import {errorFromExplanation, explainMessage} from '../../cluster/server-messages/explain-message.ts';
import {targetsKubelet} from '../../cluster/targets/named-port.ts';
import type {ConnectionPurpose} from '../connection-observer.ts';

/** How much of an error response is read before it is relayed; longer than any Status. */
export const maxErrorBytes = 64 * 1024;

const legUnknown = 'it is unknown whether this happened on leg 1 (to the apiserver) or leg 2 (beyond it)';

/**
Returns the apiserver's error, or `null` if the response is the backend's. The apiserver sends a Status, or a known text about a kubelet. A
Status from a backend (another apiserver) cannot be distinguished.
*/
export function apiserverErrorIn(
	status: number,
	headers: IncomingHttpHeaders,
	bodyStart: Buffer,
	{request}: Pick<ConnectionPurpose, 'request'>,
): SpokeError | null {
	if (status < 400) {
		return null;
	}

	const body = bodyStart.toString('utf8');
	const isStatus =
		(headers['content-type'] ?? '').startsWith('application/json') && /^\s*\{/.test(body) && /"kind"\s*:\s*"Status"/.test(body);
	const explained = isStatus || (request !== null && targetsKubelet(request)) ? explainMessage(body, {status}) : null;
	if (explained && explained.rule.code !== 'ERR_APISERVER_ANSWER') {
		return errorFromExplanation(explained);
	}

	if (isStatus && body.includes('error trying to reach service')) {
		return new SpokeError('ERR_SECOND_LEG', errorFromResponse({status, headers, body}).message, {text: body});
	}

	return isStatus ? errorFromResponse({status, headers, body}) : null;
}

/** Encodings of a Status that are not parsed (k8s.io/apiserver pkg/endpoints/handlers/negotiation). */
const otherEncodings = /^application\/(?:yaml|cbor|vnd\.kubernetes\.protobuf)/;

/** Responses of Go's HTTP server, in an apiserver or a kubelet, to a malformed request (net/http server.go). */
const goServerErrors = /^(?:400 Bad Request|431 Request Header Fields Too Large)/;

/**
Whether a response that seems to be the backend's can be the apiserver's, because it has no text, has an encoding that is not parsed, or
reports too many requests, a timeout or a panic.
@see k8s.io/apiserver pkg/server/filters maxinflight.go tooManyRequests, timeout.go, wrap.go
*/
export function mayBeFromApiserver(status: number, headers: IncomingHttpHeaders, bodyStart: Buffer): boolean {
	return (
		status === 429 ||
		status >= 500 ||
		(status >= 400 &&
			(bodyStart.length === 0 ||
				otherEncodings.test(headers['content-type'] ?? '') ||
				goServerErrors.test(bodyStart.toString('latin1', 0, 64))))
	);
}

/** The apiserver redirects a path without the slash after `/proxy` (apimachinery pkg/util/proxy/upgradeaware.go). */
export function isApiserverRedirect(status: number, pathAfterProxy: string): boolean {
	return status === 301 && /^(\?|$)/.test(pathAfterProxy);
}

/** The leg is unknown: an apiserver also ends leg 1 when it loses leg 2. */
export function truncatedResponseError(cause: unknown): SpokeError {
	return new SpokeError('ERR_STREAM_LOST', `the response was truncated: ${(cause as Error).message}: ${legUnknown}`, {cause});
}

/** The leg is unknown: an apiserver waits for its backend. Returns other errors unchanged. */
export function noResponseError(cause: unknown, timeoutMs: number): unknown {
	const {code, text} = isSpokeError(cause) ? cause : {code: null, text: null};
	if (code === 'ERR_APISERVER_TIMEOUT') {
		return new SpokeError('ERR_STREAM_LOST', `no response within ${timeoutMs / 1000} s: ${legUnknown}`, {
			cause,
			remedy: 'raise --request-timeout, or run `spoke doctor` on the target',
		});
	}

	return code === 'ERR_APISERVER_UNREACHABLE'
		? new SpokeError('ERR_STREAM_LOST', `the connection ended without a response: ${text}: ${legUnknown}`, {cause, text})
		: cause;
}
