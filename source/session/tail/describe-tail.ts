/** Describes a tail, also an empty one. */
import {levelNames} from '../../base/lines/line-level.ts';
import {truncateToCells} from '../../base/text/cell-width.ts';
import {describeMatchPosition} from '../kit/highlight-matches.ts';
import {hintedKey, type ScreenInput} from '../kit/screen-input.ts';
import {formatQuantity, formatNumber, clockTime, formatDuration} from '../../base/text/formats.ts';
import type {ConnectionEntry, ConnectionPhase} from '../frame/connection-list.ts';
import {podNameKey, shortContexts, sourceContexts} from './tail-sources.ts';
import {
	effectiveFilter,
	pausedBacklog,
	podCount,
	presentSources,
	shownLength,
	type SincePreset,
	type TailSource,
	type TailView,
} from './tail-view.ts';
import {countMatches, tailWindow} from './log-line.ts';

const slowMs = 2000;

const windowNames: Readonly<Record<SincePreset, string>> = {
	'1m': 'in the last minute',
	'5m': 'in the last 5 minutes',
	'15m': 'in the last 15 minutes',
	'30m': 'in the last 30 minutes',
	'1h': 'in the last hour',
	tail: 'so far',
	head: 'so far',
};

/** `isShort`: without containers. */
export function describeTailScope(view: TailView, dot: string, {isShort = false}: {isShort?: boolean} = {}): string {
	const pods = podCount(view.sources);
	const names = new Set(view.sources.map(source => source.container));
	const containers = new Set(view.sources.map(source => `${podNameKey(source)}/${source.container}`));
	const read = sourceContexts(view.sources);
	const short = shortContexts(new Set([...read, ...view.unreadContexts]));
	const shownNames = (names: Iterable<string>) => [...names].map(name => short.get(name)!).toSorted();
	const contexts = shownNames(read);
	const unread = shownNames(view.unreadContexts);
	if (pods === 0) {
		return '';
	}

	const gone = view.sources.every(({isGone}) => isGone === true) ? ' gone' : '';
	return [
		pods === 1 && !view.title.includes(' ') ? '' : `${describePods(view.sources)}${gone}`,
		isShort ? '' : names.size === 1 ? `${[...names][0]!}${ofContainers(view)}` : `${containers.size} containers`,
		contexts.length > 3 ? `${contexts.length} contexts` : contexts.join(', '),
		unread.length === 0 ? '' : `not read: ${unread.join(', ')}`,
		view.json ? 'json' : '',
		startText(view),
	]
		.filter(part => part !== '')
		.join(` ${dot} `);
}

/** `2 pods`, or `1 of 2 pods` if the containers of the other have ended. */
export function describePods(sources: readonly TailSource[]): string {
	const pods = podCount(sources);
	const followed = podCount(followedSources(sources));
	return followed < pods ? `${followed} of ${formatQuantity(pods, 'pod')}` : formatQuantity(pods, 'pod');
}

/** If all have ended, all of them. */
function followedSources(sources: readonly TailSource[]): readonly TailSource[] {
	const present = presentSources(sources);
	const followed = present.filter(({state}) => state !== 'ended');
	return followed.length === 0 ? present : followed;
}

function startText({since, previous}: TailView): string {
	if (previous) {
		return 'previous log';
	}

	if (since === 'head') {
		return 'from the first line';
	}

	return since === 'tail' ? '' : `since ${since}`;
}

function ofContainers({sources}: TailView): string {
	const most = Math.max(0, ...sources.map(({besides = []}) => besides.length));
	return most === 0 ? '' : `, 1 of ${most + 1} containers`;
}

/** Without counts, which change while lines arrive. */
export function describeTailMode({pausedAt, follow, ...view}: TailView): string {
	return pausedAt !== null ? 'paused' : follow ? phaseText(view) : 'not following';
}

