/** A notice as one sanitized line. */
import {toTerminalCharset} from '../text/terminal-charset.ts';
import {sanitizeLine} from '../text/sanitize.ts';
import {describeLogEvent} from '../descriptions/describe-log-event.ts';
import {joinParts} from '../descriptions/parts.ts';
import type {LogEvent} from '../streams/logs/log-events.ts';

/** Of stderr, what notices need. */
export type TextStream = {readonly isTTY?: boolean | undefined; write(text: string): unknown};

/** The notice with its line feed, in glyphs that `to` can show. */
export function noticeLine(text: string, to: Pick<TextStream, 'isTTY'>): string {
	return `${toTerminalCharset(to, sanitizeLine(text))}\n`;
}

/** `null` if the event is not shown. Not sanitized. */
export function formatLogEvent(event: LogEvent): string | null {
	const description = describeLogEvent(event);
	if (description === null) {
		return null;
	}

	// Omits the attempt number and delay, so that all notices of one outage have the same text.
	const text = joinParts(description.parts, {without: ['attempt']});
	const {pod, container} = 'source' in event ? event.source : {pod: 'pod' in event ? event.pod : '', container: ''};
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
