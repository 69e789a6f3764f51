/** A log event in one line for stderr. */
import type {LogEvent, LogSource, ContainerTermination} from '../streams/logs/log-events.ts';

/** `null` if the event is not shown. Not sanitized. */
export function describeLogEvent(event: LogEvent): string | null {
	switch (event.type) {
		case 'reconnecting': {
			const why = event.error === null ? 'ended although the container is running' : event.error.message;
			return `${nameOf(event.source)}: ${why}; trying again`;
		}

		case 'resumed': {
			return `${nameOf(event.source)}: back after ${seconds(event.outageMs)}${event.proven ? '; resumed at the last line, no gap' : ''}`;
		}

		case 'gap': {
			return `${nameOf(event.source)}: ${describeGap(event)}`;
		}

		case 'restarted': {
			return `${nameOf(event.source)}: ${describeEnd(event.ended)} and restarted, restart ${event.restarts}`;
		}

		case 'waiting': {
			const why = event.reason === null ? '' : `: ${event.reason}`;
			return `${nameOf(event.source)}: ${event.ended === null ? 'waiting to start' : `${describeEnd(event.ended)}, waiting to restart`}${why}`;
		}

		case 'stalled': {
			return `${nameOf(event.source)}: stalled: no data for ${seconds(event.silentForMs)} and ${stallText[`${event.leg}`]}; trying again`;
		}

		case 'server-said': {
			return `${nameOf(event.source)}: the kubelet says: ${event.text}`;
		}

		case 'ended': {
			return `${nameOf(event.source)}: ${event.reason === 'pod-gone' ? 'the pod is gone' : describeEnd(event.ended)}`;
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

function describeGap({after, reason}: Extract<LogEvent, {type: 'gap'}>): string {
	const behind = after === null ? '' : ` after ${after}`;
	switch (reason) {
		case 'last-line-not-met': {
			return `could not find the last line again (was the log file rotated?): lines${behind} may be missing`;
		}

		case 'log-gone': {
			return `its log can no longer be read, so it is unknown whether this was its end: lines${behind} may be missing`;
		}

		case 'restarts-missed': {
			return `restarted more times than the node keeps logs for: lines${behind} may be missing`;
		}

		case 'no-line-yet': {
			return 'disconnected before its first line: lines may be missing';
		}

		case 'clock-went-back': {
			return `the node’s clock moved back, or too many lines share one second: lines${behind} may be repeated`;
		}
	}
}

function describeEnd(ended: ContainerTermination | null): string {
	return ended === null ? 'ended' : `ended with exit ${ended.exitCode}${ended.reason === null ? '' : ` ${ended.reason}`}`;
}

function nameOf({pod, container}: LogSource): string {
	return `${pod}/${container}`;
}

function seconds(milliseconds: number): string {
	return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
}
