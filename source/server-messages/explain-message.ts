/** Speaker, leg and meaning of a server's message. */
import {SpokeError} from '../errors/spoke-error.ts';
import {dialMessages} from './dial-messages.ts';
import type {MessageRule, MessageWrapper} from './message-rule.ts';
import {kubeletMessages} from './kubelet-messages.ts';
import {requestMessages} from './request-messages.ts';
import {unwrapMessage} from './unwrap-message.ts';

export type MessageContext = {
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
