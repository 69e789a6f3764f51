/** The sources of a tail, their names, and its phase. */
import type {LogSource} from '../../streams/logs/log-events.ts';
import {truncateStartToCells} from '../../base/text/cell-width.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {TailCounters, TailSource, TailView} from './tail-view.ts';

type PodPlace = Pick<TailSource, 'namespace' | 'pod'> & {context?: string | null};

const podColors = 6;

const maxContextWidth = 24;

/** Ends a generated pod name; may be all digits (apimachinery `util/rand.String`, apiserver `names.SimpleNameGenerator`). */
const randomSuffix = /^[bcdfghjklmnpqrstvwxz2456789]{5}$/;

/** Pods get their colors in order, and all containers of a pod have one. */
export function withSource(view: TailView, source: TailSource): TailView {
	const [sibling] = sourcesOf(view, source);
	const pods = new Set(view.sources.map(one => podNameKey(one))).size;
	const sources = [...view.sources, {...source, color: sibling?.color ?? (pods % podColors) + 1}];
	const names = shortNames(sources);
	const contexts = shortContexts(sourceContexts(sources));
	return {...view, sources: sources.map((one, at) => ({...one, short: names[at]!, shortContext: contexts.get(one.context ?? '') ?? ''}))};
}

/** Returns the same view if nothing changed, because it is called for each block of lines. */
export function changeSource(view: TailView, index: number, change: Partial<TailSource>): TailView {
	const source = view.sources[index]!;
	const isChanged = Object.entries(change).some(([name, value]) => source[name as keyof TailSource] !== value);
	const sources = isChanged ? view.sources.with(index, {...source, ...change}) : view.sources;
	const to = tailPhase(sources);
	const isMoved = to !== null && (to.phase !== view.phase || to.note !== view.note);
	return isChanged || isMoved ? {...view, sources, ...to} : view;
}

/** The phase of a tail: one open source is enough to follow. `null` leaves the phase unchanged. */
export function tailPhase(sources: ReadonlyArray<Pick<TailSource, 'state' | 'note'>>): Pick<TailView, 'phase' | 'note'> | null {
	if (sources.some(({state}) => state === 'open')) {
		return {phase: 'following', note: ''};
	}

	const held = heldSource(sources);
	return held ? {phase: 'waiting', note: held.note} : null;
}

/** The source whose note explains why no lines can arrive. */
function heldSource<Source extends Pick<TailSource, 'state'>>(sources: readonly Source[]): Source | undefined {
	return (
		sources.find(({state}) => state === 'interrupted') ??
		sources.find(({state}) => state === 'checking') ??
		sources.find(({state}) => state === 'waiting')
	);
}

export function waitedMs({phase, sources}: Pick<TailView, 'phase' | 'sources'>, now: number): number | null {
	const since = phase === 'waiting' ? (heldSource(sources)?.since ?? null) : null;
	return since === null ? null : Math.max(0, now - since);
}

/** A present source could not be read, and no other can be. */
export function isUnreadable(sources: ReadonlyArray<Pick<TailSource, 'state' | 'hasFailed' | 'isGone'>>): boolean {
	return sources.every(({state}) => state === 'ended') && sources.some(({hasFailed, isGone}) => hasFailed === true && isGone !== true);
}

/** A followed source before an ended one, deleted pods last, hidden ones only without another. */
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

/** Records whether one of several contexts is read. */
export function noteContext(view: TailView, context: string, {isRead}: {isRead: boolean}): TailView {
	const others = view.unreadContexts.filter(one => one !== context);
	return {...view, unreadContexts: isRead ? others : [...others, context]};
}

/** Empty if the tail has one context. */
export function sourceContexts(sources: readonly TailSource[]): ReadonlySet<string> {
	return new Set(sources.flatMap(({context}) => context ?? []));
}

export function hasContexts({sources}: Pick<TailView, 'sources'>): boolean {
	return sources.some(({context}) => context !== null);
}

/** Of the selected line; `null` while the tail follows, and if it has one context. */
export function selectedContext({follow, buffer, cursor, sources}: TailView): string | null {
	const line = follow ? null : buffer.line(cursor);
	return line?.kind === 'text' ? (sources[line.source]?.context ?? null) : null;
}

