/** The interface of live labels for other rooms. */
import type {Clock} from '../async/clock.ts';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {ConnectionObserver} from '../streams/connection-observer.ts';
import type {Path} from './evidence.ts';

/** Pass `observer` to streams: each of their connections gets a label, first `checking` with leg 1, later `settled`. */
export type Labeler = {
	readonly observer: ConnectionObserver;
	readonly labels: ReadonlyMap<string, Path>;
	/** Returns an unsubscribe function. */
	onLabel(listener: (connectionId: string, path: Path) => void): () => void;
	close(): void;
};

export type LabelerOptions = {
	/**
	The caller waits for each label, so slow sources are read before `settled`. Otherwise they are read only for streams that last, and
	change a settled label.
	*/
	waitsForMetrics?: boolean;
	clock?: Clock;
};

export type CreateLabeler = (cluster: ClusterClient, options?: LabelerOptions) => Labeler;
