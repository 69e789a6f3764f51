/** Removes the wrapper that the apiserver puts around an error of leg 2. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import type {MessageWrapper} from './message-rule.ts';
import {statusMessage} from './parse-status.ts';

export type UnwrappedMessage = {wrapper: MessageWrapper; message: string; dialedAddress: string | null};

/** A request error of Go's HTTP client, for logs and for translated exec and attach; always over TLS. */
const goRequest = /^(Get|Post) "https:\/\/([^/"]+)\/([^"]*)": ([\s\S]*)$/;

/**
`isStream`: from an error channel. `code`: of the response or the Status, 0 if unknown. For a failed log read, 500 is the apiserver's own
and any other is a kubelet's (client-go rest/request.go newUnstructuredResponseError).
*/
export function unwrapMessage(
	message: string,
	causes: readonly string[],
	{isStream, code}: {isStream: boolean; code: number},
): UnwrappedMessage {
	const upgrade = /^(?:unable to upgrade connection: )?error dialing backend: ([\s\S]*)$/.exec(message);
	if (upgrade) {
		return {wrapper: 'upgrade', message: upgrade[1]!, dialedAddress: addressIn(upgrade[1]!)};
	}

	const proxy = /^error trying to reach service: ([\s\S]*)$/.exec(message);
	if (proxy) {
		return {wrapper: 'proxy', message: proxy[1]!, dialedAddress: addressIn(proxy[1]!)};
	}

	const sent = /^(?:Internal error occurred: )?error sending request: ([\s\S]*)$/.exec(message);
	const request = goRequest.exec(sent?.[1] ?? message);
	if (request && (sent || (request[3]!.startsWith('containerLogs/') && [0, 500].includes(code)))) {
		return {wrapper: sent ? 'translated' : 'log', message: request[4]!, dialedAddress: request[2]!};
	}

	const plain = message.replace(/^Internal error occurred: /, '');
	return {wrapper: isStream ? 'stream' : 'answer', message: plain === '' ? (causes[0] ?? '') : plain, dialedAddress: null};
}

function addressIn(message: string): string | null {
	return /\bdial tcp (\[[^\]]+\]:\d+|[^\s:]+:\d+)/.exec(message)?.[1] ?? /while dialing (\S+:\d+),/.exec(message)?.[1] ?? null;
}

/** Appends the server's text (of a Status, its message) unless `message` contains its unwrapped part. Not sanitized. */
export function fullMessage({message, text}: Pick<ErrorObject, 'message' | 'text'>): string {
	const words = text === null ? '' : (statusMessage(text) ?? text).trim();
	const innermost = unwrapMessage(words, [], {isStream: false, code: 0}).message;
	return message.includes(innermost.trim()) ? message : `${message}: ${words}`;
}
