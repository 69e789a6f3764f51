/** Watch of a scope's pods, or polling if watching is forbidden. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {watchObjects} from '../cluster/watch.ts';
import type {SpokeError} from '../errors/spoke-error.ts';
import {listPath, podResource} from './resource-names.ts';
import {podKey, type PodObject} from './pod-object.ts';
import {filterByScope, scopeQuery, type PodScope} from './target-pods.ts';

type PodChange =
	| {type: 'appeared' | 'changed' | 'gone'; pod: PodObject}
	| {type: 'synced'}
	| {type: 'polling'; error: SpokeError; intervalMs: number}
	/** Reconnects, then yields missed changes. */
	| {type: 'interrupted'; error: SpokeError; retryInMs: number};

/**
Yields each pod as `appeared`, then its changes, then `gone`, until aborted.
@throws SpokeError without permission to list pods
*/
export async function* watchPods(
	cluster: ClusterClient,
	scope: PodScope,
	{signal}: {signal?: AbortSignal} = {},
): AsyncGenerator<PodChange, void> {
	const known = new Map<string, PodObject>();
	let list: PodObject[] = [];
	let synced = false;
	try {
		for await (const event of watchObjects<PodObject>(cluster, {
			path: listPath(podResource, scope.namespace),
			...scopeQuery(scope),
			...(signal && {signal}),
		})) {
			switch (event.type) {
				case 'page': {
					const items = await filterByScope(scope, event.items);
					list = event.first ? items : [...list, ...items];
					break;
				}

				case 'synced': {
					yield* differences(known, list);
					list = [];
					if (!synced) {
						synced = true;
						yield {type: 'synced'};
					}

					break;
				}

				case 'added':
				case 'modified': {
					for (const pod of await filterByScope(scope, [event.item])) {
						yield* update(known, pod);
					}

					break;
				}

				case 'deleted': {
					if (known.delete(podKey(event.item))) {
						yield {type: 'gone', pod: event.item};
					}

					break;
				}

				case 'resumed': {
					break;
				}

				default: {
					yield event;
				}
			}
		}
	} catch (error) {
		if (!signal?.aborted) {
			throw error;
		}
	}
}

/** Keeps pods by `podKey`. */
export function applyPodChange(pods: Map<string, PodObject>, change: PodChange): void {
	if (change.type === 'gone') {
		pods.delete(podKey(change.pod));
	} else if (change.type === 'appeared' || change.type === 'changed') {
		pods.set(podKey(change.pod), change.pod);
	}
}

function* differences(known: Map<string, PodObject>, now: readonly PodObject[]): Generator<PodChange> {
	const present = new Set(now.map(pod => podKey(pod)));
	for (const [key, pod] of known) {
		if (present.has(key)) {
			continue;
		}

		known.delete(key);
		yield {type: 'gone', pod};
	}

	for (const pod of now) {
		yield* update(known, pod);
	}
}

function* update(known: Map<string, PodObject>, pod: PodObject): Generator<PodChange> {
	const previous = known.get(podKey(pod));
	known.set(podKey(pod), pod);
	if (!previous) {
		yield {type: 'appeared', pod};
	} else if (previous.metadata.resourceVersion !== pod.metadata.resourceVersion) {
		yield {type: 'changed', pod};
	}
}
