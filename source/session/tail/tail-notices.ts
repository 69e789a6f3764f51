/** Notices of log events. */
import {fullMessage} from '../../server-messages/unwrap-message.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {cleanEndText, describeGap, describeResume, describeStall, describeTermination} from '../../output/describe-log-event.ts';
import type {ContainerTermination, LogEvent, LogSource} from '../../streams/logs/log-events.ts';
import {failedNote} from '../../state/tail/tail-sources.ts';
import type {TailCounters, TailSource} from '../../state/tail/tail-view.ts';
import {shortErrorFirst, shortError} from '../short-error.ts';

export type TailNotice = {
	/** `null` adds no line. */
	text: string | null;
	counters?: Partial<TailCounters>;
	source: Partial<TailSource>;
};

/** `who` is the prefix with several sources. `state` is the previous state: an outage is reported only at its start. */
export function tailNotice(
	event: Exclude<Extract<LogEvent, {source: LogSource}>, {type: 'lines'}>,
	who: string,
	state: TailSource['state'],
): TailNotice {
	switch (event.type) {
		case 'opened': {
			return {text: null, source: {state: 'open', note: ''}};
		}

		case 'waiting': {
			const why = event.reason === null ? '' : `: ${event.reason}`;
			const text =
				event.ended === null ? `is waiting${why}` : `${ended(event.ended)}, waiting${event.reason === null ? ' to restart' : why}`;
			return {
				text: state === 'open' || state === 'checking' ? `${who}${event.source.container} ${text}` : null,
				source: {state: 'waiting', note: event.reason ?? (event.ended === null ? 'not started' : ended({...event.ended, at: null}))},
			};
		}

		case 'stalled': {
			return {
				text: `${who}${describeStall(event, seconds)}; reconnecting`,
				source: {state: 'interrupted', note: 'stalled'},
				counters: {reconnects: 1},
			};
		}

		case 'reconnecting': {
			const why =
				event.error === null ? cleanEndText : `${shortErrorFirst(event.error)}; attempt ${event.attempt} in ${seconds(event.retryInMs)}`;
			// The row is short, so the stream shows the cause.
			const note =
				event.error === null
					? 'resuming'
					: `${shortError(event.error).replace(/^the log of \S+ was (?:cut|interrupted).*/, 'interrupted')} · attempt ${event.attempt}`;
			return {
				text: state === 'interrupted' ? null : `${who}${why}`,
				source: {state: 'interrupted', note},
				...(state !== 'interrupted' && {counters: {reconnects: 1}}),
			};
		}

		case 'resumed': {
			return {
				text: `${who}${describeResume(event, seconds)}`,
				source: {state: 'open', note: ''},
			};
		}

		case 'asking': {
			return {text: null, source: {state: 'interrupted', note: 'requested again, no response'}};
		}

		case 'checking': {
			return {text: null, source: {state: 'checking', note: 'checking whether the stream is alive; no data'}};
		}

		case 'checked': {
			return {text: null, source: {state: 'open', note: ''}};
		}

		case 'gap': {
			return {
				text: `${who}${describeGap(event, timestamp => timestamp.slice(11, 23))}`,
				source: {},
				counters: {possibleGaps: 1},
			};
		}

		case 'restarted': {
			return {
				text: `${who}${event.source.container} ${ended(event.ended)} and restarted (restart ${event.restarts})`,
				source: {state: 'waiting', note: 'restarted'},
				counters: {restarts: 1},
			};
		}

		case 'server-said': {
			return {text: `${who}the kubelet says: ${sanitizeLine(event.text)}`, source: {}};
		}

		case 'ended': {
			return event.reason === 'pod-gone'
				? {text: `${who === '' ? 'pod' : event.source.pod} is gone`, source: {state: 'ended', note: '', isGone: true}}
				: {text: `${who}${event.source.container} ${ended(event.ended)}`, source: {state: 'ended', note: ''}};
		}

		case 'failed': {
			return {text: `${who}${sanitizeLine(fullMessage(event.error))}`, source: {state: 'ended', note: failedNote}};
		}
	}
}

const ended = (termination: ContainerTermination | null) => sanitizeLine(describeTermination(termination));

function seconds(ms: number): string {
	return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
