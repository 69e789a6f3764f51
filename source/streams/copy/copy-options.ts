/** What a copy needs, in both directions. */
import type {CopyListener} from './copy-events.ts';
import type {CopySessionOptions} from './copy-session.ts';

export type CopyOptions = CopySessionOptions & {
	/** A relative path in the container is relative to its working directory. */
	source: string;
	destination: string;
	/** Modes and times of the source. */
	preserve: boolean;
	/** As in `RetryOptions`. */
	retries: number;
	listener: CopyListener;
	/** Called before local files are replaced, with their paths. Aborting the signal keeps them. */
	beforeReplacing?(paths: readonly string[]): Promise<void>;
};
