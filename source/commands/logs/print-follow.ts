/** Prints followed logs: lines to stdout, what happens to them to stderr. */
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import {logNotice} from '../../output/log-notice.ts';
import type {WriteThrough} from '../../output/write-through.ts';
import {withoutStamps} from '../../sessions/logs/log-lines.ts';
import {followLogs, type FollowLogsOptions, type FollowTargets} from '../../sessions/logs/follow-logs.ts';
import type {LogEvent, LogSource} from '../../sessions/logs/log-events.ts';
import {printed, type LineForm} from './printed-lines.ts';

export type PrintFollowOptions = {
	follow: FollowLogsOptions;
	form: LineForm;
	/** Of each log as printed; 0 is no limit. */
	limitBytes: number;
	ignoreErrors: boolean;
	say: (notice: string) => void;
};

/** A log that stays away is told again after so long, one that comes and goes after a shorter while. */
const sayAgainMs = 30_000;
const restMs = 4000;
const mostRemembered = 1000;

/** Returns when everything that was followed is done. @throws SpokeError of a log that fails, unless errors are ignored */
export async function printFollow(cluster: ClusterAccess, targets: FollowTargets, output: WriteThrough, {follow, form, limitBytes, ignoreErrors, say}: PrintFollowOptions): Promise<void> {
	const limits = new ByteLimits(limitBytes);
	const notices = noticeFilter();
	for await (const event of followLogs(cluster, targets, follow)) {
		if (event.type === 'lines') {
			const stripped = form.strip ? withoutStamps(event.bytes) : event.bytes;
			const bytes = limits.cut(event.source, stripped);
			if (bytes.length > 0) {
				await output.write(printed(bytes, event.source, {...form, strip: false}));
			}

			if (limits.reached) {
				return;
			}
		} else if (event.type === 'failed' && !ignoreErrors) {
			throw event.error;
		} else {
			const notice = notices(event);
			if (notice !== null) {
				say(notice);
			}
		}
	}
}

/** The server's own limit would count what a resumed answer repeats, so it is kept here. */
class ByteLimits {
	readonly #limit: number;
	readonly #left = new Map<string, number>();

	constructor(limit: number) {
		this.#limit = limit;
	}

	/** Every log that has told something has told all it may. */
	get reached(): boolean {
		return this.#limit > 0 && this.#left.values().every(left => left === 0);
	}

	cut({namespace, pod, uid, container}: LogSource, bytes: Buffer): Buffer {
		if (this.#limit === 0) {
			return bytes;
		}

		const key = [namespace, pod, uid, container].join('/');
		const left = this.#left.get(key) ?? this.#limit;
		const taken = bytes.subarray(0, left);
		this.#left.set(key, left - taken.length);
		return taken;
	}
}

/** What happens again and again, in the same words, is said once and then now and again. */
function noticeFilter(): (event: LogEvent) => string | null {
	const said = new Map<string, {at: number; unsaid: number}>();
	return event => {
		const notice = logNotice(event);
		if (notice === null || !('source' in event) || !['reconnecting', 'resumed', 'server-said'].includes(event.type)) {
			return notice;
		}

		const words = event.type === 'resumed' ? `back ${event.proven}` : notice;
		const key = `${event.source.pod}/${event.source.container} ${words}`;
		const before = said.get(key) ?? {at: -Infinity, unsaid: 0};
		const isSame = event.type === 'reconnecting' && event.attempt > 1;
		if (Date.now() - before.at < (isSame ? sayAgainMs : restMs)) {
			before.unsaid++;
			return null;
		}

		if (said.size > mostRemembered) {
			said.clear();
		}

		said.set(key, {at: Date.now(), unsaid: 0});
		return before.unsaid === 0 ? notice : `${notice} (${before.unsaid} more like this)`;
	};
}
