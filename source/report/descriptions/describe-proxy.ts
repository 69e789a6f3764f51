/** Proxied requests and users of local listeners in words, for the one-shots and the session. */
import {isLoopback, joinHostPort} from '../../cluster/transport/server-url.ts';
import type {ErrorObject} from '../../base/errors/spoke-error.ts';
import type {ListenEndpoint, ListenerEvent} from '../../streams/proxy-listener/start-proxy-listener.ts';
import type {Part} from './parts.ts';

/** Who can use a local listener. Port 0 is not chosen yet. */
export function listenerUsers(endpoint: ListenEndpoint): string {
	if ('unixSocket' in endpoint) {
		return 'only you (mode 0600)';
	}

	const {address, port} = endpoint;
	return isLoopback(address) ? 'every user of this host' : `anyone who can reach ${port === 0 ? address : joinHostPort(address, port)}`;
}

/** `owner`: whose permissions they use. */
export function describeListenerUsers(
	endpoint: ListenEndpoint,
	{subject = 'it', owner = 'your permissions'}: {subject?: string; owner?: string} = {},
): ReadonlyArray<Part<'statement' | 'detail'>> {
	return [
		{role: 'statement', text: `${listenerUsers(endpoint)} can use ${subject}`},
		{role: 'detail', text: ` with ${owner} while it runs`},
	];
}

/** A request that the local API proxy relayed or refused. */
export function describeRelayedRequest({
	method,
	path,
	status,
	error,
}: Pick<ListenerEvent, 'method' | 'path' | 'status' | 'error'>): ReadonlyArray<Part<'request' | 'status' | 'error' | 'code'>> {
	return [
		{role: 'request', text: `${method} ${path}`},
		{role: 'status', text: `: ${status}`},
		...(error === null
			? []
			: [
					{role: 'error' as const, text: `: ${error.message}`},
					{role: 'code' as const, text: ` [${error.code}]`},
				]),
	];
}

/** A redirect that was not followed; `null` for any other response. */
export function describeRedirect(status: number, location: string | undefined): Part<'redirect'> | null {
	return status >= 300 && status < 400 && location !== undefined
		? {role: 'redirect', text: `redirected to ${location}: not followed`, short: 'not followed'}
		: null;
}

/** The fix if plain HTTP reached a TLS port, else `null`. `bodyStart`: the start of the response body. */
export function tlsBackendFix(status: number, bodyStart: string): string | null {
	return status === 400 && bodyStart.includes('Client sent an HTTP request to an HTTPS server')
		? 'the backend uses TLS: prefix the name with https:'
		: null;
}

type Unanswered = {isSent?: true; isCanceled?: true; error: ErrorObject | null};

/** A request whose target was not found was never sent. */
export function describeMissingResponse({isSent, isCanceled, error}: Unanswered): string {
	if (isCanceled === true) {
		return 'Canceled';
	}

	if (isSent !== true) {
		return 'Not sent';
	}

	return error?.code === 'ERR_STREAM_LOST' ? 'No complete response' : 'No response';
}

/** The server may already have received the whole request. */
export function describeCanceledRequest({isSent, isReadOnly}: {isSent: boolean; isReadOnly: boolean}): string {
	if (!isSent) {
		return 'canceled before it was sent';
	}

	return isReadOnly ? 'canceled' : 'canceled; the request may have taken effect';
}
