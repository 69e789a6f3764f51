/** The interface of live labels; everything outside this room uses only these types. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {ConnectionObserver} from '../streams/connection-observer.ts';
import type {Clock} from './clock.ts';
import type {Path} from './evidence.ts';

/**
Labels every connection of one cluster. `observer` is passed to streams; each of their connections gets a label, first `checking` with
leg 1 at once, later `settled`.
*/
export type Labeler = {
	readonly observer: ConnectionObserver;
	/** All current labels, in the order of their connections. */
	readonly labels: ReadonlyMap<string, Path>;
	/** Called with each new or changed label. Returns a function that unsubscribes. */
	onLabel(listener: (connectionId: string, path: Path) => void): () => void;
	close(): void;
};

export type LabelerOptions = {
	/**
	Someone waits for each label: slow sources are read at once, before `settled`. Otherwise they are read for streams that last, and
	`settled` changes.
	*/
	isBlocking?: boolean;
	/** Default: the system clock. */
	clock?: Clock;
};

export type CreateLabeler = (cluster: ClusterClient, options?: LabelerOptions) => Labeler;
