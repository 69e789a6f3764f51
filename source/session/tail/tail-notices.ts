/** What a log's event says in the stream: gaps, reconnects and restarts are content, and counted. */
import {fullMessage} from '../../server-messages/full-message.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {GapReason, ContainerTermination, LogEvent, LogSource} from '../../streams/logs/log-events.ts';
import {failedNote} from '../../state/tail/tail-sources.ts';
import type {TailCounters, TailSource} from '../../state/tail/tail-view.ts';
import {shortErrorFirst, shortError} from '../short-error.ts';

export type TailNotice = {
	/** `null` puts nothing into the stream. */
	text: string | null;
	counters?: Partial<TailCounters>;
	source: Partial<TailSource>;
};

const gapWords: Readonly<Record<GapReason, string>> = {
	'last-line-not-met': 'last line not met again (log file was rotated?)',
	'log-gone': 'its log can no longer be read, so whether that was its end is not known',
	'restarts-missed': 'was started again more often than logs are kept',
	'no-line-yet': 'was cut before its first line, and more was written since than is offered again',
	'clock-went-back': 'its clock went back: lines may come twice',
};

/** `who` stands before the words, where there are several sources. `state` is how the source is so far: an outage is told when it begins. */
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
				event.ended === null ? `is waiting${why}` : `${ended(event.ended)}, waits${event.reason === null ? ' to be started again' : why}`;
			return {
				text: state === 'open' || state === 'checking' ? `${who}${event.source.container} ${text}` : null,
				source: {state: 'waiting', note: event.reason ?? (event.ended === null ? 'not started' : ended({...event.ended, at: null}))},
			};
		}

		case 'stalled': {
			return {
				text: `${who}no answer for ${seconds(event.silentForMs)}: stalled${event.leg === null ? '' : ` on leg ${event.leg}`}, opened again`,
				source: {state: 'interrupted', note: 'stalled'},
				counters: {reconnects: 1},
			};
		}

		case 'reconnecting': {
			const why =
				event.error === null
					? 'stream ended cleanly, container still runs. Resuming'
					: `${shortErrorFirst(event.error)}, try ${event.attempt} in ${seconds(event.retryInMs)}`;
			// The row that it stands in names the log already, and has room for little more than the try; the stream says how it was cut.
			const note =
				event.error === null
					? 'resuming'
					: `${shortError(event.error).replace(/^the log of \S+ was cut.*/, 'was cut')} · try ${event.attempt}`;
			// Only the first try of an outage is a line of its own.
			return {
				text: state === 'interrupted' ? null : `${who}${why}`,
				source: {state: 'interrupted', note},
				...(state !== 'interrupted' && {counters: {reconnects: 1}}),
			};
		}

		case 'resumed': {
			return {
				text: `${who}back after ${seconds(event.outageMs)}${event.proven ? `${event.foundLastLine ? ', last line met again' : ''}: no gap` : ''}`,
				source: {state: 'open', note: ''},
			};
		}

		case 'asking': {
			return {text: null, source: {state: 'interrupted', note: 'asking again, no answer'}};
		}

		case 'checking': {
			return {text: null, source: {state: 'checking', note: 'asking whether it is alive; quiet'}};
		}

		case 'checked': {
			return {text: null, source: {state: 'open', note: ''}};
		}

		case 'gap': {
			const after = event.after === null ? '' : ` Lines after ${event.after.slice(11, 23)} may be missing`;
			return {
				text: `${who}${gapWords[event.reason]}.${event.reason === 'clock-went-back' ? '' : after}`,
				source: {},
				counters: {possibleGaps: 1},
			};
		}

		case 'restarted': {
			return {
				text: `${who}${event.source.container} ${ended(event.ended)} and started again, restart ${event.restarts}`,
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

/** A container's end may be long past when it is told: the row's own time is not its time. */
function ended(ending: ContainerTermination | null): string {
	if (ending === null) {
		return 'ended';
	}

	const {exitCode, reason, at} = ending;
	const time = at !== null && /T\d{2}:\d{2}:\d{2}/.test(at) ? ` at ${at.slice(11, 19)}` : '';
	return `ended${time} with exit ${exitCode}${reason === null || reason === 'Completed' ? '' : ` ${sanitizeLine(reason)}`}`;
}

function seconds(ms: number): string {
	return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
