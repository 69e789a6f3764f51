/** What the rest of the program may ask of the proof: a label for each connection, live. Implemented in this room; everybody else sees only these. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {ConnectionObserver} from '../streams/connection-observer.ts';
import type {Clock} from './clock.ts';
import type {Path} from './evidence.ts';

/**
Labels every connection of one cluster. `witness` is handed to sessions; each of its connections gets a label,
first `checking` with leg 1 at once, later `settled`.
*/
export type Labeler = {
	readonly observer: ConnectionObserver;
	/** All labels of now, in the order of their connections. */
	readonly labels: ReadonlyMap<string, Path>;
	/** Called with each new or changed label; returns a function that ends it. */
	onLabel(listener: (connectionId: string, path: Path) => void): () => void;
	close(): void;
};

export type LabelerOptions = {
	/** Somebody waits for each label: what takes long is read at once, and belongs to `settled`. Else it is read for streams that last, and `settled` changes. */
	isBlocking?: boolean;
	/** Default: the machine's. */
	clock?: Clock;
};

export type CreateLabeler = (cluster: ClusterClient, options?: LabelerOptions) => Labeler;
