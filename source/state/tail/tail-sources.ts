/** Where a tail's lines come from, and what the tail does by what they do: one view from another. */
import {shortNames} from './tail-source.ts';
import type {TailCounters, TailSource, TailView} from './tail-view.ts';

type PodPlace = Pick<TailSource, 'namespace' | 'pod'>;

/** One more, behind the others; what they are called may grow by it. */
export function withSource(view: TailView, source: TailSource): TailView {
	const sources = [...view.sources, source];
	const names = shortNames(sources);
	return {...view, sources: sources.map((one, at) => ({...one, short: names[at]!}))};
}

/** What became of a source, and of the tail by it. The very same view where nothing did: it is asked for each block of lines. */
export function changeSource(view: TailView, index: number, change: Partial<TailSource>): TailView {
	const source = view.sources[index]!;
	const isChanged = Object.entries(change).some(([name, value]) => source[name as keyof TailSource] !== value);
	const sources = isChanged ? view.sources.with(index, {...source, ...change}) : view.sources;
	const to = tailPhase(sources);
	const isMoved = to !== null && (to.phase !== view.phase || to.note !== view.note);
	return isChanged || isMoved ? {...view, sources, ...to} : view;
}

/** What a tail does by what its sources do: one that is open is enough to follow. `null` leaves it as it is. */
export function tailPhase(sources: ReadonlyArray<Pick<TailSource, 'state' | 'note'>>): Pick<TailView, 'phase' | 'note'> | null {
	if (sources.some(({state}) => state === 'open')) {
		return {phase: 'following', note: ''};
	}

	const held = heldSource(sources);
	return held ? {phase: 'waiting', note: held.note} : null;
}

/** The one whose note says why nothing can come. */
function heldSource<Source extends Pick<TailSource, 'state'>>(sources: readonly Source[]): Source | undefined {
	return (
		sources.find(({state}) => state === 'interrupted') ??
		sources.find(({state}) => state === 'checking') ??
		sources.find(({state}) => state === 'waiting')
	);
}

/** How long an answer is waited for by now, where none of the sources is open. */
export function waitedMs({phase, sources}: Pick<TailView, 'phase' | 'sources'>, now: number): number | null {
	const since = phase === 'waiting' ? (heldSource(sources)?.since ?? null) : null;
	return since === null ? null : Math.max(0, now - since);
}

/** What is noted of a source that could not be read. */
export const failedNote = 'failed';

/** Whether a source that is still there could not be read, and none is left that can. */
export function isUnreadable(sources: ReadonlyArray<Pick<TailSource, 'state' | 'note' | 'isGone'>>): boolean {
	return sources.every(({state}) => state === 'ended') && sources.some(({note, isGone}) => note === failedNote && isGone !== true);
}

/** The one that is meant where none is named: one that is followed before one that ended, one whose pod is gone last, and none that is hidden where another is shown. */
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

/** A pod was deleted. */
export function podGone(view: TailView, place: PodPlace): TailView {
	const its = new Set(sourcesOf(view, place));
	return {...view, sources: view.sources.map(source => (its.has(source) ? {...source, isGone: true} : source))};
}

/** What happened to the streams is counted. */
export function countUp(view: TailView, more: Partial<TailCounters>): TailView {
	const counters = {...view.counters};
	for (const name of Object.keys(more) as Array<keyof TailCounters>) {
		counters[name] += more[name] ?? 0;
	}

	return {...view, counters};
}
