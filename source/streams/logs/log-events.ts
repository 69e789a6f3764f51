/** Events of a followed log. */
import type {SpokeError} from '../../base/errors/spoke-error.ts';

export type LogSource = {
	/** With several clusters. */
	readonly context?: string;
	readonly namespace: string;
	readonly pod: string;
	readonly uid: string | null;
	/** `null` if unscheduled. */
	readonly node: string | null;
	readonly container: string;
	/** Includes init containers. */
	readonly otherContainers?: readonly string[];
};

/** The same for every instance of the container, and another for a pod that replaces this one under its name. */
export function logKey({context, namespace, pod, uid, container}: LogSource): string {
	return [context, namespace, pod, uid, container].join('/');
}

export type LogEvent =
	/** Whole lines with timestamps. Only an instance's last line may lack its line feed. */
	| {type: 'lines'; source: LogSource; bytes: Buffer}
	| {type: 'opened'; source: LogSource}
	/** The container has not started or, with `ended`, waits for a restart. `reason` and `message` are of the pod's status. */
	| {type: 'waiting'; source: LogSource; reason: string | null; message: string | null; ended: ContainerTermination | null}
	/** Silence and a failed second read: spoke reconnects. `leg` is `null` if either is possible. */
	| {type: 'stalled'; source: LogSource; leg: 1 | 2 | null; silentForMs: number}
	/** `error` is `null` after a clean end although the container runs, as at the end of a tunnel. */
	| {type: 'reconnecting'; source: LogSource; attempt: number; retryInMs: number; error: SpokeError | null}
	/** `proven`: no line is missing. `foundLastLine`: the last line was received again. */
	| {type: 'resumed'; source: LogSource; outageMs: number; proven: boolean; foundLastLine: boolean}
	/** After a response ended, the next request has had no response for 1 s. A kubelet responds only with the first line. */
	| {type: 'asking'; source: LogSource}
	/** Silence, and no response to the second read yet; `checked` follows a response. */
	| {type: 'checking'; source: LogSource}
	| {type: 'checked'; source: LogSource}
	/** Lines after the timestamp `after` may be missing, or duplicated for `clock-went-back`. */
	| {type: 'gap'; source: LogSource; after: string | null; reason: GapReason}
	/** `ended` is the previous instance's. */
	| {type: 'restarted'; source: LogSource; restarts: number; ended: ContainerTermination | null}
	/** A kubelet message in the body; not repeated. */
	| {type: 'server-said'; source: LogSource; text: string}
	/** `isPodDeleted`: the pod object, which still existed, was marked for deletion. */
	| {
			type: 'ended';
			source: LogSource;
			reason: 'container-ended' | 'pod-gone';
			ended: ContainerTermination | null;
			isPodDeleted?: true;
	  }
	/** `isInitial`: the pod was there when the follow started. */
	| {type: 'pod-appeared' | 'pod-gone'; context?: string; namespace: string; pod: string; node: string | null; isInitial?: boolean}
	/** New pods are followed. `error`: why it is unknown whether one can appear. */
	| {type: 'no-pods'; context?: string; error?: SpokeError}
	/** The follow ends, because none can appear. */
	| {type: 'no-more-pods'; context?: string}
	/** A source failed permanently; others continue. */
	| {type: 'failed'; source: LogSource; error: SpokeError}
	| ApiserverEvent;

export type EmitLogEvent = (event: LogEvent) => Promise<void>;

/** Of a follow of several clusters, which waits for one that is down at the start. */
export type ApiserverEvent =
	{type: 'apiserver-unreachable'; context?: string; error: SpokeError} | {type: 'apiserver-reached'; context?: string; outageMs: number};

export type GapReason =
	/** The log file was rotated. */
	| 'last-line-not-met'
	/** The end of the log is unconfirmed. */
	| 'log-gone'
	/** More restarts than the node keeps logs. */
	| 'restarts-missed'
	/** Interrupted before the first line; more lines than the requested tail may have been written since. */
	| 'no-line-yet'
	| 'clock-went-back';

export type ContainerTermination = {exitCode: number; reason: string | null; at: string | null};
