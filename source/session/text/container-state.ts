/** States of containers in words. */
import type {ContainerState} from '../../targets/pod-object.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import {formatAge} from '../../text/formats.ts';

/** A time as text, such as `4m ago`. */
export type FormatAgo = (time: string) => string;

export function agoAt(now: number): FormatAgo {
	return time => `${formatAge(now - Date.parse(time))} ago`;
}

/** `running, started 4m ago`, `exited 3 (Error) 4m ago` or `CrashLoopBackOff: back-off 5m0s …`. */
export function containerStateText({state}: {state?: ContainerState | undefined}, ago: FormatAgo): string {
	if (state?.running) {
		return `running${state.running.startedAt === undefined ? '' : `, started ${ago(state.running.startedAt)}`}`;
	}

	if (state?.terminated) {
		return exitText(state.terminated, ago);
	}

	const {reason = 'waiting', message} = state?.waiting ?? {};
	return state?.waiting ? sanitizeLine(`${reason}${message === undefined ? '' : `: ${message}`}`) : 'unknown';
}

/** `exited 3 (Error) 4m ago`, or `killed by signal 9 (OOMKilled) 4m ago`. */
export function exitText({exitCode, signal, reason, finishedAt}: NonNullable<ContainerState['terminated']>, ago: FormatAgo): string {
	const how = signal ? `killed by signal ${signal}` : `exited ${exitCode}`;
	return sanitizeLine(`${how}${reason ? ` (${reason})` : ''}`) + (finishedAt ? ` ${ago(finishedAt)}` : '');
}
