/** A log event as one line for stderr. */
import {describeLogEvent} from '../descriptions/describe-log-event.ts';
import {joinParts} from '../descriptions/parts.ts';
import type {LogEvent} from '../streams/logs/log-events.ts';

/** `null` if the event is not shown. Not sanitized. */
export function formatLogEvent(event: LogEvent): string | null {
	const description = describeLogEvent(event);
	if (description === null) {
		return null;
	}

	// Without the attempt, so that equal notices of an outage are alike.
	const text = joinParts(description.parts, {without: ['attempt']});
	const {pod, container} = 'source' in event ? event.source : {pod: event.type === 'no-pods' ? '' : event.pod, container: ''};
	switch (description.subject) {
		case 'follow': {
			return text;
		}

		case 'pod': {
			return `${pod}: ${text}`;
		}

		default: {
			return `${pod}/${container}: ${text}`;
		}
	}
}
