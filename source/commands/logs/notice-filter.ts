/** Filter for the notices of followed logs. */
import {formatLogEvent} from '../../output/format-log-event.ts';
import type {LogEvent} from '../../streams/logs/log-events.ts';

/** `losses`: lines that may be missing or repeated, and failures. `no-progress`: all except new pods and ended logs. */
export type NoticeLevel = 'all' | 'no-progress' | 'losses';

const progress: ReadonlySet<LogEvent['type']> = new Set(['pod-appeared', 'pod-gone', 'ended']);
const losses: ReadonlySet<LogEvent['type']> = new Set(['gap', 'failed', 'server-said', 'apiserver-unreachable']);

/** Between equal notices, while a log stays interrupted or reconnects again and again. */
const repeatIntervalMs = 30_000;
const minIntervalMs = 4000;
const maxRemembered = 1000;

/** A gone pod is reported once, whether its watch or the logs of its containers noticed it first. */
export function noticeFilter(level: NoticeLevel = 'all'): (event: LogEvent) => string | null {
	const recordGone = goneRecorder();
	const reported = new Map<string, {at: number; suppressed: number}>();
	return event => {
		const isRepeated = recordGone(event);
		const notice = isRepeated || !isReported(event, level) ? null : formatLogEvent(event);
		if (notice === null || !('source' in event) || !['reconnecting', 'resumed', 'server-said'].includes(event.type)) {
			return notice;
		}

		const words = event.type === 'resumed' ? `resumed ${event.proven}` : notice;
		const key = `${event.source.pod}/${event.source.container} ${words}`;
		const before = reported.get(key) ?? {at: -Infinity, suppressed: 0};
		const isSame = event.type === 'reconnecting' && event.attempt > 1;
		if (Date.now() - before.at < (isSame ? repeatIntervalMs : minIntervalMs)) {
			before.suppressed++;
			return null;
		}

		if (reported.size > maxRemembered) {
			reported.clear();
		}

		reported.set(key, {at: Date.now(), suppressed: 0});
		return before.suppressed === 0 ? notice : `${notice} (${before.suppressed} more like this)`;
	};
}

function isReported(event: LogEvent, level: NoticeLevel): boolean {
	switch (level) {
		case 'all': {
			return true;
		}

		case 'no-progress': {
			return !progress.has(event.type);
		}

		case 'losses': {
			return losses.has(event.type);
		}
	}
}

/** Returns whether the pod was recorded before. A later pod of the same name is a different one. */
function goneRecorder(): (event: LogEvent) => boolean {
	const gone = new Set<string>();
	return event => {
		if (event.type === 'pod-appeared') {
			gone.delete(podNameKey(event));
		}

		const key = goneKey(event);
		if (key === null) {
			return false;
		}

		if (gone.size > maxRemembered) {
			gone.clear();
		}

		const isKnown = gone.has(key);
		gone.add(key);
		return isKnown;
	};
}

function goneKey(event: LogEvent): string | null {
	if (event.type === 'pod-gone') {
		return podNameKey(event);
	}

	return event.type === 'ended' && event.reason === 'pod-gone' ? podNameKey(event.source) : null;
}

function podNameKey({namespace, pod}: {namespace: string; pod: string}): string {
	return `${namespace}/${pod}`;
}
