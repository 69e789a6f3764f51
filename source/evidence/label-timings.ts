/**
How long is anything of a label waited for, and for how long does it count? All limits of labels, in the order of a connection's life:

```
connected    wanted          opened                                                     told                  over
    |  asked   |-- preUseProbe --|-- afterOpening --|-- readBeside --|-- counters, far end --|- every closedFor: flags -|
               |                |------- silent ------|- its node -|
               |------ lasts: a log without a line ---|            |-- lasts: counters --|
                                |------------------ settleWithin --------------------|
                                |--------------------- owed by a one-shot ----------------|
```

A stream waits for `preUseTimeoutMs` only. Everything after the opening is beside the stream, which never waits for it.
`settleTimeoutMs` starts nothing and cuts nothing that is read: it says how long the counters and the far end are waited for, which begin after what is
read beside the stream. So a label whose cluster does not answer settles later than that, by up to `sharedProbeTimeoutMs`, and one that opens after another ended by
up to `sharedProbeIntervalMs`.
*/
export const labelTimings = {
	/** A stream waits no longer than this for what is read on its connection; what does not come by then takes the connection along, and the stream gets another. */
	preUseTimeoutMs: 300,

	/** The stream's first bytes are printed before anything is read beside it. */
	sharedProbeDelayMs: 20,
	/** What is read beside the connections is read at most so often: a burst of streams waits for one reading. */
	sharedProbeIntervalMs: 1000,
	/** How long any one answer may take that no stream waits for. */
	sharedProbeTimeoutMs: 2000,

	/** A stream that is open, or wanted and unanswered, for so long is worth reading more: a quiet log what is read beside streams, others the counters. */
	lastingAfterMs: 1000,
	/** After so long without a word of a command, measured from its opening, its node is asked whether the 101 was its kubelet's. Well inside `settleTimeoutMs`: the node is to answer yet. */
	silentForMs: 300,
	/** From the opening on: so long are counters waited for where somebody waits for the label, and the far end of a command where its word would tell. */
	settleTimeoutMs: 1800,
	/** From its end on: so long a one-shot waits for the labels that it owes. Longer than `settleTimeoutMs`, so that also a command that ends as it opens is told as settled. */
	finishTimeoutMs: 2000,

	/** What was read beside connections is not used for one that is opened later than this: an apiserver of which none of ours ended may be another since. */
	sharedMaxAgeMs: 10_000,
	/** Flags, or an authority, that may not be read, are not served or do not come are not asked for again before this has passed: the next connection may end at an apiserver that serves them. */
	unavailableForMs: 10_000,

	/** Counters are megabytes on a large cluster: read of one process at most so often. */
	metricsIntervalMs: 60_000,
	/** Where processes have no id, counters may be another's since: a stream that opens later than this gets them read again, though no sooner than `metricsIntervalMs` allows. */
	unidentifiedMetricsMaxAgeMs: 10_000,
	/** Counters that may not be read, or are not served, are not asked for again before this has passed. */
	metricsUnavailableForMs: 5 * 60_000,
} as const;
