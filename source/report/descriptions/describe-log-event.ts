/** Log events in words, for the one-shots and the tail. */
import {fullMessage} from '../../cluster/server-messages/unwrap-message.ts';
import type {ContainerTermination, GapReason, LogEvent} from '../../streams/logs/log-events.ts';
import {formatDuration} from '../../base/text/formats.ts';
import {shortErrorFirst} from './describe-error.ts';
import {joinParts, type Part} from './parts.ts';

export type LogPart = Part<'statement' | 'error' | 'cause' | 'attempt' | 'time'>;

export type LogDescription = {
	/** What the parts are about; a layout names it. */
	subject: 'log' | 'container' | 'pod' | 'follow';
	parts: readonly LogPart[];
};

/** `null` if a later event reports the problem. */
export function describeLogEvent(event: LogEvent): LogDescription | null {
	return (descriptions[event.type] as (event: LogEvent) => LogDescription | null)(event);
}

const descriptions: {[Type in LogEvent['type']]: (event: LogEvent & {type: Type}) => LogDescription | null} = {
	reconnecting: ({error, attempt, retryInMs}) =>
		error === null
			? about('log', 'the stream ended normally but the container is still running; resuming')
			: about('log', {role: 'error', text: error.message, short: shortErrorFirst(error)}, '; reconnecting', {
					role: 'attempt',
					text: `, attempt ${attempt} in ${formatDuration(retryInMs)}`,
				}),
	resumed({outageMs, proven, foundLastLine}) {
		const found = foundLastLine ? '; resumed at the last line, no gap' : '; no gap';
		return about('log', `reconnected after ${formatDuration(outageMs)}${proven ? found : ''}`);
	},
	gap: ({after, reason}) =>
		about(
			'log',
			`${gapReasons[reason]}: lines`,
			...(after === null ? [] : [{role: 'time' as const, text: ` after ${after}`, short: ` after ${after.slice(11, 23)}`}]),
			` may be ${reason === 'clock-went-back' ? 'repeated' : 'missing'}`,
		),
	restarted: ({ended, restarts}) => about('container', `${describeTermination(ended)} and restarted (restart ${restarts})`),
	waiting(event) {
		const {ended, reason} = event;
		const state = ended === null ? 'waiting to start' : `${describeTermination(ended)}, waiting to restart`;
		const message = waitingMessage(event);
		return about(
			'container',
			`${state}${reason === null ? '' : `: ${reason}`}`,
			...(message === null ? [] : [{role: 'cause' as const, text: ` (${message})`}]),
		);
	},
	stalled: ({leg, silentForMs}) =>
		about(
			'log',
			`no data for ${formatDuration(silentForMs)}: stalled${leg === null ? '' : ` on leg ${leg}`}`,
			{role: 'cause', text: ` (${stallCauses[`${leg}`]})`},
			'; reconnecting',
		),
	'server-said': ({text}) => about('log', `the kubelet says: ${text}`),
	ended: ({reason, ended, isPodDeleted}) =>
		reason === 'pod-gone'
			? about('pod', podGone)
			: about('container', describeTermination(ended), ...(isPodDeleted ? ['; its pod was deleted'] : [])),
	'apiserver-unreachable': ({error}) => about('follow', {role: 'error', text: error.message}, '; retrying until it responds'),
	'apiserver-reached': ({outageMs}) => about('follow', `the apiserver responded after ${formatDuration(outageMs)}; following its logs`),
	failed: ({error}) => about('log', {role: 'error', text: fullMessage(error)}),
	'pod-appeared': () => about('pod', 'new pod, followed'),
	'pod-gone': () => about('pod', podGone),
	'no-pods': ({error}) =>
		about(
			'follow',
			'no pods to follow; waiting for one',
			...(error === undefined ? [] : [', because it is unknown whether one can appear: ', {role: 'error' as const, text: error.message}]),
		),
	'no-more-pods': () => about('follow', 'no log is left to follow, and no more pods are expected; stopped following'),
	lines: () => null,
	opened: () => null,
	// A tail shows these as the state of the source: no response yet, checking whether the stream is alive, alive.
	asking: () => null,
	checking: () => null,
	checked: () => null,
};

/** A text is a statement. */
function about(subject: LogDescription['subject'], ...parts: ReadonlyArray<LogPart | string>): LogDescription {
	return {subject, parts: parts.map(part => (typeof part === 'string' ? {role: 'statement', text: part} : part))};
}

/** As one line, for a notice; `null` if the event is not shown. Not sanitized. */
export function formatLogEvent(event: LogEvent): string | null {
	const description = describeLogEvent(event);
	if (description === null) {
		return null;
	}

	// Omits the attempt number and delay, so that all notices of one outage have the same text.
	const text = joinParts(description.parts, {without: ['attempt']});
	const {pod, container} = 'source' in event ? event.source : {pod: 'pod' in event ? event.pod : '', container: ''};
	const {subject} = description;
	return subject === 'follow' ? text : `${pod}${subject === 'pod' ? '' : `/${container}`}: ${text}`;
}

const podGone = 'the pod is gone';

const stallCauses = {
	1: 'the apiserver does not respond',
	2: 'the log cannot be read on a second connection',
	null: 'the server has lines that did not arrive, or a second read stopped midway',
} as const;

const gapReasons: Readonly<Record<GapReason, string>> = {
	'last-line-not-met': 'could not find the last line again (was the log file rotated?)',
	'log-gone': 'the log can no longer be read, so it is unknown whether this was its end',
	'restarts-missed': 'restarted more times than the node keeps logs for',
	'no-line-yet': 'interrupted before the first line, and the server may not send all lines since',
	'clock-went-back': 'the node’s clock moved back, or too many lines share one second',
};

/** The message of a crash loop only names the container, the pod and its UID. */
export function waitingMessage({reason, message}: Extract<LogEvent, {type: 'waiting'}>): string | null {
	return reason === 'CrashLoopBackOff' ? null : message;
}

/** kubectl's terms, with the time, because the exit may be long past when it is reported. */
export function describeTermination(termination: ContainerTermination | null): string {
	if (termination === null) {
		return 'terminated';
	}

	const {exitCode, reason, at} = termination;
	const time = at !== null && /T\d{2}:\d{2}:\d{2}/.test(at) ? ` at ${at.slice(11, 19)}` : '';
	return `terminated${time} with exit code ${exitCode}${reason === null || reason === 'Completed' ? '' : ` ${reason}`}`;
}
