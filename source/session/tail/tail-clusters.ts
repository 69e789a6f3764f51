/** The clusters of one tail. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {waitForApiserver} from '../../streams/logs/log-outage.ts';
import type {ApiserverEvent, LogEvent, LogSource} from '../../streams/logs/log-events.ts';

export type OpenTailCluster = {access: ClusterClient; observer: ConnectionObserver};

export type TailCluster = {
	/** Shown with each line; `null` if it is the only one. */
	context: string | null;
	/** @throws SpokeError */
	open(): Promise<OpenTailCluster>;
};

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
