/** Events of a followed log, used by the command and the session. */
import type {SpokeError} from '../../errors/spoke-error.ts';

/** Where a line comes from. */
export type LogSource = {
	readonly namespace: string;
	readonly pod: string;
	readonly uid: string | null;
	/** `null` until the pod is on one; what is told of the source from then on has it. */
	readonly node: string | null;
	readonly container: string;
	/** The pod's other containers, those to be run first included. */
	readonly otherContainers?: readonly string[];
};

export type LogEvent =
	/**
	Whole lines, each with its timestamp before it (`eachLine` takes them apart, `stripTimestamps` strips them).
	Only the last line of a container's life may lack its line feed.
	*/
	| {type: 'lines'; source: LogSource; bytes: Buffer}
	/** The first answer of this source has begun. */
	| {type: 'opened'; source: LogSource}
	/**
	 * No log yet: the container has not started, or, with `ended`, waits to be started again. `reason` is the kubelet's word, `null` before
	 * it has one.
	 */
	| {type: 'waiting'; source: LogSource; reason: string | null; ended: ContainerTermination | null}
	/**
	 * Nothing came for a while and the log cannot be read beside: the follow is closed and opened again. `leg` is `null` where it may be
	 * either.
	 */
	| {type: 'stalled'; source: LogSource; leg: 1 | 2 | null; silentForMs: number}
	/** Cut. `error` is `null` when the answer ended cleanly although the container runs: a tunnel's end looks so. */
	| {type: 'reconnecting'; source: LogSource; attempt: number; retryInMs: number; error: SpokeError | null}
	/** Back: an answer has begun. `proven`: nothing is missing in between, `met`: since the last line was met again. */
	| {type: 'resumed'; source: LogSource; outageMs: number; proven: boolean; foundLastLine: boolean}
	/**
	 * After an answer that ended, the log was asked for again a second ago, and no answer has begun. A kubelet answers a log without a line
	 * only with its first one.
	 */
	| {type: 'asking'; source: LogSource}
	/**
	 * Nothing comes on an open follow, and the reads beside it that tell whether it is alive are not answered yet; `checked` follows where
	 * they are.
	 */
	| {type: 'checking'; source: LogSource}
	| {type: 'checked'; source: LogSource}
	/**
	 * Continuity cannot be proved: lines behind `after` (a timestamp as the log has it) may be missing, or for `clock-went-back` come twice.
	 */
	| {type: 'gap'; source: LogSource; after: string | null; reason: GapReason}
	/** A new life of the container; `ended` is how the life before ended. */
	| {type: 'restarted'; source: LogSource; restarts: number; ended: ContainerTermination | null}
	/** The kubelet's own words, sent inside the log's body; once for as long as it says the same. */
	| {type: 'server-said'; source: LogSource; text: string}
	/** This source tells nothing more. */
	| {type: 'ended'; source: LogSource; reason: 'container-ended' | 'pod-gone'; ended: ContainerTermination | null}
	/** A pod of the followed scope came or went; its containers are told by events of their own. */
	| {type: 'pod-appeared' | 'pod-gone'; namespace: string; pod: string; node: string | null}
	/** Nothing to read now; pods that come are followed. */
	| {type: 'no-pods'}
	/** A source failed for good while others go on. */
	| {type: 'failed'; source: LogSource; error: SpokeError};

export type GapReason =
	/** The log that was read again does not hold the last line: its file was rotated. */
	| 'last-line-not-met'
	/** The log cannot be read again, so nothing tells whether what came last was its end. */
	| 'log-gone'
	/** The container was started more often than logs are kept. */
	| 'restarts-missed'
	/** The connection was gone before a first line, and more may have been written since than the newest lines that were asked for again. */
	| 'no-line-yet'
	| 'clock-went-back';

/** `at`: when, as the pod's status says it. */
export type ContainerTermination = {exitCode: number; reason: string | null; at: string | null};
