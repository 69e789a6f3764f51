/** Output of followed logs. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {jsonLine} from '../../output/json-line.ts';
import {logEventObject, type PrintedEvent} from '../../output/log-json.ts';
import type {OutputWriter} from '../../output/output-writer.ts';
import {followLogs, type FollowLogsOptions, type FollowTargets} from '../../streams/logs/follow-logs.ts';
import {logKey, type LogEvent, type LogSource} from '../../streams/logs/log-events.ts';
import {formatLines, type LineOutput} from './print-logs.ts';

export type PrintEventOptions = {
	lines: LineOutput;
	ignoreErrors: boolean;
	/** The notice of an event; `null` for none. */
	notices: (event: LogEvent) => string | null;
	say: (notice: string) => void;
};

export type PrintFollowOptions = PrintEventOptions & {
	follow: FollowLogsOptions;
	/** Limit of the printed bytes of each log; 0 means no limit. */
	limitBytes: number;
};

/** Resolves when all logs have ended. @throws SpokeError of a log that fails, unless errors are ignored */
export async function printFollow(
	cluster: ClusterClient,
	targets: FollowTargets,
	output: OutputWriter,
	{follow, limitBytes, ...options}: PrintFollowOptions,
): Promise<void> {
	const {lines} = options;
	const limits = new ByteLimits(limitBytes);
	const onInitialLogs = (count: number) => {
		limits.expect(count);
	};

	for await (const event of followLogs(cluster, targets, {...follow, onInitialLogs})) {
		if (event.type === 'asking' || event.type === 'checking' || event.type === 'checked') {
			continue;
		}

		limits.meet(event);
		if (event.type === 'lines') {
			const drained = output.write(formatLines(event.bytes, event.source, {lines, take: bytes => limits.take(event.source, bytes)}));
			if (drained) {
				await drained;
			}
		} else {
			await printEvent(event, output, options);
		}

		if (limits.reached) {
			return;
		}
	}
}

/** @throws SpokeError of a log that fails, unless errors are ignored */
export async function printEvent(
	event: PrintedEvent,
	output: OutputWriter,
	{lines, ignoreErrors, notices, say}: PrintEventOptions,
): Promise<void> {
	if (lines.json) {
		await output.write(jsonLine(logEventObject(event, lines.context)));
	}

	if (event.type === 'failed' && !ignoreErrors) {
		throw event.error;
	}

	const notice = notices(event);
	if (notice !== null) {
		say(notice);
	}
}

/** Local, because the server would count the lines that it repeats after a resume. */
class ByteLimits {
	readonly #limit: number;
	readonly #left = new Map<string, number>();
	#expected = Infinity;

	constructor(limit: number) {
		this.#limit = limit;
	}

	/** The follow ends when this many logs have reached the limit. Without a pod at the start, it waits for one. */
	expect(count: number): void {
		this.#expected = Math.max(count, 1);
	}

	get reached(): boolean {
		return this.#limit > 0 && this.#left.size >= this.#expected && this.#left.values().every(left => left === 0);
	}

	meet(event: LogEvent): void {
		if (this.#limit > 0 && 'source' in event) {
			const key = logKey(event.source);
			this.#left.set(key, event.type === 'ended' || event.type === 'failed' ? 0 : (this.#left.get(key) ?? this.#limit));
		}
	}

	/** Returns how many bytes can be printed. */
	take(source: LogSource, bytes: number): number {
		if (this.#limit === 0) {
			return bytes;
		}

		const left = this.#left.get(logKey(source)) ?? this.#limit;
		const taken = Math.min(bytes, left);
		this.#left.set(logKey(source), left - taken);
		return taken;
	}
}