export function sourcesOf({sources}: Pick<TailView, 'sources'>, {context = null, ...place}: PodPlace): readonly TailSource[] {
	const key = podNameKey({context, ...place});
	return sources.filter(source => podNameKey(source) === key);
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

/** `x2xkq`, or with several containers `x2xkq/app`. Names in different contexts can be equal. */
export function shortNames(sources: ReadonlyArray<Pick<TailSource, 'context' | 'namespace' | 'pod' | 'container'>>): string[] {
	const byContext = [...Map.groupBy(sources, ({context}) => context).values()];
	const names = new Map(byContext.flatMap(group => [...podNames(group)]));
	const isMany = new Set(sources.map(({container}) => container)).size > 1;
	return sources.map(source => {
		const name = names.get(podNameKey(source))!;
		return isMany ? `${name}/${source.container}` : name;
	});
}

/** The same for all containers of a pod. */
export function podNameKey({context, namespace, pod}: Pick<TailSource, 'context' | 'namespace' | 'pod'>): string {
	return [context, namespace, pod].join('/');
}

/** By context: the end of a long name (`…:cluster/prod`), or all of it if the end of another is the same. */
export function shortContexts(contexts: Iterable<string>): Map<string, string> {
	const ends = new Map([...contexts].map(context => [context, truncateStartToCells(sanitizeLine(context), maxContextWidth)]));
	const alike = Map.groupBy(ends.values(), end => end);
	return new Map([...ends].map(([context, end]) => [context, alike.get(end)!.length > 1 ? sanitizeLine(context) : end]));
}

/** The short name of a source, with its context before it if there are several. */
export function sourceName(source: Pick<TailSource, 'shortContext' | 'short'>): string {
	return withContext(source, source.short);
}

/** `pod/container`, with its context before it if there are several. */
export function fullSourceName(source: Pick<TailSource, 'shortContext' | 'pod' | 'container'>): string {
	return withContext(source, `${source.pod}/${source.container}`);
}

function withContext({shortContext}: Pick<TailSource, 'shortContext'>, name: string): string {
	return shortContext === '' ? name : `${shortContext} ${name}`;
}

/** By the key of the pod. Colliding names are extended until they differ. Equal pod names get their namespace. */
function podNames(sources: ReadonlyArray<Pick<TailSource, 'context' | 'namespace' | 'pod'>>): Map<string, string> {
	const pods = new Map(sources.map(source => [podNameKey(source), source]));
	const names = new Map([...pods].map(([key, {pod}]) => [key, shortName(pod)]));
	for (;;) {
		const alike = [...Map.groupBy(names, ([, name]) => name).values()].filter(group => group.length > 1);
		if (alike.length === 0) {
			return names;
		}

		for (const group of alike) {
			const growing = group.filter(([key, name]) => name !== pods.get(key)!.pod);
			for (const [key, name] of growing) {
				names.set(key, longer(pods.get(key)!.pod, name));
			}

			for (const [key] of growing.length === 0 ? group : []) {
				const {namespace, pod} = pods.get(key)!;
				names.set(key, `${namespace}/${pod}`);
			}
		}
	}
}

function shortName(pod: string): string {
	const last = pod.slice(pod.lastIndexOf('-') + 1);
	const isOrdinal = /^\d+$/.test(last) && !randomSuffix.test(last);
	return pod.length <= 10 || isOrdinal || last.length < 4 ? pod.slice(-16) : last;
}

function longer(pod: string, end: string): string {
	return pod.slice(pod.slice(0, -end.length - 1).lastIndexOf('-') + 1);
}

export function asTailSource(source: LogSource): TailSource {
	return {
		context: source.context ?? null,
		namespace: source.namespace,
		pod: source.pod,
		container: source.container,
		node: source.node,
		shortContext: '',
		short: source.pod,
		color: 1,
		on: true,
		state: 'waiting',
		note: '',
		...(source.otherContainers && {besides: source.otherContainers}),
	};
}
