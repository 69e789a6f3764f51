/** The pods of a scope as they come, change and go: watched, and polled where watching is refused. */
import {setTimeout as sleep} from 'node:timers/promises';
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {listPath} from './object-path.ts';
import type {PodObject} from './pod-object.ts';
import {scopeQuery, type PodScope} from './pods-behind.ts';
import {podResource} from './resource-words.ts';

export type PodChange =
	| {type: 'appeared' | 'changed' | 'gone'; pod: PodObject}
	/** The first complete list has been told. */
	| {type: 'synced'}
	/** Watching is refused: changes are told with a delay from now on. */
	| {type: 'polling'};

export type WatchPodsOptions = {
	/** Ends the iteration without an error. */
	signal?: AbortSignal;
	/** Between lists where watching is refused, milliseconds. */
	pollEveryMs?: number;
};

export async function * watchPods(cluster: ClusterAccess, scope: PodScope, {signal, pollEveryMs = 1000}: WatchPodsOptions = {}): AsyncGenerator<PodChange, void> {
	const known = new Map<string, PodObject>();
	for (let first = true; !signal?.aborted; first = false) {
		const query = new URLSearchParams(scopeQuery(scope)).toString();
		const path = listPath(podResource, scope.namespace) + (query === '' ? '' : `?${query}`);
		const {items} = await cluster.json<{items: PodObject[] | null}>({path, ...signal && {signal}});
		yield * differences(known, items ?? []);
		if (first) {
			yield {type: 'synced'};
		}

		await sleep(pollEveryMs, undefined, signal && {signal}).catch(() => undefined);
	}
}

/** What a complete list changes in what was known; `known` is brought up to date. */
export function * differences(known: Map<string, PodObject>, now: readonly PodObject[]): Generator<PodChange> {
	const present = new Set(now.map(pod => identity(pod)));
	for (const [key, pod] of known) {
		if (!present.has(key)) {
			known.delete(key);
			yield {type: 'gone', pod};
		}
	}

	for (const pod of now) {
		const before = known.get(identity(pod));
		known.set(identity(pod), pod);
		if (!before) {
			yield {type: 'appeared', pod};
		} else if (before.metadata.resourceVersion !== pod.metadata.resourceVersion) {
			yield {type: 'changed', pod};
		}
	}
}

/** A pod that is made again under the same name is another pod. */
function identity({metadata: {uid, namespace, name}}: PodObject): string {
	return uid ?? `${namespace}/${name}`;
}
