/** Failures in words. */
import {errorTable} from '../../base/errors/error-table.ts';
import type {ErrorObject, LegNumber, SpokeError} from '../../base/errors/spoke-error.ts';
import {statusMessage} from '../../cluster/server-messages/unwrap-message.ts';
import {clockTime} from '../../base/text/formats.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {Part} from './parts.ts';
import {isApiserverRefusal} from '../../cluster/server-messages/explain-message.ts';

/** `where`: who or which leg failed. `server` and `error`: verbatim text, of a server or of this machine. */
export type ErrorPart = Part<'where' | 'message' | 'server' | 'error' | 'fix'>;

export function describeError(error: ErrorObject): readonly ErrorPart[] {
	const {message, text, remedy} = error;
	return [
		{role: 'where', text: describeFailedPlace(error)},
		{role: 'message', text: message},
		...(text === null || message.includes(messageOf(text).trim() || text.trim()) ? [] : [{role: textRole(error), text}]),
		...(remedy === null ? [] : [{role: 'fix' as const, text: remedy}]),
	];
}

/** No leg failed if the apiserver or the container responded, or if spoke sent nothing because of a requirement. */
function describeFailedPlace(error: ErrorObject): string {
	const {code, leg, legKnown} = error;
	const isResponse = code === 'ERR_NOT_FOUND' || code === 'ERR_APISERVER_ANSWER';
	if (code === 'ERR_COPY_INCOMPLETE' || (isResponse && leg === 3)) {
		return 'Error in the container';
	}

	if (isResponse) {
		return 'Error from the apiserver';
	}

	if (code === 'ERR_REQUIRE_NOT_MET' || code === 'ERR_REQUIRE_UNDECIDED') {
		return 'Refused by the requirement';
	}

	if (isApiserverRefusal(error)) {
		return 'Refused by the apiserver';
	}

	return legKnown ? failedPlaces[leg] : 'Failed; it is unknown where';
}

const failedPlaces: Readonly<Record<LegNumber, string>> = {
	0: 'Failed on this machine',
	1: 'Failed between you and the apiserver',
	2: 'Failed between the apiserver and the node',
	3: 'Failed between the kubelet and the container',
};

type UnreachablePart = Part<'statement' | 'server' | 'error' | 'means' | 'proxy' | 'fix' | 'attempt'>;

type Unreachable = {
	context: string;
	proxy: {url: string; from: 'proxy-url' | 'environment'} | null;
	/** `null` before the first attempt has failed. */
	error: ErrorObject | null;
	/** `Retrying in 4 s (attempt 3).`, or empty. */
	next: string;
	attempts: ReadonlyArray<{time: number; tookMs: number; text: string}>;
};

/** An apiserver that does not respond, or cannot be used yet. */
export function describeUnreachable({context, proxy, error, next, attempts}: Unreachable): readonly UnreachablePart[] {
	const isSilent = error === null || error.code === 'ERR_APISERVER_UNREACHABLE' || error.code === 'ERR_APISERVER_TIMEOUT';
	const state = isSilent ? 'does not respond' : 'cannot be used yet';
	return [
		{role: 'statement', text: `The apiserver of ${context} ${state}.${next === '' ? '' : ` ${next}`}`},
		...(error === null
			? []
			: [
					...(error.text === null ? [] : [{role: textRole(error), text: error.text}]),
					{role: 'means' as const, text: isSilent ? errorTable[error.code].meaning : error.message},
					...(isSilent ? [{role: 'proxy' as const, text: describeProxySetting(proxy)}] : []),
					...(error.remedy === null ? [] : [{role: 'fix' as const, text: error.remedy}]),
				]),
		// The duration comes first, because the end can be cut.
		...attempts.map(({time, tookMs, text}) => ({
			role: 'attempt' as const,
			text: `${clockTime(time)}  after ${tookMs < 1000 ? `${tookMs} ms` : `${(tookMs / 1000).toFixed(1)} s`}: ${text}`,
		})),
	];
}

function describeProxySetting(proxy: Unreachable['proxy']): string {
	if (proxy === null) {
		return 'none: no proxy-url in the kubeconfig and none in the environment';
	}

	return `${proxy.url} (${proxy.from === 'proxy-url' ? 'proxy-url of the kubeconfig' : 'HTTPS_PROXY or HTTP_PROXY in the environment'})`;
}

/** Who wrote the verbatim text of an error. */
function textRole({code}: Pick<ErrorObject, 'code'>): 'server' | 'error' {
	return serverErrors.has(code) ? 'server' : 'error';
}

/** `Get "https://…": No agent available` → `No agent available`. */
export function shortError({message, text}: Pick<SpokeError, 'message' | 'text'>): string {
	const own = withoutStrayEnd(
		sanitizeLine(messageOf(text?.trim() ?? ''))
			.split(': ')
			.at(-1) ?? '',
	);
	return /^.{8,48}$/.test(own) ? own : sanitizeLine(message);
}

/** A quoted part may keep the closing quotes: `desc = "transport: dial unix /x: connection refused"`. */
function withoutStrayEnd(words: string): string {
	const count = (sign: string) => words.split(sign).length - 1;
	const isStray = (words.endsWith('"') && count('"') % 2 === 1) || (words.endsWith(')') && count(')') > count('('));
	return isStray ? withoutStrayEnd(words.slice(0, -1)) : words;
}

/** The innermost part comes first, because the end can be cut. */
export function shortErrorFirst(error: Pick<SpokeError, 'message' | 'text'>): string {
	const [short, whole] = [shortError(error), sanitizeLine(error.message)];
	return short === whole ? whole : `${short}: ${whole.endsWith(`: ${short}`) ? whole.slice(0, -short.length - 2) : whole}`;
}

function messageOf(text: string): string {
	return text.startsWith('{') ? (statusMessage(text) ?? '') : text;
}

/** Errors whose text comes from the apiserver, the kubelet, the runtime or the backend. */
const serverErrors: ReadonlySet<ErrorObject['code']> = new Set([
	'ERR_FORBIDDEN',
	'ERR_CREDENTIALS',
	'ERR_NOT_FOUND',
	'ERR_APISERVER_ANSWER',
	'ERR_SECOND_LEG',
	'ERR_UPGRADE_REFUSED',
	'ERR_COMMAND_NOT_STARTED',
	'ERR_TARGET_GONE',
	'ERR_PORT_REFUSED',
	'ERR_BACKEND_ANSWER',
]);
