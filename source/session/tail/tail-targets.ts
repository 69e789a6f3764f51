/** The pods that a tail follows, and their clusters. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import type {ContainerSelection} from '../../streams/logs/follow-logs.ts';
import type {ApiserverEvent, LogEvent, LogSource} from '../../streams/logs/log-events.ts';
import {resolveFollowTargets} from '../../streams/logs/resolve-follow-targets.ts';
import {waitForApiserver} from '../../streams/logs/log-outage.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import type {TailRequest} from './tail-run.ts';

export type TailOptions = {
	/** `null` with a selector means all namespaces. Without one, that of each context. */
	namespace?: string | null;
	targets: readonly string[];
	selector: string | null;
	containers: ContainerSelection;
};

export type OpenTailCluster = {access: ClusterClient; observer: ConnectionObserver};

export type TailCluster = {
	/** Shown with each line; `null` if it is the only one. */
	context: string | null;
	/** @throws SpokeError */
	open(): Promise<OpenTailCluster>;
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

export class TailClusters {
	readonly all: readonly TailCluster[];
	readonly #open = new Map<string | null, OpenTailCluster>();

	constructor(all: readonly TailCluster[]) {
		this.all = all;
	}

	/** Every cluster can be read. */
	get areOpen(): boolean {
		return this.#open.size === this.all.length;
	}

	/** Only of a log that was read. */
	of({context}: Pick<LogSource, 'context'>): OpenTailCluster {
		return this.#open.get(context ?? null)!;
	}

	/** Waits for one of several clusters that is down. @throws SpokeError for what waiting does not fix */
	async open(
		{context, open}: TailCluster,
		{signal, onEvent}: {signal: AbortSignal; onEvent: (event: ApiserverEvent, context: string) => void},
	): Promise<OpenTailCluster> {
		const opened = await open();
		if (context !== null) {
			for await (const event of waitForApiserver(opened.access, signal)) {
				onEvent(event, context);
			}
		}

		this.#open.set(context, opened);
		return opened;
	}
}

/** The event with the context of its logs. */
export function eventOf(event: LogEvent, context: string | null): LogEvent {
	if (context === null) {
		return event;
	}

	return 'source' in event ? {...event, source: {...event.source, context}} : {...event, context};
}
