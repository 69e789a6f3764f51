/** The sources of a tail, and the phase of the tail that follows from them. */
import {shortNames} from './tail-source.ts';
import type {TailCounters, TailSource, TailView} from './tail-view.ts';

type PodPlace = Pick<TailSource, 'namespace' | 'pod'>;

/** Adds a source; the names of the others may be extended. */
export function withSource(view: TailView, source: TailSource): TailView {
	const sources = [...view.sources, source];
	const names = shortNames(sources);
	return {...view, sources: sources.map((one, at) => ({...one, short: names[at]!}))};
}

/** Changes a source and the phase of the tail. Returns the same view if nothing changed, because it is called for each block of lines. */
export function changeSource(view: TailView, index: number, change: Partial<TailSource>): TailView {
	const source = view.sources[index]!;
	const isChanged = Object.entries(change).some(([name, value]) => source[name as keyof TailSource] !== value);
	const sources = isChanged ? view.sources.with(index, {...source, ...change}) : view.sources;
	const to = tailPhase(sources);
	const isMoved = to !== null && (to.phase !== view.phase || to.note !== view.note);
	return isChanged || isMoved ? {...view, sources, ...to} : view;
}

/** The phase of a tail: one open source is enough to follow. `null` leaves it unchanged. */
export function tailPhase(sources: ReadonlyArray<Pick<TailSource, 'state' | 'note'>>): Pick<TailView, 'phase' | 'note'> | null {
	if (sources.some(({state}) => state === 'open')) {
		return {phase: 'following', note: ''};
	}

	const held = heldSource(sources);
	return held ? {phase: 'waiting', note: held.note} : null;
}

/** The source whose note says why no lines can arrive. */
function heldSource<Source extends Pick<TailSource, 'state'>>(sources: readonly Source[]): Source | undefined {
	return (
		sources.find(({state}) => state === 'interrupted') ??
		sources.find(({state}) => state === 'checking') ??
		sources.find(({state}) => state === 'waiting')
	);
}

/** How long a response has been awaited, if no source is open. */
export function waitedMs({phase, sources}: Pick<TailView, 'phase' | 'sources'>, now: number): number | null {
	const since = phase === 'waiting' ? (heldSource(sources)?.since ?? null) : null;
	return since === null ? null : Math.max(0, now - since);
}

/** The note of a source that could not be read. */
export const failedNote = 'failed';

/** Whether a present source could not be read and no other can be. */
export function isUnreadable(sources: ReadonlyArray<Pick<TailSource, 'state' | 'note' | 'isGone'>>): boolean {
	return sources.every(({state}) => state === 'ended') && sources.some(({note, isGone}) => note === failedNote && isGone !== true);
}

/**
 * The source that an action without a name uses: a followed one before an ended one, deleted pods last, and no hidden one if another is
 * shown.
 */
export function defaultSource(sources: readonly TailSource[]): TailSource | undefined {
	const shown = sources.filter(({on}) => on);
	const order = [...shown, ...sources];
	return (
		shown.find(({state}) => state === 'open' || state === 'checking') ??
		shown.find(({state}) => state !== 'ended') ??
		order.find(({isGone}) => isGone !== true) ??
		order[0]
	);
}

/** The followed containers of a pod. */
export function sourcesOf({sources}: Pick<TailView, 'sources'>, {namespace, pod}: PodPlace): readonly TailSource[] {
	return sources.filter(source => source.namespace === namespace && source.pod === pod);
}

export function podGone(view: TailView, place: PodPlace): TailView {
	const its = new Set(sourcesOf(view, place));
	return {...view, sources: view.sources.map(source => (its.has(source) ? {...source, isGone: true} : source))};
}

export function countUp(view: TailView, more: Partial<TailCounters>): TailView {
	const counters = {...view.counters};
	for (const name of Object.keys(more) as Array<keyof TailCounters>) {
		counters[name] += more[name] ?? 0;
	}

	return {...view, counters};
}
