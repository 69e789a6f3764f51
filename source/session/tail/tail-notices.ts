/** Notices of log events. */
import {describeLogEvent, describeTermination, waitingMessage} from '../../descriptions/describe-log-event.ts';
import {joinParts} from '../../descriptions/parts.ts';
import {shortError} from '../../descriptions/describe-error.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {LogEvent, LogSource} from '../../streams/logs/log-events.ts';
import type {TailCounters, TailSource} from './tail-view.ts';

type TailNotice = {
	/** `null` adds no line. */
	text: string | null;
	counters?: Partial<TailCounters>;
	source: Partial<TailSource>;
};

export type SourceChangeEvent = Exclude<Extract<LogEvent, {source: LogSource}>, {type: 'lines'}>;
type SourceChange = Pick<TailNotice, 'counters' | 'source'>;

/** `who` is the source's short name with several sources, otherwise empty. `state` is the previous one. */
export function tailNotice(event: SourceChangeEvent, who: string, state: TailSource['state']): TailNotice {
	return {text: isChange(event, state) ? tailLine(event, who) : null, ...sourceChange(event, state)};
}

/** An event of a source or a pod as a line of the tail. */
export function tailLine(event: LogEvent, who: string): string | null {
	const description = describeLogEvent(event);
	if (description === null) {
		return null;
	}

	const {subject, parts} = description;
	const container = subject === 'container' && 'source' in event ? event.source.container : '';
	const named = subject === 'pod' && who !== '' ? podName(event) : who;
	const name = named === '' ? container : named;
	return sanitizeLine(`${name === '' ? '' : `${name}: `}${shortIds(joinParts(parts, {short: true, without: ['cause']}))}`);
}

/** As container runtimes show the id of a container. */
function shortIds(text: string): string {
	return text.replaceAll(/\b([\da-f]{12})[\da-f]{52}\b/g, '$1');
}

function podName(event: LogEvent): string {
	const place = 'source' in event ? event.source : 'pod' in event ? event : null;
	return [place?.context, place?.pod].filter(part => part !== undefined).join(' ');
}

/** An outage is reported only at its start. */
function isChange({type}: SourceChangeEvent, state: TailSource['state']): boolean {
	switch (type) {
		case 'waiting': {
			return state === 'open' || state === 'checking';
		}

		case 'reconnecting': {
			return state !== 'interrupted';
		}

		default: {
			return true;
		}
	}
}

function sourceChange(event: SourceChangeEvent, state: TailSource['state']): SourceChange {
	switch (event.type) {
		case 'opened':
		case 'resumed':
		case 'checked': {
			return {source: {state: 'open', note: ''}};
		}

		case 'waiting': {
			const started = event.ended === null ? 'not started' : sanitizeLine(describeTermination({...event.ended, at: null}));
			const message = waitingMessage(event);
			return {source: {state: 'waiting', note: event.reason ?? started, message: message === null ? null : sanitizeLine(message)}};
		}

		case 'stalled': {
			return {source: {state: 'interrupted', note: 'stalled'}, counters: {reconnects: 1}};
		}

		case 'reconnecting': {
			const note = event.error === null ? 'resuming' : `${shortReason(event.error)} · attempt ${event.attempt}`;
			return {source: {state: 'interrupted', note}, ...(state !== 'interrupted' && {counters: {reconnects: 1}})};
		}

		case 'asking': {
			return {source: {state: 'interrupted', note: 'requested again, no response'}};
		}

		case 'checking': {
			return {source: {state: 'checking', note: 'checking whether the stream is alive; no data'}};
		}

		case 'gap': {
			return {source: {}, counters: {possibleGaps: 1}};
		}

		case 'restarted': {
			return {source: {state: 'waiting', note: 'restarted', message: null}, counters: {restarts: 1}};
		}

		case 'server-said': {
			return {source: {}};
		}

		case 'ended': {
			return {source: {state: 'ended', hasFailed: false, note: '', ...(event.reason === 'pod-gone' && {isGone: true})}};
		}

		case 'failed': {
			return {source: {state: 'ended', hasFailed: true, note: 'failed'}};
		}
	}
}

/** A source's row is too short for the cause of an interruption. */
function shortReason(error: SpokeError): string {
	return error.code === 'ERR_STREAM_LOST' ? 'interrupted' : shortError(error);
}
