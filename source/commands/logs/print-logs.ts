/** Output of logs one after the other. */
import {abortableDelay} from '../../base/async/clock.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {maxRetries, maxRetryAfterMs} from '../../cluster/transport/response-body.ts';
import {isSpokeError, SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {jsonLine, type OutputWriter} from '../../report/output/output-writer.ts';
import {logEventObject, logLineObjects} from '../../report/output/log-json.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';
import {readLineBlocks, LogBodyReader} from '../../streams/logs/line-blocks.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';
import {
	splitKubeletError,
	locateInterruption,
	LogInterruptedError,
	openLog,
	type OpenLog,
	type OpenLogOptions,
	RetryAfterError,
	type PodLogOptions,
} from '../../streams/logs/open-log.ts';
import {stripTimestamps, withPrefix} from '../../streams/logs/log-lines.ts';
import {preconnect, type Preconnection} from '../../streams/preconnect.ts';
import {sanitize, sanitizeLine} from '../../base/text/sanitize.ts';
import type {LineShaper} from './shape-lines.ts';

/** `isOnlyContainer`: the apiserver reads it if none is named. */
export type ChosenLog = {source: LogSource; target: ResolvedTarget; isOnlyContainer: boolean; restarts: number; isWaiting: boolean};

type PrintOptions = {
	read: PodLogOptions;
	lines: LineOutput;
	ignoreErrors: boolean;
	observer: ConnectionObserver | undefined;
	signal: AbortSignal;
	say: (notice: string) => void;
};

/** SGR parameters. @see https://github.com/stern/stern/blob/v1.34.0/stern/color.go */
const palette = [
	{pod: '96', container: '36'},
	{pod: '92', container: '32'},
	{pod: '95', container: '35'},
	{pod: '93', container: '33'},
	{pod: '94', container: '34'},
	{pod: '91', container: '31'},
] as const;

/** @throws SpokeError of the first log that fails, unless errors are ignored */
export async function printLogs(
	cluster: ClusterClient,
	logs: readonly ChosenLog[],
	output: OutputWriter,
	options: PrintOptions,
): Promise<void> {
	const {signal, observer} = options;
	let preconnection: Preconnection | undefined;
	for (const [index, log] of logs.entries()) {
		const opened = () => {
			// Connect while this log is printed.
			preconnection = index + 1 < logs.length ? preconnect(cluster, {signal, observer}) : undefined;
		};

		try {
			await printLog(preconnection?.cluster ?? cluster, log, output, {...options, opened});
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (!options.ignoreErrors || options.signal.aborted || error.code === 'ERR_OUTPUT_CLOSED') {
				preconnection?.close();
				throw thrown;
			}

			if (options.lines.json) {
				await output.write(jsonLine(logEventObject({type: 'failed', source: log.source, error}, options.lines.context)));
			}

			options.say(`error: ${error.message}`);
		}
	}
}

export async function printLog(
	cluster: ClusterClient,
	{source, target, isOnlyContainer}: Pick<ChosenLog, 'source' | 'target' | 'isOnlyContainer'>,
	output: OutputWriter,
	options: Omit<PrintOptions, 'ignoreErrors' | 'say'> & {opened?: () => void},
): Promise<void> {
	const {read, lines, observer, signal, opened} = options;
	const open = await openWithRetry(cluster, source, readToPrint(read, lines), {target, observer, signal, isOnlyContainer});
	opened?.();
	try {
		await (isEditedHere(lines) || lines.prefix || lines.terminal
			? printLines(open, source, output, {lines, limitBytes: read.limitBytes ?? 0})
			: printBytes(open, output));
	} catch (error) {
		throw signal.aborted || isSpokeError(error)
			? error
			: await locateInterruption(cluster, new LogInterruptedError(`the log of ${source.pod} was interrupted`, error as Error), signal);
	} finally {
		open.close();
	}
}

/** Lines that are edited here need timestamps, and the server would count bytes that are not printed. */
export function readToPrint(read: PodLogOptions, lines: Pick<LineOutput, 'json' | 'shaper'>): PodLogOptions {
	const {limitBytes: _, ...unlimited} = read;
	return isEditedHere(lines) ? {...unlimited, timestamps: true} : read;
}

function isEditedHere({json, shaper}: Pick<LineOutput, 'json' | 'shaper'>): boolean {
	return json || shaper !== null;
}

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
	const reader = new LogBodyReader(body);
	try {
		for (;;) {
			const chunk = reader.readAvailable();
			if (chunk !== null) {
				await output.write(chunk);
			} else if (reader.error) {
				throw reader.error;
			} else if (reader.hasEnded) {
				return;
			} else {
				await reader.waitForBytes();
			}
		}
	} finally {
		reader.close();
	}
}

