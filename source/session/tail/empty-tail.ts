/** The text of an empty tail. */
import {levelNames} from '../../lines/line-level.ts';
import {effectiveFilter, shownLength, type SincePreset, type TailView} from './tail-view.ts';
import {clockTime, formatQuantity} from '../../text/formats.ts';
import {hintedKey, type ScreenInput} from '../kit/screen-input.ts';

export function describeEmptyTail(screen: ScreenInput, view: TailView): string {
	if (view.pausedAt !== null && view.pausedAt <= view.buffer.first && view.buffer.end > 0) {
		return view.buffer.first > 0
			? 'The lines you paused on were dropped to make room for newer ones.'
			: 'Paused before the first line arrived.';
	}

	if (view.buffer.end > view.buffer.first && shownLength(view) === 0) {
		return `None of ${whichLines(view)} ${matchVerb(view, 2)} ${describeFilter(view)}.`;
	}

	switch (view.phase) {
		case 'opening': {
			return openingText(view, screen.state.now);
		}

		case 'waiting': {
			return waitingText(screen, view);
		}

		case 'failed': {
			return view.note;
		}

		case 'ended': {
			return `No lines. ${view.note}`;
		}

		default: {
			const keys = furtherThan(view.since)
				.map(preset => hintedKey(screen, `tail.since-${preset}`))
				.filter(key => key !== undefined);
			const who = view.sources.length > 1 ? 'The containers run and have' : 'The container runs and has';
			const further = keys.length === 0 ? '' : `  ${keys.join(' ')} look${keys.length === 1 ? 's' : ''} further back`;
			return `No lines yet. ${who} written nothing ${windowNames[view.since]}.${further}`;
		}
	}
}

/** A kubelet may not respond before the first line. */
function openingText({requestedAt}: TailView, now: number): string {
	return requestedAt === null || now - requestedAt < slowMs
		? 'opening'
		: `Requested at ${clockTime(requestedAt)}; no response yet. An empty log may not respond until its first line.`;
}

const slowMs = 2000;

function whichLines({pausedAt, buffer}: TailView): string {
	if (pausedAt !== null) {
		return 'the lines before the pause';
	}

	return buffer.first > 0 ? 'the kept lines' : formatQuantity(buffer.counts.lines, 'line');
}

function waitingText(screen: ScreenInput, {sources, note}: TailView): string {
	const waits = sources.find(({state}) => state === 'waiting');
	if (waits?.note !== note) {
		return note === '' ? 'waiting' : note;
	}

	const choose = (waits.besides ?? []).length === 0 ? undefined : hintedKey(screen, 'tail.sources');
	const message = waits.message ? `\n${waits.message}` : '';
	return `${waits.container} is waiting: ${note}. Lines appear when it starts.${choose === undefined ? '' : `  ${choose} other containers`}${message}`;
}

const windowNames: Readonly<Record<SincePreset, string>> = {
	'1m': 'in the last minute',
	'5m': 'in the last 5 minutes',
	'15m': 'in the last 15 minutes',
	'30m': 'in the last 30 minutes',
	'1h': 'in the last hour',
	tail: 'so far',
	head: 'so far',
};

/** Presets that read further back; none for `tail`, which reads from the end of the log. */
function furtherThan(since: SincePreset): readonly SincePreset[] {
	const presets: readonly SincePreset[] = ['1m', '5m', '15m', '30m', '1h', 'head'];
	return since === 'tail' ? [] : (['5m', '1h', 'head'] as const).filter(preset => presets.indexOf(preset) > presets.indexOf(since));
}

export function describeFilter(view: TailView): string {
	const {level, sources} = view;
	const {text, inverse} = effectiveFilter(view);
	return [
		...(text === '' ? [] : [`${inverse ? '!' : ''}${text}`]),
		...(level === 0 ? [] : [`at ${levelNames[level]} or above`]),
		...(sources.every(({on}) => on) ? [] : ['in the selected containers']),
	].join(' ');
}

/** Lines match a text, but are at a level. */
export function matchVerb(view: TailView, count: number): 'match' | 'matches' | 'is' | 'are' {
	if (effectiveFilter(view).text === '') {
		return count === 1 ? 'is' : 'are';
	}

	return count === 1 ? 'matches' : 'match';
}
