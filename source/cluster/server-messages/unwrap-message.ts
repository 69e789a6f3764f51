/** Removes the wrapper that the apiserver puts around an error of leg 2. */
import type {ErrorObject} from '../../base/errors/spoke-error.ts';
import type {ErrorCode} from '../../base/errors/error-table.ts';

type UnwrappedMessage = {wrapper: MessageWrapper; message: string; dialedAddress: string | null};

/** A request error of Go's HTTP client, for logs and for translated exec and attach; always over TLS. A quoted URL is a redirect's. */
const goRequest = /^(Get|Post) "https:\/\/([^/"\\]+)\/([^"\\]*)": (?!redirects forbidden$)([\s\S]*)$/;

const kubectlReasons: ReadonlySet<unknown> = new Set(['NotFound', 'Forbidden', 'BadRequest']);

type Speaker = 'here' | 'gateway' | 'apiserver' | 'tunnel' | 'kubelet' | 'runtime' | 'application';

/**
How the apiserver wraps an error of leg 2:
`log`: `Get "https://NODE/…": …` of a log read; `upgrade`: `error dialing backend: …`; `proxy`: `error trying to reach service: …`;
`translated`: `error sending request: …` of an exec, attach or port-forward that the apiserver translates.
`answer` (a response) and `stream` (an error channel) have no wrapper.
*/
export type MessageWrapper = 'log' | 'upgrade' | 'translated' | 'proxy' | 'answer' | 'stream';

export type MessageRule = {
	/** The id that evidence cites: `T1`, `G1`, `K2`. Rules can share an id. */
	id: string;
	/** Must match the whole unwrapped message. */
	pattern: RegExp;
	/** Where the message can be: inside one of these wrappers, or bare in a response or a stream. */
	wrappers: readonly MessageWrapper[];
	status?: readonly number[];
	/** `status`: a metav1.Status; `empty`: no body at all. */
	body?: 'text' | 'status' | 'empty';
	detailsKind?: string;
	speaker: Speaker;
	leg: 0 | 1 | 2 | 3;
	code: ErrorCode;
	meaning: string;
	remedy: string | null;
	/**
	What the message proves about leg 2 of this attempt. `route`: only if nothing but a tunnel client produces the message.
	`farEndAnswered`: sent by a kubelet, over its TLS.
	*/
	proves: {tls?: 'refused' | 'plain'; farEndAnswered?: true; route?: 'konnectivity' | 'egress-http-connect'};
};

/**
`isStream`: the message came on an error channel. `code`: of the response or of the Status, 0 if unknown. If a log read fails, the
apiserver reports its own error with code 500, and a kubelet's response with another code or with a prefix (client-go rest/request.go
newUnstructuredResponseError).
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
	return (
		/^proxy error from \S+ while dialing (\S+:\d+),/.exec(message)?.[1] ??
		/^(?:writing|reading HTTP response from|proxy) CONNECT to (\S+:\d+) /.exec(message)?.[1] ??
		/\bdial tcp (\[[^\]]+\]:\d+|[^\s:]+:\d+)/.exec(message)?.[1] ??
		null
	);
}

/**
Appends the server's text, or for a Status the message in it. Appends nothing if `message` already contains that text without its wrapper.
Does not sanitize.
*/
export function fullMessage({message, text}: Pick<ErrorObject, 'message' | 'text'>): string {
	const words = text === null ? '' : (statusMessage(text) ?? text).trim();
	const innermost = unwrapMessage(words, [], {isStream: false, code: 0}).message;
	return message.includes(innermost.trim()) ? message : `${message}: ${words}`;
}

/** `null` if the body is not a Status. Fields are not validated. */
export function parseStatus(body: string): {message?: unknown; code?: unknown; reason?: unknown; details?: {kind?: unknown} | null} | null {
	try {
		const parsed = JSON.parse(body) as {
			kind?: unknown;
			message?: unknown;
			code?: unknown;
			reason?: unknown;
			details?: {kind?: unknown} | null;
		} | null;
		return parsed?.kind === 'Status' ? parsed : null;
	} catch {
		return null;
	}
}

/** `null` if the body is not a Status; empty if it has no message. */
export function statusMessage(body: string): string | null {
	const status = parseStatus(body);
	return status && (typeof status.message === 'string' ? status.message : '');
}

/**
The line that kubectl prints, which scripts match; `null` for another reason or body.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/util/helpers.go StandardErrorMessage
*/
export function kubectlLine(body: string): string | null {
	const status = parseStatus(body);
	return status && kubectlReasons.has(status.reason) && typeof status.message === 'string' && status.message !== ''
		? `Error from server (${String(status.reason)}): ${status.message}`
		: null;
}
