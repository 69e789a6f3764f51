/**
Timeouts and ages of labels, in the order of a connection's life:

```
connected       used             opened                                             settled                ended
| request |- preUseTimeout -|- sharedProbeDelay -|- sharedProbe -|- metrics, far end -|- every unavailableFor: flags -|
|                 |----- silentFor -----|- its node -|
|--- lastingAfter: log without lines ---|            |- lastingAfter: metrics -|
|----------------- settleTimeout -----------------|
|---------------------- finishTimeout (one-shot) ------------------|
```

A stream waits only for `preUseTimeoutMs`; everything after the opening runs beside it. `settleTimeoutMs` only limits the wait for metrics
and the far end, which begins after the cluster was observed. So a label settles up to `sharedProbeTimeoutMs` later if its cluster does not
respond, and up to `sharedProbeIntervalMs` later if it opens after another ended.
*/
export const labelTimings = {
	/** A timeout closes the connection, and the stream gets another, whose label is at most inferred. */
	preUseTimeoutMs: 300,

	/** Lets the stream's first bytes be printed before the cluster is observed. */
	sharedProbeDelayMs: 20,
	/** Minimum time between two observations of the cluster, so that a burst of streams shares one. */
	sharedProbeIntervalMs: 1000,
	/** Timeout of each response that no stream waits for. */
	sharedProbeTimeoutMs: 2000,

	/** A stream that has been open or waiting this long justifies more reads: of the cluster for a quiet log, of the metrics for others. */
	lastingAfterMs: 1000,
	/**
	This long after a command opened without output, its node is read to learn whether the 101 was its kubelet's. Well below
	`settleTimeoutMs`, so that the node can still answer.
	*/
	silentForMs: 300,
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
