/** Which notices of followed logs are said, and which were said already. */
import {describeLogEvent} from '../../output/describe-log-event.ts';
import type {LogEvent} from '../../streams/logs/log-events.ts';

/** `losses`: nothing but what may be missing, comes twice or failed. `no-progress`: all but that a pod came or a log ended. */
export type NoticeLevel = 'all' | 'no-progress' | 'losses';

const progress: ReadonlySet<LogEvent['type']> = new Set(['pod-appeared', 'pod-gone', 'ended']);
const losses: ReadonlySet<LogEvent['type']> = new Set(['gap', 'failed', 'server-said']);

/** A log that stays away is told again after so long, one that comes and goes after a shorter while. */
const sayAgainMs = 30_000;
const restMs = 4000;
const mostRemembered = 1000;

/**
The notice of each event in turn, `null` where nothing is to be said. What happens again and again, in the same words, is said once and then now and
again; that a pod is gone is said once, whether its watch or the logs of its containers told it first.
*/
export function noticeFilter(level: NoticeLevel = 'all'): (event: LogEvent) => string | null {
	const isRepeated = goneFilter();
	const said = new Map<string, {at: number; unsaid: number}>();
	return event => {
		const notice = isRepeated(event) || !isTold(event, level) ? null : describeLogEvent(event);
		if (notice === null || !('source' in event) || !['reconnecting', 'resumed', 'server-said'].includes(event.type)) {
			return notice;
		}

		const words = event.type === 'resumed' ? `back ${event.proven}` : notice;
		const key = `${event.source.pod}/${event.source.container} ${words}`;
		const before = said.get(key) ?? {at: -Infinity, unsaid: 0};
		const isSame = event.type === 'reconnecting' && event.attempt > 1;
		if (Date.now() - before.at < (isSame ? sayAgainMs : restMs)) {
			before.unsaid++;
			return null;
		}

		if (said.size > mostRemembered) {
			said.clear();
		}

		said.set(key, {at: Date.now(), unsaid: 0});
		return before.unsaid === 0 ? notice : `${notice} (${before.unsaid} more like this)`;
	};
}

function isTold(event: LogEvent, level: NoticeLevel): boolean {
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

/** Whether the event only tells again that a pod is gone. A pod that comes under the same name is another one. */
function goneFilter(): (event: LogEvent) => boolean {
	const gone = new Set<string>();
	return event => {
		if (event.type === 'pod-appeared') {
			gone.delete(placeOf(event));
		}

		const place = goneIn(event);
		if (place === null) {
			return false;
		}

		if (gone.size > mostRemembered) {
			gone.clear();
		}

		const isKnown = gone.has(place);
		gone.add(place);
		return isKnown;
	};
}

function goneIn(event: LogEvent): string | null {
	if (event.type === 'pod-gone') {
		return placeOf(event);
	}

	return event.type === 'ended' && event.reason === 'pod-gone' ? placeOf(event.source) : null;
}

function placeOf({namespace, pod}: {namespace: string; pod: string}): string {
	return `${namespace}/${pod}`;
}
