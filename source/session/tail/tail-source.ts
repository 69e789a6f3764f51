/** Names of the sources of a tail. */
import type {LogSource} from '../../streams/logs/log-events.ts';
import type {TailSource} from './tail-view.ts';

/** `x2xkq`, or with several containers `x2xkq/app`. */
export function shortNames(sources: ReadonlyArray<Pick<TailSource, 'namespace' | 'pod' | 'container'>>): string[] {
	const pods = podNames(new Map(sources.map(source => [keyOf(source), source])));
	const isMany = new Set(sources.map(({container}) => container)).size > 1;
	return sources.map(source => (isMany ? `${pods.get(keyOf(source))!}/${source.container}` : pods.get(keyOf(source))!));
}

function keyOf({namespace, pod}: Pick<TailSource, 'namespace' | 'pod'>): string {
	return `${namespace}/${pod}`;
}

/** Colliding names are extended until they differ. Equal pod names get their namespace. */
function podNames(pods: ReadonlyMap<string, Pick<TailSource, 'pod'>>): Map<string, string> {
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
				names.set(key, key);
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
		namespace: source.namespace,
		pod: source.pod,
		container: source.container,
		node: source.node,
		short: source.pod,
		color: 1,
		on: true,
		state: 'waiting',
		note: '',
		...(source.otherContainers && {besides: source.otherContainers}),
	};
}
