/**
Timeouts and ages of labels. The label of a connection is its path, with the evidence, as far as it is known; it changes while the
connection is open. It goes through these phases:

1. Connected: the flags, the CA and the user are requested on the connection itself. The stream waits for them, for at most
   `preUseTimeoutMs`.
2. Used: the stream's own request is sent. If a log has no response after `lastingAfterMs`, the cluster is observed meanwhile.
3. Opened: the stream got its response. The cluster is observed after `sharedProbeDelayMs`, on another connection, or on one that was just
   released, such as that of a log that has ended. If the route is still unknown, the metrics are read: at once if a caller waits for the
   label, else `lastingAfterMs` later if the stream is still open. If the first output or the result of a command would change the label,
   the label waits for it.
4. Settled: the label is reported as settled, though late metrics, flags and nodes can still change it. Flags that got no response are
   requested again every `unavailableForMs`, on another connection.
5. Ended: a one-shot command waits for labels that are not settled, for at most `finishTimeoutMs`.

A stream waits only in phase 1; all later reads run beside it. `settleTimeoutMs` begins at the opening, but limits only the wait for the
metrics and for the command, which begins after the cluster was observed. So a label settles up to `sharedProbeTimeoutMs` later if
its cluster does not respond, and up to `sharedProbeIntervalMs` later if it opens after another ended.
*/
export const labelTimings = {
	/** After this, the connection is closed. The stream gets another connection, on which the flags are not requested. */
	preUseTimeoutMs: 300,

	/** Lets the stream's first bytes be printed before the cluster is observed. */
	sharedProbeDelayMs: 20,
	/** Minimum time between two observations of the cluster, so that a burst of streams shares one. */
	sharedProbeIntervalMs: 1000,
	/** Timeout of each response that no stream waits for. */
	sharedProbeTimeoutMs: 2000,

	/**
	A stream that lasts this long justifies more reads: while a log still waits for its response, the cluster is observed; while a stream
	is open and its route is unknown, the metrics are read.
	*/
	lastingAfterMs: 1000,
	/**
	From the opening: longest wait for metrics (if a caller waits for the label), and for a command's far end (if its response matters).
	*/
	settleTimeoutMs: 1800,
	/**
	From the end: longest wait of a one-shot for unreported labels. Longer than `settleTimeoutMs`, so that a command that ends as it opens
	is settled.
	*/
	finishTimeoutMs: 2000,

	/** A connection that opens later than this does not use cluster observations: the apiserver may have changed without a disconnect. */
	sharedMaxAgeMs: 10_000,
	/** Unavailable flags or CAs are requested again after this, because the next connection may end at another apiserver. */
	unavailableForMs: 10_000,

	/** Metrics are megabytes on a large cluster: minimum time between two reads per process. */
	metricsIntervalMs: 60_000,
	/**
	Without a process id, metrics may be from another process. A stream that opens later than this gets new ones, within
	`metricsIntervalMs`.
	*/
	unidentifiedMetricsMaxAgeMs: 10_000,
	/** Metrics that are forbidden or not served are requested again after this. */
	metricsUnavailableForMs: 5 * 60_000,
} as const;
