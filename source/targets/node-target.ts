/** A node as the target of a connection. */
import type {CheckedObject} from '../cluster/object-shapes.ts';
import type {ResolvedTarget} from '../streams/connection-observer.ts';

/** `asked`: what the user typed. `node`: `null` if it was not read. */
export function nodeTarget(asked: string, name: string, node: CheckedObject<'nodes'> | null): ResolvedTarget {
	return {asked, kind: 'Node', namespace: null, name, uid: node?.metadata.uid ?? null, node: name, container: null, chosenFrom: 1};
}
