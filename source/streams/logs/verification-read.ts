/** A short read of a log beside the follow of it: what it offers, and what its failure proves of the follow. */
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

export type SideReadLimits = {
	/** The answer must begin within this. */
	sideAnswerMs: number;
	/** And may pause so long. */
	sideSilenceMs: number;
};

export type SideReadResult = {
	/** It holds a line that has not been told. */
	more: boolean;
	/** It holds the last line that was told. */
	met: boolean;
};

/** The longest a side read may take as a whole, however steadily its answer comes. */
const wholeLimitMs = 60_000;
/** Enough for a new line behind those that are known. */
const newBytes = 64 * 1024;

/**
Reads from the beginning that the follow was asked for, and no further than the answer to the question. No stream of the user's, so nobody labels it.
`filter` holds the lines that are known, in `knownBytes`; `null` where there are none. Always ends: by its answer, or by a limit.
@throws SpokeError what opening a log throws; ERR_APISERVER_TIMEOUT when no answer begins; ERR_STREAM_LOST when the answer stops or is cut before it tells anything
*/
export async function readBeside(
	cluster: ClusterClient,
	source: LogSource,
	read: PodLogOptions,
	{
		filter,
		knownBytes,
		limits,
		target,
		signal,
	}: {filter: DuplicateFilter | null; knownBytes: number; limits: SideReadLimits} & Pick<OpenLogOptions, 'target' | 'signal'>,
): Promise<SideReadResult> {
	let more = false;
	const {error} = await readBounded(
		cluster,
		source,
		{...read, limitBytes: knownBytes + newBytes},
		{
			limits,
			target,
			signal,
			take(lines) {
				more = (filter ? filter.pass(lines) : lines).length > 0;
				return more;
			},
		},
	);
	const met = filter?.met ?? false;
	if (error !== null && !more && !met) {
		throw new SpokeError('ERR_STREAM_LOST', `a second read of the log was not answered to its end: ${error.message}`, {
			legKnown: false,
			cause: error,
		});
	}

	return {more, met};
}

type Bounded = {
	limits: SideReadLimits;
	/** Gets whole lines; true ends the read. */
	take: (lines: Buffer) => boolean;
} & Pick<OpenLogOptions, 'target' | 'signal'>;

/** `error` is what cut the answer, or stopped it; `null` where it came to its end, or `take` ended it. */
async function readBounded(
	cluster: ClusterClient,
	source: LogSource,
	read: PodLogOptions,
	{limits, take, target, signal}: Bounded,
): Promise<BlocksResult> {
	const limit = new AbortController();
	const timer = setTimeout(() => {
		limit.abort(
			new SpokeError('ERR_APISERVER_TIMEOUT', `a second read of the log was not answered within ${limits.sideAnswerMs / 1000} s`),
		);
	}, limits.sideAnswerMs);
	const stop = AbortSignal.any([limit.signal, AbortSignal.timeout(wholeLimitMs), ...(signal ? [signal] : [])]);
	try {
		const open = await openLog(cluster, source, read, {target, signal: stop});
		clearTimeout(timer);
		let isEnough = false;
		try {
			const {remainder, error} = await readLineBlocks(
				open.body,
				lines => {
					isEnough ||= take(lines);
					if (isEnough) {
						open.body.destroy();
					}
				},
				{silenceMs: limits.sideSilenceMs},
			);
			signal?.throwIfAborted();
			return {remainder, error: isEnough ? null : error};
		} finally {
			open.close();
		}
	} catch (error) {
		throw limit.signal.aborted && !signal?.aborted ? limit.signal.reason : error;
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
	{block, limits, target, signal}: {block: Buffer; limits: SideReadLimits} & Pick<OpenLogOptions, 'target' | 'signal'>,
): Promise<boolean> {
	let offered: Buffer | null = null;
	try {
		const {remainder, error} = await readBounded(
			cluster,
			source,
			{...read, limitBytes: newBytes},
			{
				limits,
				target,
				signal,
				take(lines) {
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

/** No answer, or nobody reached: refused and dropped dials, a tunnel without its end, a silent or broken handshake. Not a name that is not found: only a new dial asks for it. */
const unreached = /^(?:D[1-3]|[GH]\d|T[78])$/;
/** How Go says, in words of no row, that none came in time: of contexts, sockets, handshakes, answers, and HTTP/2's own pings. */
const unanswered = /(?:context deadline exceeded|timeout|Client\.Timeout exceeded[^:]*|http2: client connection lost)\)?$/;

/**
Whether the way to the kubelet, or the log at its end, is gone. Whoever is met and refuses only a new connection or request (a certificate that ran out, a right that was
taken, too many requests) says nothing of a stream that is open, nor does what is in no row: to give that up may lose lines.
*/
export function indicatesStall({code, text}: Pick<SpokeError, 'code' | 'text'>): boolean {
	if (code !== 'ERR_SECOND_LEG') {
		// A stream whose pod or container is over should have ended. An answer that stops midway shows a network that does the same to a follow.
		return code === 'ERR_APISERVER_TIMEOUT' || code === 'ERR_NOT_FOUND' || code === 'ERR_TARGET_GONE' || code === 'ERR_STREAM_LOST';
	}

	const row = explainMessage(text ?? '', {status: 500})?.rule;
	if (row) {
		return unreached.test(row.id);
	}

	const {wrapper: frame, message: words} = unwrapMessage(text?.trim() ?? '', [], {isStream: false, code: 500});
	return frame === 'log' && unanswered.test(words);
}
