/** How a tail calls and colours where its lines come from. */
import type {LogSource} from '../sessions/logs/log-events.ts';
import type {TailSource} from '../state/tail/tail-view.ts';

/** The part of a pod's name that tells it from its siblings. */
export function shortName(pod: string): string {
	const last = pod.slice(pod.lastIndexOf('-') + 1);
	return pod.length <= 10 || /^\d+$/.test(last) || last.length < 4 ? pod.slice(-16) : last;
}

/** A log as a source of a tail, in a colour of its own. */
export function asTailSource(source: LogSource): TailSource {
	let hash = 0;
	for (const character of source.uid ?? source.pod) {
		hash = ((hash * 31) + character.codePointAt(0)!) >>> 0;
	}

	return {namespace: source.namespace, pod: source.pod, container: source.container, node: source.node, short: source.pod, colour: (hash % 8) + 1, on: true, state: 'waiting', note: ''};
}
