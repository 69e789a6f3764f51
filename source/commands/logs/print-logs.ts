/** Output of logs one after the other. */
import {abortableDelay} from '../../async/abortable.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {jsonLine} from '../../output/json-line.ts';
import {logEventObject, logLineObjects} from '../../output/log-json.ts';
import type {OutputWriter} from '../../output/output-writer.ts';
import type {ConnectionObserver, ResolvedTarget} from '../../streams/connection-observer.ts';
import {readLineBlocks} from '../../streams/logs/line-blocks.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';
import {locateInterruption, LogInterruptedError} from '../../streams/logs/log-interruption.ts';
import {stripTimestamps, withPrefix} from '../../streams/logs/log-lines.ts';
import {openLog, type OpenLog, type OpenLogOptions, RetryAfterError} from '../../streams/logs/open-log.ts';
import type {PodLogOptions} from '../../streams/logs/pod-log-options.ts';
import {readAvailable, createBodyWaiter} from '../../streams/logs/body-waiter.ts';
import {preconnect, type Preconnection} from '../../streams/preconnect.ts';
import {sanitize} from '../../text/sanitize.ts';

/** `isOnlyContainer`: the apiserver reads it if none is named. */
export type ChosenLog = {source: LogSource; target: ResolvedTarget; isOnlyContainer: boolean};

export type PrintOptions = {
	read: PodLogOptions;
	prefix: boolean;
	terminal: boolean;
	json: boolean;
	ignoreErrors: boolean;
	observer: ConnectionObserver | undefined;
	signal: AbortSignal;
	say: (notice: string) => void;
};

/** @throws SpokeError of the first log that fails, unless errors are ignored */
export async function printLogs(
	cluster: ClusterClient,
	logs: readonly ChosenLog[],
	output: OutputWriter,
	options: PrintOptions,
): Promise<void> {
	const {signal, observer} = options;
	let ahead: Preconnection | undefined;
	for (const [index, log] of logs.entries()) {
		const opened = () => {
			// Connect while this log is printed.
			ahead = index + 1 < logs.length ? preconnect(cluster, {signal, observer}) : undefined;
		};

		try {
			await printLog(ahead?.cluster ?? cluster, log, output, {...options, opened});
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (!options.ignoreErrors || options.signal.aborted || error.code === 'ERR_OUTPUT_CLOSED') {
				ahead?.close();
				throw thrown;
			}

			if (options.json) {
				await output.write(jsonLine(logEventObject({type: 'failed', source: log.source, error})));
			}

			options.say(`error: ${error.message}`);
		}
	}
}

async function printLog(
	cluster: ClusterClient,
	{source, target, isOnlyContainer}: ChosenLog,
	output: OutputWriter,
	options: PrintOptions & {opened: () => void},
): Promise<void> {
	const {json, prefix, terminal, observer, signal, opened} = options;
	const {limitBytes = 0} = options.read;
	const open = await openWithRetry(cluster, source, readToPrint(options), {target, observer, signal, isOnlyContainer});
	opened();
	try {
		await (json
			? printObjects(open, source, output, limitBytes)
			: prefix || terminal
				? printInLines(open, source, output, {terminal, prefix})
				: printBytes(open, output));
	} catch (error) {
		throw signal.aborted || error instanceof SpokeError
			? error
			: await locateInterruption(cluster, new LogInterruptedError(`the log of ${source.pod} was interrupted`, error as Error), signal);
	} finally {
		open.close();
	}
}

/** For `-o json`, `limitBytes` is applied here, because the server would count the timestamps. */
export function readToPrint({read, json}: Pick<PrintOptions, 'read' | 'json'>): PodLogOptions {
	const {limitBytes: _, ...unlimited} = read;
	return json ? {...unlimited, timestamps: true} : read;
}

/** As client-go after Retry-After. @see k8s.io/client-go rest/with_retry.go */
const maxRetries = 10;
const maxRetryAfterMs = 60_000;

async function openWithRetry(cluster: ClusterClient, source: LogSource, read: PodLogOptions, options: OpenLogOptions): Promise<OpenLog> {
	for (let retries = 0; ; retries++) {
		try {
			return await openLog(cluster, source, read, options);
		} catch (error) {
			if (!(error instanceof RetryAfterError) || retries === maxRetries || error.retryAfterMs > maxRetryAfterMs) {
				throw error;
			}

			await abortableDelay(error.retryAfterMs, options.signal);
		}
	}
}

async function printBytes({body}: OpenLog, output: OutputWriter): Promise<void> {
	const arrivals = createBodyWaiter(body);
	try {
		for (;;) {
			const chunk = readAvailable(body);
			if (chunk !== null) {
				await output.write(chunk);
			} else if (arrivals.error) {
				throw arrivals.error;
			} else if (arrivals.ended) {
				return;
			} else {
				await arrivals.next();
			}
		}
	} finally {
		arrivals.close();
	}
}

async function printInLines(
	{body}: OpenLog,
	source: LogSource,
	output: OutputWriter,
	form: {terminal: boolean; prefix: boolean},
): Promise<void> {
	const print = async (block: Buffer) => output.write(formatBlock(block, source, {...form, strip: false}));
	const {remainder, error} = await readLineBlocks(body, print);
	if (remainder.length > 0) {
		await print(remainder);
	}

	if (error) {
		throw error;
	}
}

async function printObjects(open: OpenLog, source: LogSource, output: OutputWriter, limitBytes: number): Promise<void> {
	let left = limitBytes === 0 ? Infinity : limitBytes;
	const take = (bytes: number) => {
		const taken = Math.min(bytes, left);
		left -= taken;
		return taken;
	};

	const print = async (block: Buffer) => {
		await output.write(logLineObjects(block, source, take));
		if (left === 0) {
			open.body.destroy();
		}
	};

	const {remainder, error} = await readLineBlocks(open.body, print);
	if (remainder.length > 0 && left > 0) {
		await print(remainder);
	}

	if (error && left > 0) {
		throw error;
	}
}

export type LineFormat = {
	/** Shows control characters instead of sending them. */
	terminal: boolean;
	prefix: boolean;
	/** The user did not ask for timestamps. */
	strip: boolean;
};

/**
Bytes for a pipe, sanitized text for a terminal.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go addPrefixIfNeeded
*/
export function formatBlock(block: Buffer, source: LogSource, {terminal, prefix, strip}: LineFormat): Buffer | string {
	const stripped = strip ? stripTimestamps(block) : block;
	const bytes = prefix ? withPrefix(stripped, Buffer.from(`[pod/${source.pod}/${source.container}] `)) : stripped;
	return terminal ? sanitize(bytes.toString('utf8'), {colors: 'keep'}) : bytes;
}
