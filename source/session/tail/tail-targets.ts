/** Pods that a tail follows. */
import type {ContainerSelection} from '../../streams/logs/follow-logs.ts';
import {resolveFollowTargets} from '../../streams/logs/resolve-follow-targets.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import type {TailRequest} from './tail-run.ts';

export type TailOptions = {
	/** `null` with a selector means all namespaces. Without one, that of each context. */
	namespace?: string | null;
	targets: readonly string[];
	selector: string | null;
	containers: ContainerSelection;
};

/** @throws SpokeError ERR_USAGE for an invalid target */
export function createTailRequest({namespace, targets, selector, containers}: TailOptions): TailRequest {
	const parsed = targets.map(target => parseTarget(target));
	const [first, ...others] = targets;
	const onlyTarget = selector === null && others.length === 0 ? (first ?? null) : null;
	return {
		title: onlyTarget ?? titleOfMany(namespace, {targets, selector}),
		target: selector === null ? targets.join(' ') : `-l ${selector}`,
		onlyTarget,
		containers,
		async targets(cluster, signal) {
			const own = cluster.facts.namespace;
			return selector === null
				? resolveFollowTargets(cluster, parsed, namespace ?? own, signal)
				: {
						kind: 'scope',
						scope: {namespace: namespace === undefined ? own : namespace, labelSelector: selector},
						canAppear: async () => true,
					};
		},
	};
}

function titleOfMany(namespace: string | null | undefined, {targets, selector}: Pick<TailOptions, 'targets' | 'selector'>): string {
	return selector === null ? `${targets.length} targets` : `${namespace === null ? '-A ' : ''}-l ${selector}`;
}
