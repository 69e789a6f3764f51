/** Names of the sources of a tail. */
import type {LogSource} from '../../streams/logs/log-events.ts';
import {truncateStartToCells} from '../../text/cell-width.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {TailSource} from './tail-view.ts';

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

const maxContextWidth = 24;

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

/** Ends a generated pod name; may be all digits (apimachinery `util/rand.String`, apiserver `names.SimpleNameGenerator`). */
const randomSuffix = /^[bcdfghjklmnpqrstvwxz2456789]{5}$/;

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
