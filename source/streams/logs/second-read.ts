/** A second read of a log that verifies a follow. */
import {anySignal} from '../../base/async/clock.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {withTimeout} from '../../cluster/with-abort-signal.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {readLineBlocks, type BlocksResult} from './line-blocks.ts';
import type {LogSource} from './log-events.ts';
import {lineEnd, timestampLength, timestampNanoseconds} from './log-lines.ts';
import {type PodLogOptions, openLog, type OpenLogOptions} from './open-log.ts';
import type {DuplicateFilter} from './recent-lines.ts';

export type SecondReadTimeouts = {
	responseTimeoutMs: number;
	silenceTimeoutMs: number;
};

type SecondReadOptions = {timeouts: SecondReadTimeouts} & Pick<OpenLogOptions, 'target' | 'signal'>;

export type SecondReadResult = {
	hasNewLines: boolean;
	foundLastLine: boolean;
};

/** Even while data arrives. */
const totalTimeoutMs = 60_000;
const newLinesBytes = 64 * 1024;

/**
Reads from the follow's position until the result is known or a timeout. Has no observer, because it is no stream of the user.
`filter` has the known lines, `knownBytes` long.
@throws SpokeError as `openLog`; ERR_APISERVER_TIMEOUT without a response; ERR_STREAM_LOST without a result
*/
export async function readLogAgain(
	cluster: ClusterClient,
	source: LogSource,
	read: PodLogOptions,
	{filter, knownBytes, ...options}: {filter: DuplicateFilter | null; knownBytes: number} & SecondReadOptions,
): Promise<SecondReadResult> {
	let hasNewLines = false;
	const {error} = await readBounded(cluster, source, {...read, limitBytes: knownBytes + newLinesBytes}, options, lines => {
		hasNewLines = (filter ? filter.removeDuplicates(lines) : lines).length > 0;
		return hasNewLines;
	});
	const foundLastLine = filter?.foundLastLine ?? false;
	if (error !== null && !hasNewLines && !foundLastLine) {
		throw new SpokeError('ERR_STREAM_LOST', `the response to a second read of the log was incomplete: ${error.message}`, {
			legKnown: false,
			cause: error,
		});
	}

	return {hasNewLines, foundLastLine};
}

/** `onLines`: true ends the read. */
async function readBounded(
	cluster: ClusterClient,
	source: LogSource,
	read: PodLogOptions,
	{timeouts, target, signal}: SecondReadOptions,
	onLines: (lines: Buffer) => boolean,
): Promise<BlocksResult> {
	const timeoutMs = timeouts.responseTimeoutMs;
	const message = `no response to a second read of the log within ${timeoutMs / 1000} s`;
	const stop = anySignal(AbortSignal.timeout(totalTimeoutMs), signal);
	// The body can be read for longer.
	const open = await withTimeout({timeoutMs, message, signal}, async responseTimeout =>
		openLog(cluster, source, read, {target, signal: anySignal(responseTimeout, stop)}),
	);
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
}

/** Whether `block` begins no later than the log from `read`. False if unknown. */
export async function isFirstOffered(
	cluster: ClusterClient,
	source: LogSource,
	read: PodLogOptions,
	{block, ...options}: {block: Buffer} & SecondReadOptions,
): Promise<boolean> {
	let offered: Buffer | null = null;
	try {
		const {remainder, error} = await readBounded(cluster, source, {...read, limitBytes: newLinesBytes}, options, lines => {
			offered = lines;
			return true;
		});
		return error === null && beginsNoLater(block, offered ?? remainder);
	} catch {
		options.signal?.throwIfAborted();
		return false;
	}
}

function beginsNoLater(block: Buffer, offered: Buffer): boolean {
	const first = instantOfFirstLine(block);
	const oldest = instantOfFirstLine(offered);
	if (offered.length === 0 || first === null || oldest === null) {
		return offered.length === 0;
	}

	return first < oldest || (first === oldest && block.subarray(0, lineEnd(block, 0)).equals(offered.subarray(0, lineEnd(offered, 0))));
}

function instantOfFirstLine(block: Buffer): bigint | null {
	const length = timestampLength(block, 0);
	return length === 0 ? null : timestampNanoseconds(block, 0, length);
}
