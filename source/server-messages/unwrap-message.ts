/** Which frame did the apiserver put around the words that it met on its second leg? */
import type {MessageWrapper} from './message-rule.ts';

export type UnwrappedMessage = {frame: MessageWrapper; words: string; dialedAddress: string | null};

/** `Get "https://HOST:PORT/containerLogs/…": WORDS`, also for exec and attach through the translator: always by TLS. */
const goRequest = /^(Get|Post) "https:\/\/([^/"]+)\/([^"]*)": ([\s\S]*)$/;

/**
`isStream`: the message came on an error channel of a stream, not as an HTTP answer. `code` is that of the Status, or of the answer, 0 where there is none:
of a failed log read the apiserver says 500 itself, and passes on what a kubelet says with another (client-go rest/request.go newUnstructuredResponseError).
*/
export function unwrapMessage(
	message: string,
	causes: readonly string[],
	{isStream, code}: {isStream: boolean; code: number},
): UnwrappedMessage {
	const upgrade = /^(?:unable to upgrade connection: )?error dialing backend: ([\s\S]*)$/.exec(message);
	if (upgrade) {
		return {frame: 'upgrade', words: upgrade[1]!, dialedAddress: addressIn(upgrade[1]!)};
	}

	const proxy = /^error trying to reach service: ([\s\S]*)$/.exec(message);
	if (proxy) {
		return {frame: 'proxy', words: proxy[1]!, dialedAddress: addressIn(proxy[1]!)};
	}

	const sent = /^(?:Internal error occurred: )?error sending request: ([\s\S]*)$/.exec(message);
	const request = goRequest.exec(sent?.[1] ?? message);
	if (request && (sent || (request[3]!.startsWith('containerLogs/') && [0, 500].includes(code)))) {
		return {frame: sent ? 'translated' : 'log', words: request[4]!, dialedAddress: request[2]!};
	}

	const words = message.replace(/^Internal error occurred: /, '');
	return {frame: isStream ? 'stream' : 'answer', words: words === '' ? (causes[0] ?? '') : words, dialedAddress: null};
}

function addressIn(words: string): string | null {
	return /\bdial tcp (\[[^\]]+\]:\d+|[^\s:]+:\d+)/.exec(words)?.[1] ?? /while dialing (\S+:\d+),/.exec(words)?.[1] ?? null;
}
