/** Speaker, leg and meaning of a server's message. */
import {type ErrorObject, SpokeError} from '../../base/errors/spoke-error.ts';
import {dialMessages} from './dial-messages.ts';
import {type MessageRule, type MessageWrapper, parseStatus, statusMessage, unwrapMessage} from './unwrap-message.ts';
import {kubeletMessages, requestMessages} from './kubelet-messages.ts';

type MessageContext = {
	/** Omitted for a message of a stream (channel 3, a SPDY error stream). */
	status?: number;
};

export type Explanation = {
	rule: MessageRule;
	text: string;
	/** Without the apiserver's wrapper. */
	message: string;
	wrapper: MessageWrapper;
	/** `host:port`, if the text shows it. */
	dialedAddress: string | null;
};

/** All rules, in the order in which they are tried. */
export const messageRules: readonly MessageRule[] = [...kubeletMessages, ...dialMessages, ...requestMessages];

/** `text`: a response body or the content of an error channel. `null` for an unknown message. */
export function explainMessage(text: string, context: MessageContext = {}): Explanation | null {
	const status = readStatus(text);
	const message = status?.message ?? text.trim();
	const code = context.status ?? status?.code ?? 0;
	const unwrapped = unwrapMessage(message, status?.causes ?? [], {isStream: context.status === undefined, code});
	const body = status ? 'status' : text.trim() === '' ? 'empty' : 'text';
	const rule = messageRules.find(
		({wrappers, pattern, ...only}) =>
			wrappers.includes(unwrapped.wrapper) &&
			pattern.test(unwrapped.message) &&
			(only.status === undefined || only.status.includes(code)) &&
			(only.body === undefined || only.body === body) &&
			(only.detailsKind === undefined || only.detailsKind === status?.kind),
	);
	return rule ? {rule, text, ...unwrapped} : null;
}

export function errorFromExplanation({rule, text, message}: Explanation): SpokeError {
	return new SpokeError(rule.code, `${rule.meaning}: ${oneLine(message)}`.replace(/: $/, ''), {leg: rule.leg, text, remedy: rule.remedy});
}

function oneLine(message: string): string {
	return message
		.trim()
		.replaceAll(/\s*\n\s*/g, ' ')
		.slice(0, 1000);
}

type Status = {message: string; code: number; kind: string; causes: readonly string[]};

function readStatus(text: string): Status | null {
	if (!text.trimStart().startsWith('{')) {
		return null;
	}

	try {
		const parsed = JSON.parse(text) as (Record<string, unknown> & {details?: {kind?: unknown; causes?: Array<{message?: unknown}>}}) | null;
		// Channel 3 of an exec carries a Status without a kind.
		if (parsed === null || (parsed['kind'] !== 'Status' && !('status' in parsed))) {
			return null;
		}

		return {
			message: textOf(parsed['message']),
			code: Number(parsed['code'] ?? 0),
			kind: textOf(parsed.details?.kind),
			causes: (parsed.details?.causes ?? []).map(({message}) => textOf(message)),
		};
	} catch {
		return null;
	}
}

function textOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

/**
Returns the kubelet's message, or `null` if the response can be the apiserver's own. The apiserver turns a kubelet's error into a Status: a
400 keeps the message; any other except a 500 has details that the apiserver's own Status never has.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/registry/generic/rest/response_checker.go
*/
export function kubeletLogRefusal(status: number, body: string): string | null {
	const {message, details} = parseStatus(body) ?? {};
	if (typeof message !== 'string') {
		return null;
	}

	const isFromKubelet = status === 400 ? noLogPattern.test(message.trim()) : status > 400 && details?.kind === 'pods/log';
	return isFromKubelet ? message.trim() : null;
}

/** No leg failed. Not evidence: the response can be that of a backend of a proxy request. */
export function isApiserverRefusal({code, leg, legKnown, text}: Pick<ErrorObject, 'code' | 'leg' | 'legKnown' | 'text'>): boolean {
	return leg === 1 && legKnown && (code === 'ERR_FORBIDDEN' || code === 'ERR_CREDENTIALS' || isApiserverMessage(text));
}

/** Whether it is a message of the apiserver, although a backend could send the same text. */
function isApiserverMessage(text: string | null): boolean {
	const message = (text === null ? '' : (statusMessage(text) ?? text)).trim();
	return (
		message !== '' &&
		(objectNotFound.test(message) ||
			messageRules.some(({speaker, wrappers, pattern}) => speaker === 'apiserver' && wrappers.includes('answer') && pattern.test(message)))
	);
}

/**
Does not match the apiserver's own messages, which name containers without quotes.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_pods.go validateContainerLogStatus
*/
const noLogPattern = new RegExp(
	[
		String.raw`container "[\w.-]+" in pod "[\w.-]+" is (?:not available|terminated|waiting to start(?: - no logs yet|: (?:\w*|image can't be pulled|trying and failing to pull image)))`,
		String.raw`previous terminated container "[\w.-]+" in pod "[\w.-]+" not found`,
		String.raw`pod "[\w.-]+" cannot be found - no logs available`,
	]
		.map(message => `^${message}$`)
		.join('|'),
);

/** @see k8s.io/apimachinery pkg/api/errors NewNotFound */
const objectNotFound = /^[a-z.]+ ".+" not found$/;
