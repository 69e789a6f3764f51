/**
All timeouts and ages of labels, in the order of a connection's life:

```
connected       used             opened                                             settled                ended
   | request |- preUseTimeout -|- sharedProbeDelay -|- sharedProbe -|- metrics, far end -|- every unavailableFor: flags -|
             |                 |----- silentFor -----|- its node -|
             |--- lastingAfter: log without lines ---|            |- lastingAfter: metrics -|
                               |----------------- settleTimeout -----------------|
                               |---------------------- finishTimeout (one-shot) ------------------|
```

A stream waits for `preUseTimeoutMs` only. Everything after the opening runs beside the stream, which never waits for it.
`settleTimeoutMs` starts nothing and aborts nothing: it limits the wait for metrics and the far end, which begins after the
cluster was observed. So a label whose cluster does not answer settles later, by up to `sharedProbeTimeoutMs`, and one that opens after
another ended by up to
`sharedProbeIntervalMs`.
*/
export const labelTimings = {
	/** The longest that a stream waits for observations on its connection; a timeout closes the connection, and the stream gets another. */
	preUseTimeoutMs: 300,

	/** Lets the stream's first bytes be printed before the cluster is observed. */
	sharedProbeDelayMs: 20,
	/** Minimum time between two observations of the cluster: a burst of streams shares one. */
	sharedProbeIntervalMs: 1000,
	/** Timeout of each response that no stream waits for. */
	sharedProbeTimeoutMs: 2000,

	/**
	A stream that is open, or waiting for its response, for this long is worth more reads: for a quiet log the cluster, for others the
	metrics.
	*/
	lastingAfterMs: 1000,
	/**
	After this long without output of a command, from its opening, its node is read to find out whether the 101 was its kubelet's. Well
	below `settleTimeoutMs`, so that the node can still answer.
	*/
	silentForMs: 300,
	/**
	From the opening: the longest wait for metrics if someone waits for the label, and for the far end of a command if its answer matters.
	*/
	settleTimeoutMs: 1800,
	/**
	From the end: the longest that a one-shot waits for unreported labels. Longer than `settleTimeoutMs`, so that a command that ends as it
	opens is settled.
	*/
	finishTimeoutMs: 2000,

	/**
	Cluster observations are not used for a connection that is opened later than this: without a disconnect the apiserver may still have
	changed.
	*/
	sharedMaxAgeMs: 10_000,
	/**
	Flags or a CA that are forbidden, not served or without a response are not requested again before this: the next connection may end at
	another apiserver.
	*/
	unavailableForMs: 10_000,

	/** Metrics are megabytes on a large cluster: minimum time between two reads per process. */
	metricsIntervalMs: 60_000,
	/**
	For processes without an id, metrics may be from another process: a stream that opens later than this gets new ones, within
	`metricsIntervalMs`.
	*/
	unidentifiedMetricsMaxAgeMs: 10_000,
	/** Metrics that are forbidden or not served are not requested again before this. */
	metricsUnavailableForMs: 5 * 60_000,
} as const;