async function printLines(
	open: OpenLog,
	source: LogSource,
	output: OutputWriter,
	{lines, limitBytes}: {lines: LineOutput; limitBytes: number},
): Promise<void> {
	const isEdited = isEditedHere(lines);
	// The server applies the limit to lines that are not edited here.
	let left = limitBytes === 0 || !isEdited ? Infinity : limitBytes;
	const take = (bytes: number) => {
		const taken = Math.min(bytes, left);
		left -= taken;
		return taken;
	};

	const print = async (block: Buffer) => {
		await output.write(isEdited ? formatLines(block, source, {lines, take}) : formatBlock(block, source, lines));
		if (left === 0) {
			open.body.destroy();
		}
	};

	const {remainder, error} = await readLineBlocks(open.body, print);
	// A selection must not hide that the kubelet could not read the log.
	const {log, message} = lines.shaper === null ? {log: remainder, message: null} : splitKubeletError(remainder, {follows: false});
	if (log.length > 0 && left > 0) {
		await print(log);
	}

	if (message !== null) {
		throw new SpokeError('ERR_SECOND_LEG', `the kubelet could not read the log of ${source.pod}: ${message}`, {leg: 3, text: message});
	}

	if (error && left > 0) {
		throw error;
	}
}

export type LineOutput = {
	json: boolean;
	/** Shows control characters instead of sending them. */
	terminal: boolean;
	prefix: boolean;
	timestamps: boolean;
	/** `null` prints every line as it is. */
	shaper: LineShaper | null;
	/** Of the names in a prefix. */
	colors: boolean;
	/** In the prefix and the objects; `null` if it is the only one. */
	context: string | null;
};

/**
`block`: lines that begin with timestamps. `take` is asked for so many bytes and returns how many of them can be printed. Text for JSON and
terminals, bytes otherwise.
*/
export function formatLines(
	block: Buffer,
	source: LogSource,
	{lines, take}: {lines: LineOutput; take: (bytes: number) => number},
): Buffer | string {
	const shaped = lines.shaper === null ? block : lines.shaper.shape(block, source);
	if (lines.json) {
		return logLineObjects(shaped, source, {take, fieldsOf: lines.shaper?.fieldsOf ?? null, context: lines.context});
	}

	const bytes = lines.timestamps ? shaped : stripTimestamps(shaped);
	const taken = take(bytes.length);
	return formatBlock(taken === bytes.length ? bytes : bytes.subarray(0, taken), source, lines);
}

/**
Bytes for a pipe, sanitized text for a terminal.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go addPrefixIfNeeded
*/
function formatBlock(block: Buffer, source: LogSource, lines: LineOutput): Buffer | string {
	const {terminal, prefix} = lines;
	const bytes = prefix ? withPrefix(block, prefixBytes(source, lines)) : block;
	return terminal ? sanitize(bytes.toString('utf8'), {colors: 'keep'}) : bytes;
}

const prefixes = new WeakMap<LogSource, {lines: LineOutput; bytes: Buffer}>();

/** Made once for each log: many quiet logs have blocks of one line. */
function prefixBytes(source: LogSource, lines: LineOutput): Buffer {
	let known = prefixes.get(source);
	if (known?.lines !== lines) {
		known = {lines, bytes: Buffer.from(linePrefix(source, lines))};
		prefixes.set(source, known);
	}

	return known.bytes;
}

/** kubectl's `[pod/NAME/CONTAINER]`, with the context before it if there are several. */
function linePrefix({pod, container}: LogSource, {colors, context}: Pick<LineOutput, 'colors' | 'context'>): string {
	const paint = (color: string, text: string) => (colors ? `\u001B[${color}m${text}\u001B[0m` : text);
	const color = podColor(pod);
	const named = context === null ? '' : `${paint(podColor(context).pod, sanitizeLine(context))} `;
	return `[${named}pod/${paint(color.pod, pod)}/${paint(color.container, container)}] `;
}

/** FNV-1 of 32 bits, by whose remainder stern chooses. */
export function podColor(pod: string): (typeof palette)[number] {
	let hash = 0x81_1c_9d_c5;
	for (const byte of Buffer.from(pod)) {
		hash = (Math.imul(hash, 0x01_00_01_93) ^ byte) >>> 0;
	}

	return palette[hash % palette.length]!;
}

/** @see https://no-color.org */
export function canShowColors(to: {readonly isTTY?: boolean | undefined}, env: NodeJS.ProcessEnv): boolean {
	return to.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}
