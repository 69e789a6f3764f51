/** Describes a tail. */
import {describeMatchPosition} from '../kit/highlight-matches.ts';
import {countMatches} from './shown-matches.ts';
import {effectiveFilter, podCount, presentSources, shownLength, pausedBacklog, type TailSource, type TailView} from './tail-view.ts';
import {podNameKey, shortContexts} from './tail-source.ts';
import {sourceContexts} from './tail-sources.ts';
import {tailWindow} from './tail-window.ts';
import {truncateToCells} from '../../text/cell-width.ts';
import {formatQuantity, formatNumber, clockTime, formatDuration} from '../../text/formats.ts';
import {describeFilter, matchVerb} from './empty-tail.ts';
import type {Role} from '../kit/theme.ts';

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

/** Zero counters are omitted first. `grows`: with each line. */
export type TailCount = {text: string; role: Role; isZero: boolean; grows?: true};

/** `previousLog` is the key that shows the previous log. */
export function tailCounts(view: TailView, previousLog: string | undefined): TailCount[] {
	const {
		buffer,
		counters: {reconnects, possibleGaps, restarts, json},
	} = view;
	const {lines, errors, warnings} = buffer.counts;
	const match = searchText(view);
	const filter =
		view.shownIndex === null ? [] : [`${filteredText(view, view.shownIndex.matches.length)}${view.matchesOnly ? '' : ' (all shown)'}`];
	const place =
		view.follow || match.length === 0
			? formatQuantity(lines, 'line')
			: `line ${formatNumber(view.cursor + 1)} of ${formatNumber(buffer.end)}`;
	return [
		...[...match, ...filter].map((text): TailCount => ({text, role: 'text.dim', isZero: false})),
		{text: place, role: 'text.dim', isZero: false, grows: true},
		...view.skews.slice(0, 2).map((skew): TailCount => ({text: skewText(skew), role: 'level.warn', isZero: false})),
		{text: `${formatQuantity(errors, 'error')} ${formatQuantity(warnings, 'warning')}`, role: 'text.dim', isZero: errors + warnings === 0},
		...(view.json ? [{text: `${formatNumber(json)} JSON`, role: 'text.dim', isZero: json === 0, grows: true} as const] : []),
		{text: `${formatNumber(buffer.first)} dropped`, role: 'text.dim', isZero: buffer.first === 0, grows: true},
		{
			text: `${formatQuantity(restarts, 'restart')}${restarts > 0 ? previousLogText(view, previousLog) : ''}`,
			role: 'text.dim',
			isZero: restarts === 0,
		},
		{text: formatQuantity(reconnects, 'reconnect'), role: 'text.dim', isZero: reconnects === 0},
		{text: formatQuantity(possibleGaps, 'possible gap'), role: 'text.dim', isZero: possibleGaps === 0},
	];
}

/** `12 match timeout at error or above`, `400 lines at warn or above`. */
function filteredText(view: TailView, count: number): string {
	const isText = effectiveFilter(view).text !== '';
	return `${isText ? `${formatNumber(count)} ${matchVerb(view, count)}` : formatQuantity(count, 'line')} ${describeFilter(view)}`;
}

function skewText({node, aheadMs}: TailView['skews'][number]): string {
	return `${node} clock ${aheadMs > 0 ? '+' : '-'}${(Math.abs(aheadMs) / 1000).toFixed(1)} s (inferred)`;
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
