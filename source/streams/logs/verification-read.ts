/** A short second read of a log that verifies a follow. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {explainMessage} from '../../server-messages/explain-message.ts';
import {unwrapMessage} from '../../server-messages/unwrap-message.ts';
import {readLineBlocks, type BlocksResult} from './line-blocks.ts';
import type {LogSource} from './log-events.ts';
import {lineEnd} from './log-lines.ts';
import type {PodLogOptions} from './pod-log-options.ts';
import {timestampLength, timestampNanoseconds} from './line-timestamp.ts';
import {openLog, type OpenLogOptions} from './open-log.ts';
import type {DuplicateFilter} from './duplicate-filter.ts';

export type VerificationTimeouts = {
	/** The answer must begin within this. */
	responseTimeoutMs: number;
	/** And may pause so long. */
	silenceTimeoutMs: number;
};

export type VerificationResult = {
	/** It holds a line that has not been told. */
	hasNewLines: boolean;
	/** It holds the last line that was told. */
	foundLastLine: boolean;
};

/** The longest a side read may take as a whole, however steadily its answer comes. */
const totalTimeoutMs = 60_000;
/** Enough for a new line behind those that are known. */
const newLinesBytes = 64 * 1024;

/**
Reads from the beginning that the follow was asked for, and no further than the answer to the question. No stream of the user's, so
nobody labels it.
`filter` holds the lines that are known, in `knownBytes`; `null` where there are none. Always ends: by its answer, or by a limit.
@throws SpokeError what opening a log throws; ERR_APISERVER_TIMEOUT when no answer begins; ERR_STREAM_LOST when the answer stops or is
cut before it tells anything
*/
export async function readForVerification(
	cluster: ClusterClient,
	source: LogSource,
	read: PodLogOptions,
	{
		filter,
		knownBytes,
		timeouts,
		target,
		signal,
	}: {filter: DuplicateFilter | null; knownBytes: number; timeouts: VerificationTimeouts} & Pick<OpenLogOptions, 'target' | 'signal'>,
): Promise<VerificationResult> {
	let hasNewLines = false;
	const {error} = await readBounded(
		cluster,
		source,
		{...read, limitBytes: knownBytes + newLinesBytes},
		{
			timeouts,
			target,
			signal,
			onLines(lines) {
				hasNewLines = (filter ? filter.removeDuplicates(lines) : lines).length > 0;
				return hasNewLines;
			},
		},
	);
	const foundLastLine = filter?.foundLastLine ?? false;
	if (error !== null && !hasNewLines && !foundLastLine) {
		throw new SpokeError('ERR_STREAM_LOST', `the response to a second read of the log was incomplete: ${error.message}`, {
			legKnown: false,
			cause: error,
		});
	}

	return {hasNewLines, foundLastLine};
}

type BoundedReadOptions = {
	timeouts: VerificationTimeouts;
	/** Gets whole lines; true ends the read. */
	onLines: (lines: Buffer) => boolean;
} & Pick<OpenLogOptions, 'target' | 'signal'>;

/** `error` is what cut the answer, or stopped it; `null` where it came to its end, or `take` ended it. */
async function readBounded(
	cluster: ClusterClient,
	source: LogSource,
	read: PodLogOptions,
	{timeouts, onLines, target, signal}: BoundedReadOptions,
): Promise<BlocksResult> {
	const responseTimeout = new AbortController();
	const timer = setTimeout(() => {
		responseTimeout.abort(
			new SpokeError('ERR_APISERVER_TIMEOUT', `no response to a second read of the log within ${timeouts.responseTimeoutMs / 1000} s`),
		);
	}, timeouts.responseTimeoutMs);
	const stop = AbortSignal.any([responseTimeout.signal, AbortSignal.timeout(totalTimeoutMs), ...(signal ? [signal] : [])]);
	try {
		const open = await openLog(cluster, source, read, {target, signal: stop});
		clearTimeout(timer);
		let isEnough = false;
		try {
			const {remainder, error} = await readLineBlocks(
				open.body,
				lines => {
					isEnough ||= onLines(lines);
					if (isEnough) {
						open.body.destroy();
					}
				},
				{silenceTimeoutMs: timeouts.silenceTimeoutMs},
			);
			signal?.throwIfAborted();
			return {remainder, error: isEnough ? null : error};
		} finally {
			open.close();
		}
	} catch (error) {
		throw responseTimeout.signal.aborted && !signal?.aborted ? responseTimeout.signal.reason : error;
	} finally {
		clearTimeout(timer);
	}
}

/**
Whether `block`, the first lines of a read, begins no later than what the log offers from `read` on. False also where that cannot be told.
*/
export async function isFirstOffered(
	cluster: ClusterClient,
	source: LogSource,
	read: PodLogOptions,
	{block, timeouts, target, signal}: {block: Buffer; timeouts: VerificationTimeouts} & Pick<OpenLogOptions, 'target' | 'signal'>,
): Promise<boolean> {
	let offered: Buffer | null = null;
	try {
		const {remainder, error} = await readBounded(
			cluster,
			source,
			{...read, limitBytes: newLinesBytes},
			{
				timeouts,
				target,
				signal,
				onLines(lines) {
					offered = lines;
					return true;
				},
			},
		);
		return error === null && beginsNoLater(block, offered ?? remainder);
	} catch {
		signal?.throwIfAborted();
		return false;
	}
}

function beginsNoLater(block: Buffer, offered: Buffer): boolean {
	const first = firstInstant(block);
	const oldest = firstInstant(offered);
	if (offered.length === 0 || first === null || oldest === null) {
		return offered.length === 0;
	}

	// Several lines may share a timestamp.
	return first === oldest ? block.subarray(0, lineEnd(block, 0)).equals(offered.subarray(0, lineEnd(offered, 0))) : first < oldest;
}

function firstInstant(block: Buffer): bigint | null {
	const length = timestampLength(block, 0);
	return length === 0 ? null : timestampNanoseconds(block, 0, length);
}

/**
 * No answer, or nobody reached: refused and dropped dials, a tunnel without its end, a silent or broken handshake. Not a name that is not
 * found: only a new dial asks for it.
 */
const unreachedRows = /^(?:D[1-3]|[GH]\d|T[78])$/;
/** How Go says, in words of no row, that none came in time: of contexts, sockets, handshakes, answers, and HTTP/2's own pings. */
const timeoutMessages = /(?:context deadline exceeded|timeout|Client\.Timeout exceeded[^:]*|http2: client connection lost)\)?$/;

/**
Whether the way to the kubelet, or the log at its end, is gone. Whoever is met and refuses only a new connection or request (a
certificate that ran out, a right that was
taken, too many requests) says nothing of a stream that is open, nor does what is in no row: to give that up may lose lines.
*/
export function indicatesStall({code, text}: Pick<SpokeError, 'code' | 'text'>): boolean {
	if (code !== 'ERR_SECOND_LEG') {
		// A stream whose pod or container is over should have ended. An answer that stops midway shows a network that does the same to a
		// follow.
		return code === 'ERR_APISERVER_TIMEOUT' || code === 'ERR_NOT_FOUND' || code === 'ERR_TARGET_GONE' || code === 'ERR_STREAM_LOST';
	}

	const row = explainMessage(text ?? '', {status: 500})?.rule;
	if (row) {
		return unreachedRows.test(row.id);
	}

	const {wrapper, message} = unwrapMessage(text?.trim() ?? '', [], {isStream: false, code: 500});
	return wrapper === 'log' && timeoutMessages.test(message);
}