function phaseText({phase, catchingUpAt}: Pick<TailView, 'phase' | 'catchingUpAt'>): string {
	return phase === 'following' && catchingUpAt !== null ? 'catching up' : phase;
}

export function describeTailState(view: TailView, dot: string): string {
	if (view.pausedAt !== null) {
		const {lines, errors} = pausedBacklog(view);
		return `paused ${dot} ${formatNumber(lines)} buffered${errors === 0 ? '' : `, ${formatQuantity(errors, 'error')}`}`;
	}

	if (view.older.phase === 'reading') {
		return progressText(view.older.read);
	}

	if (!view.follow) {
		const below = shownLength(view) - (tailWindow(view, view.windowRows, () => 1).above + view.windowRows);
		return `not following ${dot} ${formatNumber(Math.max(0, below))} below`;
	}

	const activity = describeActivity(view);
	return `${phaseText(view)}${activity === '' ? '' : ` ${dot} ${activity}`}`;
}

/** A shorter silence may just be a slow log. */
const quietAfterMs = 5000;

/** `214 lines/s`, `no new lines for 12 s`, `at 14:03:07`. */
export function describeActivity({
	phase,
	note,
	rate,
	catchingUpAt,
	quietMs,
	waitedMs,
}: Pick<TailView, 'phase' | 'note' | 'rate' | 'catchingUpAt' | 'quietMs' | 'waitedMs'>): string {
	if (phase !== 'following') {
		return waitedMs === null ? note : `${note} for ${formatDuration(waitedMs)}`;
	}

	if (catchingUpAt !== null) {
		return `at ${clockTime(catchingUpAt)}`;
	}

	if (rate === 0 && quietMs !== null && quietMs >= quietAfterMs) {
		return `no new lines for ${formatDuration(quietMs)}`;
	}

	return rate === null ? '' : formatRate(rate);
}

/** Below ten with one decimal. */
function formatRate(rate: number): string {
	return `${rate > 0 && rate < 10 ? rate.toFixed(1) : formatNumber(Math.round(rate))} lines/s`;
}

const connectionPhases: Readonly<Record<TailView['phase'], ConnectionPhase>> = {
	opening: 'working',
	following: 'open',
	waiting: 'working',
	ended: 'stopped',
	failed: 'failed',
};

/** What the connections pane shows of a tail. */
export function connectionOfTail(view: TailView): Pick<ConnectionEntry, 'what' | 'phase' | 'note' | 'figures'> {
	const {phase, sources, title} = view;
	const activity = describeActivity(view);
	return {
		what: podCount(sources) > 1 ? `${title}, ${describePods(sources)}` : title,
		phase: connectionPhases[phase],
		note: phase === 'following' ? '' : activity || phase,
		figures: phase === 'following' ? activity : '',
	};
}

export function describeOlderLines(
	{older: {phase, read, note}, buffer, since}: Pick<TailView, 'older' | 'buffer' | 'since'>,
	key: string | undefined,
): string {
	switch (phase) {
		case 'unread': {
			return `older lines not loaded${note === '' ? '' : `: ${note}`}${key === undefined ? '' : `   ${key} load`}`;
		}

		case 'reading': {
			return progressText(read);
		}

		case 'full': {
			return note;
		}

		default: {
			if (note !== '') {
				return note;
			}

			return since === 'head' && buffer.first > 0
				? `${formatNumber(buffer.first)} older lines were dropped`
				: 'start of log: the server has no older lines';
		}
	}
}

function progressText(read: number): string {
	return `loading older lines, ${formatNumber(read)} so far`;
}

/** The far ends of the paths, such as `kubelets n1 n2`; `undefined` for a single pod. */
export function describeFarEnds(view: TailView): string | undefined {
	const sources = followedSources(view.sources);
	const nodes = [...new Set(sources.map(source => source.node).filter(node => node !== null))];
	if (nodes.length > 1) {
		return nodes.length <= 4 ? `kubelets ${nodes.join(' ')}` : `${nodes.length} kubelets`;
	}

	const pods = podCount(sources);
	return pods > 1 && nodes.length === 1 ? `kubelet ${nodes[0]!}, ${pods} pods` : undefined;
}

