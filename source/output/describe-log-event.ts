/** Log events as text: one line for stderr, and the parts that the tail shows too. */
import type {ContainerTermination, GapReason, LogEvent, LogSource} from '../streams/logs/log-events.ts';

/** `null` if the event is not shown. Not sanitized. */
export function describeLogEvent(event: LogEvent): string | null {
	switch (event.type) {
		case 'reconnecting': {
			return `${nameOf(event.source)}: ${event.error === null ? cleanEndText : `${event.error.message}; reconnecting`}`;
		}

		case 'resumed': {
			return `${nameOf(event.source)}: ${describeResume(event, seconds)}`;
		}

		case 'gap': {
			return `${nameOf(event.source)}: ${describeGap(event, timestamp => timestamp)}`;
		}

		case 'restarted': {
			return `${nameOf(event.source)}: ${describeTermination(event.ended)} and restarted (restart ${event.restarts})`;
		}

		case 'waiting': {
			const why = event.reason === null ? '' : `: ${event.reason}`;
			return `${nameOf(event.source)}: ${event.ended === null ? 'waiting to start' : `${describeTermination(event.ended)}, waiting to restart`}${why}`;
		}

		case 'stalled': {
			return `${nameOf(event.source)}: ${describeStall(event, seconds)} (${stallText[`${event.leg}`]}); reconnecting`;
		}

		case 'server-said': {
			return `${nameOf(event.source)}: the kubelet says: ${event.text}`;
		}

		case 'ended': {
			return `${nameOf(event.source)}: ${event.reason === 'pod-gone' ? 'the pod is gone' : describeTermination(event.ended)}`;
		}

		case 'failed': {
			return `${nameOf(event.source)}: ${event.error.message}`;
		}

		case 'pod-appeared':
		case 'pod-gone': {
			return `${event.pod}: ${event.type === 'pod-gone' ? 'gone' : 'followed'}`;
		}

		case 'no-pods': {
			return 'no pods to follow; waiting for one';
		}

		// `opened`, `asking`, `checking` and `checked`: a problem is reported by a later event.
		default: {
			return null;
		}
	}
}

const stallText = {
	1: 'the apiserver does not respond',
	2: 'the log cannot be read on a second connection',
	null: 'the server has more, or a second read stopped midway',
} as const;

export const cleanEndText = 'the stream ended normally but the container is still running; resuming';

const gapTexts: Readonly<Record<GapReason, string>> = {
	'last-line-not-met': 'could not find the last line again (was the log file rotated?)',
	'log-gone': 'the log can no longer be read, so it is unknown whether this was its end',
	'restarts-missed': 'restarted more times than the node keeps logs for',
	'no-line-yet': 'disconnected before the first line, and the server does not send all lines since',
	'clock-went-back': 'the node’s clock moved back, or too many lines share one second',
};

/** `time` formats the timestamp of the last line before the gap. */
export function describeGap({after, reason}: Extract<LogEvent, {type: 'gap'}>, time: (timestamp: string) => string): string {
	const since = after === null ? '' : ` after ${time(after)}`;
	return `${gapTexts[reason]}: lines${since} may be ${reason === 'clock-went-back' ? 'repeated' : 'missing'}`;
}

export function describeResume(
	{outageMs, proven, foundLastLine}: Extract<LogEvent, {type: 'resumed'}>,
	duration: (milliseconds: number) => string,
): string {
	return `reconnected after ${duration(outageMs)}${proven ? (foundLastLine ? '; resumed at the last line, no gap' : '; no gap') : ''}`;
}

export function describeStall(
	{silentForMs, leg}: Extract<LogEvent, {type: 'stalled'}>,
	duration: (milliseconds: number) => string,
): string {
	return `no data for ${duration(silentForMs)}: stalled${leg === null ? '' : ` on leg ${leg}`}`;
}

/** kubectl's terms, with the time, because the exit may be long past when it is reported. Not sanitized. */
export function describeTermination(ended: ContainerTermination | null): string {
	if (ended === null) {
		return 'terminated';
	}

	const {exitCode, reason, at} = ended;
	const time = at !== null && /T\d{2}:\d{2}:\d{2}/.test(at) ? ` at ${at.slice(11, 19)}` : '';
	return `terminated${time} with exit code ${exitCode}${reason === null || reason === 'Completed' ? '' : ` ${reason}`}`;
}

function nameOf({pod, container}: LogSource): string {
	return `${pod}/${container}`;
}

function seconds(milliseconds: number): string {
	return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
}
