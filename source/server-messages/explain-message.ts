/** Who spoke, and what do the words mean? The table of failures, asked. */
import {SpokeError} from '../errors/spoke-error.ts';
import {dialMessages} from './dial-messages.ts';
import type {MessageRule, MessageWrapper} from './message-rule.ts';
import {kubeletMessages} from './kubelet-messages.ts';
import {requestMessages} from './request-messages.ts';
import {unwrapMessage} from './unwrap-message.ts';

export type MessageContext = {
	/** HTTP status of the answer; left out for words of a stream (channel 3, a SPDY error stream). */
	status?: number;
};

export type Explanation = {
	row: MessageRule;
	/** Everything that was said, unchanged. */
	text: string;
	/** The words that the row matched, without the frame that the apiserver put around them. */
	words: string;
	frame: MessageWrapper;
	/** `host:port` that the apiserver really dialled, where the text shows it. */
	dialled: string | null;
};

/** The rows in the order they are tried. */
export const messageRules: readonly MessageRule[] = [...kubeletMessages, ...dialMessages, ...requestMessages];

/**
`text` is a body or a message as it came: a metav1.Status in JSON, plain text, or the words of an error channel.
`null` for words that are in no row: they are shown as they are and never guessed at.
*/
export function explainMessage(text: string, context: MessageContext = {}): Explanation | null {
	const status = readStatus(text);
	const message = status?.message ?? text.trim();
	const code = context.status ?? status?.code ?? 0;
	const {
		frame,
		words,
		dialedAddress: dialled,
	} = unwrapMessage(message, status?.causes ?? [], {isStream: context.status === undefined, code});
	const body = status ? 'status' : text.trim() === '' ? 'empty' : 'text';
	const row = messageRules.find(
		row =>
			row.wrappers.includes(frame) &&
			row.pattern.test(words) &&
			(row.status === undefined || row.status.includes(code)) &&
			(row.body === undefined || row.body === body) &&
			(row.detailsKind === undefined || row.detailsKind === status?.kind),
	);
	return row ? {row, text, words, frame, dialled} : null;
}

/** The same as an error of ours: one line with the meaning, the words kept. */
export function errorFromExplanation({row, text, words}: Explanation): SpokeError {
	return new SpokeError(row.code, `${row.meaning}: ${oneLine(words)}`.replace(/: $/, ''), {
		leg: row.leg,
		text,
		...(row.remedy === null ? {} : {remedy: row.remedy}),
	});
}

function oneLine(words: string): string {
	return words
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
		// Channel 3 of an exec carries a Status without its kind.
		if (parsed === null || (parsed['kind'] !== 'Status' && !('status' in parsed))) {
			return null;
		}

		return {
			message: wordsOf(parsed['message']),
			code: Number(parsed['code'] ?? 0),
			kind: wordsOf(parsed.details?.kind),
			causes: (parsed.details?.causes ?? []).map(({message}) => wordsOf(message)),
		};
	} catch {
		return null;
	}
}

/** What a server put where words belong; anything else is none. */
function wordsOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}