/** `grows`: with each line. */
type TailCount = {text: string; grows?: true};

/** Those that are not zero. `previousLog` is the key that shows the previous log. */
export function tailCounts(view: TailView, previousLog: string | undefined): TailCount[] {
	const {
		buffer,
		counters: {reconnects, possibleGaps, restarts},
	} = view;
	const {lines, errors, warnings} = buffer.counts;
	const match = searchText(view);
	const around = view.matchesOnly ? (view.context === 0 ? '' : ` (${view.context} around each)`) : ' (all shown)';
	const filter = view.shownIndex === null ? [] : [`${filteredText(view, view.shownIndex.matches.length)}${around}`];
	const place =
		view.follow || match.length === 0
			? formatQuantity(lines, 'line')
			: `line ${formatNumber(view.cursor + 1)} of ${formatNumber(buffer.end)}`;
	const counted = (count: number, unit: string, note = ''): TailCount[] =>
		count === 0 ? [] : [{text: `${formatQuantity(count, unit)}${note}`}];
	return [
		...[...match, ...filter].map(text => ({text})),
		{text: place, grows: true},
		...counted(errors, 'error'),
		...counted(warnings, 'warning'),
		...(buffer.first === 0 ? [] : [{text: `${formatNumber(buffer.first)} dropped`, grows: true} as const]),
		...counted(restarts, 'restart', previousLogText(view, previousLog)),
		...counted(reconnects, 'reconnect'),
		...counted(possibleGaps, 'possible gap'),
	];
}

/** `12 match timeout at error or above`, `400 lines at warn or above`. */
function filteredText(view: TailView, count: number): string {
	const isText = effectiveFilter(view).text !== '';
	return `${isText ? `${formatNumber(count)} ${matchVerb(view, count)}` : formatQuantity(count, 'line')} ${describeFilter(view)}`;
}

function searchText(view: TailView): readonly string[] {
	const {buffer, search, searchIndex: index} = view;
	if (index === null || search === null) {
		return [];
	}

	return [
		index.matches.length === 0 && index.scanned < buffer.end
			? `searching, ${formatNumber(index.scanned - buffer.first)} of ${formatNumber(buffer.end - buffer.first)}`
			: `/${search.regex ? '~' : ''}${truncateToCells(search.text, 16)}: ${describeMatchPosition(countMatches(view))}`,
	];
}

function previousLogText({phase, previous}: TailView, key: string | undefined): string {
	return key === undefined || phase !== 'following' || previous ? '' : ` (${key} previous log)`;
}

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

/** Presets that read further back; none for `tail`, which reads from the end of the log. */
function furtherThan(since: SincePreset): readonly SincePreset[] {
	const presets: readonly SincePreset[] = ['1m', '5m', '15m', '30m', '1h', 'head'];
	return since === 'tail' ? [] : (['5m', '1h', 'head'] as const).filter(preset => presets.indexOf(preset) > presets.indexOf(since));
}

function describeFilter(view: TailView): string {
	const {level, sources} = view;
	const {text, inverse} = effectiveFilter(view);
	return [
		...(text === '' ? [] : [`${inverse ? '!' : ''}${text}`]),
		...(level === 0 ? [] : [`at ${levelNames[level]} or above`]),
		...(sources.every(({on}) => on) ? [] : ['in the selected containers']),
	].join(' ');
}

/** Lines match a text, but are at a level. */
function matchVerb(view: TailView, count: number): 'match' | 'matches' | 'is' | 'are' {
	if (effectiveFilter(view).text === '') {
		return count === 1 ? 'is' : 'are';
	}

	return count === 1 ? 'matches' : 'match';
}
