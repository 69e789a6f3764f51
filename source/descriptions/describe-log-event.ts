/** Log events in words, for the one-shots and the tail. */
import {fullMessage} from '../server-messages/unwrap-message.ts';
import type {ContainerTermination, GapReason, LogEvent} from '../streams/logs/log-events.ts';
import {formatDuration} from '../text/formats.ts';
import {shortErrorFirst} from './describe-error.ts';
import type {Part} from './parts.ts';

export type LogPart = Part<'statement' | 'error' | 'cause' | 'attempt' | 'time'>;

export type LogDescription = {
	/** What the parts are about; a layout names it. */
	subject: 'log' | 'container' | 'pod' | 'follow';
	parts: readonly LogPart[];
};

/** `null` if a later event reports the problem. */
export function describeLogEvent(event: LogEvent): LogDescription | null {
	switch (event.type) {
		case 'reconnecting': {
			return {
				subject: 'log',
				parts:
					event.error === null
						? [statement('the stream ended normally but the container is still running; resuming')]
						: [
								{role: 'error', text: event.error.message, short: shortErrorFirst(event.error)},
								statement('; reconnecting'),
								{role: 'attempt', text: `, attempt ${event.attempt} in ${formatDuration(event.retryInMs)}`},
							],
			};
		}

		case 'resumed': {
			const found = event.foundLastLine ? '; resumed at the last line, no gap' : '; no gap';
			return {subject: 'log', parts: [statement(`reconnected after ${formatDuration(event.outageMs)}${event.proven ? found : ''}`)]};
		}

		case 'gap': {
			return {subject: 'log', parts: describeGap(event)};
		}

		case 'restarted': {
			return {subject: 'container', parts: [statement(`${describeTermination(event.ended)} and restarted (restart ${event.restarts})`)]};
		}

		case 'waiting': {
			const state = event.ended === null ? 'waiting to start' : `${describeTermination(event.ended)}, waiting to restart`;
			const reason = event.reason === null ? '' : `: ${event.reason}`;
			const message = waitingMessage(event);
			return {
				subject: 'container',
				parts: [statement(`${state}${reason}`), ...(message === null ? [] : [{role: 'cause' as const, text: ` (${message})`}])],
			};
		}

		case 'stalled': {
			const leg = event.leg === null ? '' : ` on leg ${event.leg}`;
			return {
				subject: 'log',
				parts: [
					statement(`no data for ${formatDuration(event.silentForMs)}: stalled${leg}`),
					{role: 'cause', text: ` (${stallCauses[`${event.leg}`]})`},
					statement('; reconnecting'),
				],
			};
		}

		case 'server-said': {
			return {subject: 'log', parts: [statement(`the kubelet says: ${event.text}`)]};
		}

		case 'ended': {
			return event.reason === 'pod-gone'
				? {subject: 'pod', parts: [statement(podGone)]}
				: {
						subject: 'container',
						parts: [statement(describeTermination(event.ended)), ...(event.isPodDeleted ? [statement('; its pod was deleted')] : [])],
					};
		}

		case 'apiserver-unreachable': {
			return {
				subject: 'follow',
				parts: [{role: 'error', text: event.error.message}, statement('; retrying until it responds')],
			};
		}

		case 'apiserver-reached': {
			return {subject: 'follow', parts: [statement(`the apiserver responded after ${formatDuration(event.outageMs)}; following its logs`)]};
		}

		case 'failed': {
			return {subject: 'log', parts: [{role: 'error', text: fullMessage(event.error)}]};
		}

		case 'pod-appeared':
		case 'pod-gone': {
			return {subject: 'pod', parts: [statement(event.type === 'pod-gone' ? podGone : 'new pod, followed')]};
		}

		case 'no-pods': {
			const waiting = statement('no pods to follow; waiting for one');
			return {
				subject: 'follow',
				parts:
					event.error === undefined
						? [waiting]
						: [waiting, statement(', because it is unknown whether one can appear: '), {role: 'error', text: event.error.message}],
			};
		}

		case 'no-more-pods': {
			return {subject: 'follow', parts: [statement('no log is left to follow, and no more pods are expected; stopped following')]};
		}

		// A tail shows the last three as the state of the source: no response yet, checking whether the stream is alive, alive.
		case 'lines':
		case 'opened':
		case 'asking':
		case 'checking':
		case 'checked': {
			return null;
		}
	}
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

function describeGap({after, reason}: Extract<LogEvent, {type: 'gap'}>): LogPart[] {
	return [
		statement(`${gapReasons[reason]}: lines`),
		...(after === null ? [] : [{role: 'time' as const, text: ` after ${after}`, short: ` after ${after.slice(11, 23)}`}]),
		statement(` may be ${reason === 'clock-went-back' ? 'repeated' : 'missing'}`),
	];
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

function statement(text: string): LogPart {
	return {role: 'statement', text};
}
