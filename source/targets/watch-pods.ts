/** The pods of a scope as they come, change and go: watched, and polled where watching is refused. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {watchObjects} from '../cluster/watch.ts';
import type {SpokeError} from '../errors/spoke-error.ts';
import {listPath} from './object-path.ts';
import type {PodObject} from './pod-object.ts';
import {filterByScope, scopeQuery, type PodScope} from './target-pods.ts';
import {podResource} from './resource-names.ts';

export type PodChange =
	| {type: 'appeared' | 'changed' | 'gone'; pod: PodObject}
	/** The first complete list has been told. */
	| {type: 'synced'}
	/** Watching is refused: changes are told with a delay from now on. */
	| {type: 'polling'; error: SpokeError; intervalMs: number}
	/** Cut; it goes on by itself, and what changed meanwhile is told then. */
	| {type: 'interrupted'; error: SpokeError; retryInMs: number};

/**
Each pod once as `appeared`, then its changes, then `gone`, over cuts and new lists. Ends without an error when `signal` is aborted.
@throws SpokeError when the pods may not be listed
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
					if (known.delete(identity(event.item))) {
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

/** What a complete list changes in what was known; `known` is brought up to date. */
function* differences(known: Map<string, PodObject>, now: readonly PodObject[]): Generator<PodChange> {
	const present = new Set(now.map(pod => identity(pod)));
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
	const previous = known.get(identity(pod));
	known.set(identity(pod), pod);
	if (!previous) {
		yield {type: 'appeared', pod};
	} else if (previous.metadata.resourceVersion !== pod.metadata.resourceVersion) {
		yield {type: 'changed', pod};
	}
}

/** A pod that is made again under the same name is another pod. */
function identity({metadata: {uid, namespace, name}}: PodObject): string {
	return uid ?? `${namespace}/${name}`;
}
