/** Output of followed logs. */
import {formatQuantity} from '../../base/text/formats.ts';
import {jsonLine, noticeLine} from '../../report/output/output-writer.ts';
import {logEventObject, type PrintedEvent} from '../../report/output/log-json.ts';
import {formatLogEvent} from '../../report/descriptions/describe-log-event.ts';
import {followLogs, type FollowLogsOptions, type FollowTargets} from '../../streams/logs/follow-logs.ts';
import {logKey, type LogEvent, type LogSource} from '../../streams/logs/log-events.ts';
import type {ContextLogs, OpenContext} from './print-context.ts';
import {formatLines} from './print-logs.ts';

/** Resolves when all logs have ended. @throws SpokeError of a log that fails, unless errors are ignored */
export async function printFollow(context: OpenContext, targets: FollowTargets, options: FollowLogsOptions): Promise<void> {
	const {cluster, output, request, given, notices} = context;
	const lines = {...context.lines};
	const prefixesSeveral = lines.terminal && !given.has('prefix');
	const print = eventPrinter(context);
	const limits = new ByteLimits(request.read.limitBytes ?? 0);
	const onInitialLogs = ({pods, logs}: {pods: number; logs: number}) => {
		limits.expect(logs);
		lines.prefix ||= prefixesSeveral && logs > 1;
		if (logs > (targets.kind === 'scope' ? 0 : 1) && reportsProgress(context)) {
			notices.write(noticeLine(`spoke: following ${describeCount(pods, logs)}`, notices));
		}
	};
	let first: LogSource | undefined;
	for await (const event of followLogs(cluster, targets, {...options, onInitialLogs})) {
		if (event.type === 'asking' || event.type === 'checking' || event.type === 'checked') {
			continue;
		}

		limits.meet(event);
		if (event.type === 'lines') {
			first ??= event.source;
			lines.prefix ||= prefixesSeveral && event.source !== first;
			const drained = output.write(formatLines(event.bytes, event.source, {lines, take: bytes => limits.take(event.source, bytes)}));
			if (drained) {
				await drained;
			}
		} else {
			await print(event);
		}

		if (limits.reached) {
			return;
		}
	}
}

function describeCount(pods: number, logs: number): string {
	const containers = formatQuantity(logs, 'container');
	return pods === logs ? formatQuantity(pods, 'pod') : pods === 1 ? containers : `${containers} of ${formatQuantity(pods, 'pod')}`;
}

/** New and ended pods are reported only on a terminal or with -v, so that stderr of a script stays empty. */
function reportsProgress({flags, notices}: Pick<ContextLogs, 'flags' | 'notices'>): boolean {
	return !flags.quiet && (flags.v > 0 || notices.isTTY === true);
}

const progress: ReadonlySet<LogEvent['type']> = new Set(['pod-appeared', 'pod-gone', 'ended']);
/** Lines that may be missing or repeated, and failures: also with -q. */
const losses: ReadonlySet<LogEvent['type']> = new Set(['gap', 'failed', 'server-said', 'apiserver-unreachable']);

/** The result throws the SpokeError of a log that fails, unless errors are ignored. */
export function eventPrinter(context: ContextLogs): (event: PrintedEvent) => Promise<void> {
	const {flags, lines, output, notices} = context;
	const noticeOf = noticeFilter();
	const isReported = (event: LogEvent) =>
		progress.has(event.type)
			? reportsProgress(context) && !(event.type === 'pod-appeared' && event.isInitial)
			: !flags.quiet || losses.has(event.type);
	return async event => {
		if (lines.json) {
			await output.write(jsonLine(logEventObject(event, lines.context)));
		}

		if (event.type === 'failed' && !flags['ignore-errors']) {
			throw event.error;
		}

		const notice = isReported(event) ? noticeOf(event) : null;
		if (notice !== null) {
			output.flush();
			notices.write(noticeLine(`spoke: ${notice}`, notices));
		}
	};
}

/** Between equal notices, while a log stays interrupted or reconnects again and again. */
const repeatIntervalMs = 30_000;
const minIntervalMs = 4000;
const maxRemembered = 1000;

/** A gone pod is reported once, whether its watch or the logs of its containers noticed it first. */
export function noticeFilter(): (event: LogEvent) => string | null {
	const recordGone = goneRecorder();
	const reported = new Map<string, {at: number; suppressed: number}>();
	return event => {
		const isRepeated = recordGone(event);
		const notice = isRepeated ? null : formatLogEvent(event);
		if (notice === null || !('source' in event) || !['reconnecting', 'resumed', 'server-said'].includes(event.type)) {
			return notice;
		}

		const words = event.type === 'resumed' ? `resumed ${event.proven}` : notice;
		const key = `${event.source.pod}/${event.source.container} ${words}`;
		const before = reported.get(key) ?? {at: -Infinity, suppressed: 0};
		const isSame = event.type === 'reconnecting' && event.attempt > 1;
		if (Date.now() - before.at < (isSame ? repeatIntervalMs : minIntervalMs)) {
			before.suppressed++;
			return null;
		}

		if (reported.size > maxRemembered) {
			reported.clear();
		}

		reported.set(key, {at: Date.now(), suppressed: 0});
		return before.suppressed === 0 ? notice : `${notice} (${before.suppressed} more like this)`;
	};
}

/** Returns whether the pod was recorded before. A later pod of the same name is a different one. */
function goneRecorder(): (event: LogEvent) => boolean {
	const gone = new Set<string>();
	return event => {
		if (event.type !== 'pod-appeared' && event.type !== 'pod-gone' && !(event.type === 'ended' && event.reason === 'pod-gone')) {
			return false;
		}

		const {namespace, pod} = event.type === 'ended' ? event.source : event;
		const key = `${namespace}/${pod}`;
		const isKnown = gone.delete(key);
		if (event.type === 'pod-appeared') {
			return false;
		}

		if (gone.size > maxRemembered) {
			gone.clear();
		}

		gone.add(key);
		return isKnown;
	};
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
