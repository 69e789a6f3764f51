/** Decides whether a proxied response is the apiserver's own. */
import type {IncomingHttpHeaders} from 'node:http';
import {errorFromResponse} from '../../cluster/error-from-response.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {errorFromExplanation, explainMessage} from '../../server-messages/explain-message.ts';
import {targetsKubelet} from '../../targets/kubelet-port.ts';
import type {ConnectionPurpose} from '../connection-observer.ts';

/** More than any Status, and as much as is read of an error before it is passed on. */
export const maxErrorBytes = 64 * 1024;

/**
What the apiserver says of itself, `begun` being the body's beginning: a Status, or plain words about the kubelet where a kubelet was asked.
`null` for the backend's own answer. A backend that answers with a Status of its own (another apiserver) cannot be told apart.
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

/** A Status in one of these is not looked into (k8s.io/apiserver pkg/endpoints/handlers/negotiation). */
const otherEncodings = /^application\/(?:yaml|cbor|vnd\.kubernetes\.protobuf)/;

/** What Go's HTTP server itself says of a request that it cannot read, the apiserver's as well as a kubelet's (net/http server.go). */
const goServerErrors = /^(?:400 Bad Request|431 Request Header Fields Too Large)/;

/**
Whether an answer that `apiserverErrorIn` takes for the backend's may be the apiserver's all the same: it has no words, or they are in an
encoding that is not read here,
or they are those of too many requests, of a limit that passed, of a panic.
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

/** The apiserver itself sends a client that leaves out the slash behind `/proxy` there (apimachinery pkg/util/proxy/upgradeaware.go). */
export function isApiserverRedirect(status: number, pathAfterProxy: string): boolean {
	return status === 301 && /^(\?|$)/.test(pathAfterProxy);
}
