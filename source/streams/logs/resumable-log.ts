/** The reads of one container's log, each without what was told before: a follow, and the rest of a life that ended. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import type {EmitLogEvent, ContainerFollowerOptions} from './container-follower.ts';
import {splitKubeletError, kubeletErrorRemedy} from './kubelet-log-error.ts';
import {readLineBlocks, readSilenceMs} from './line-blocks.ts';
import {LogInterruptedError} from './log-interruption.ts';
import type {GapReason, LogSource} from './log-events.ts';
import type {PodLogOptions} from './pod-log-options.ts';
import {answerLimitMs, openLog, type OpenLog} from './open-log.ts';
import {startStallDetector, type StallDetector} from './stall-detector.ts';
import {ResumePosition} from './resume-position.ts';
import {DuplicateFilter} from './duplicate-filter.ts';
import {ContinuityCheck, type Continuity} from './continuity-check.ts';
import {RecentLines} from './recent-lines.ts';
import {isFirstOffered, readBeside, type SideReadLimits, type SideReadResult} from './verification-read.ts';

/** `null`: the answer ended cleanly. */
export type ReadResult = SpokeError | null;

export type DrainResult = {
	/** Whole lines were told that had not been told. */
	hasNewLines: boolean;
	/** The last line was met again; `null` when none had been told. */
	foundLastLine: boolean | null;
	/** What stood behind the last line feed and has not been told. */
	remainder: Buffer;
	result: ReadResult;
};

export type FollowCallbacks = {
	/** The answer has begun. */
	opened(): Promise<void>;
	/** The answer has begun, and it is known whether it goes on where the last one was cut. */
	back(continuity: Continuity): Promise<void>;
	/** The request went out a while ago, and no answer has begun. */
	unanswered(): Promise<void>;
	/** Nothing more is wanted. */
	isOver(): boolean;
};

/** A kubelet that has a line sends it within this; whoever waits longer waits for a line. */
const waitedForMs = 3000;
/** A follow whose answer has not begun for so long is said to wait for it. */
const unansweredMs = 1000;
const nothing = Buffer.alloc(0);

export class ResumableLog {
	readonly #cluster: ClusterClient;
	readonly #source: LogSource;
	readonly #options: ContainerFollowerOptions;
	readonly #tell: EmitLogEvent;
	readonly #seen: RecentLines;
	readonly #beginning: ResumePosition;
	/** The last follow did not come to a clean end. */
	#wasCut = false;
	/** Lines of the life that is read now have been told. */
	#continuing = false;
	/** The last read began behind a follow that had no line. */
	#isBehind = false;
	/** Lines of before may be missing where the next read begins. */
	#owesCheck = false;
	#isUncovered = false;
	#gapTold = '';
	/** What the kubelet said since the last line. */
	#kubeletSaid = '';

	constructor(cluster: ClusterClient, source: LogSource, options: ContainerFollowerOptions, tell: EmitLogEvent) {
		this.#cluster = cluster;
		this.#source = source;
		this.#options = options;
		this.#tell = tell;
		const {tailLines, sinceSeconds} = options.start;
		this.#seen = new RecentLines(tailLines !== undefined || sinceSeconds !== undefined);
		this.#beginning = new ResumePosition(options.start, this.#seen);
	}

	/** From now on another life is read: its log need not hold the last line. */
	beginLife(): void {
		this.#continuing = false;
	}

	/**
	One follow, until its answer ends in whatever way. `isNewLife` is asked once when the last line is not met; it tells the rest of the life before if there is a new one.
	@throws SpokeError when the read was refused
	*/
	async follow(isNewLife: () => Promise<boolean>, on: FollowCallbacks): Promise<ReadResult> {
		const filter = this.#filter();
		const stop = new AbortController();
		const proof = new ContinuityCheck(this.#continuing ? filter : null, {
			async isNewLife() {
				const isNew = await isNewLife();
				if (on.isOver()) {
					stop.abort(new SpokeError('ERR_STREAM_LOST', 'not wanted any more'));
				}

				return isNew;
			},
			onResumed: async ({proven, met}) => on.back({proven: proven && !this.#isUncovered, met}),
			offersLast: async () => this.#offersLast(),
			reportGap: async reason => this.tellGap(reason),
		});
		const signal = AbortSignal.any([stop.signal, this.#options.signal].filter(one => one !== undefined));
		const guard = this.#guard(stop, () => open !== null);
		const unanswered = setTimeout(() => {
			void on.unanswered();
		}, unansweredMs);
		let open: OpenLog | null = null;
		let askedAt: number | null = null;
		const asks = () => {
			askedAt = performance.now();
		};

		try {
			open = await this.#options.gate.run(async () =>
				openLog(
					this.#cluster,
					this.#source,
					{...this.#readOn(), follow: true},
					{
						...this.#options,
						signal,
						asks,
					},
				),
			);
			clearTimeout(unanswered);
			this.#beginning.followed(askedAt);
			await on.opened();
			proof.answered();
			await (this.#owesCheck ? undefined : proof.before(nothing));
			guard.dataReceived();
			const {remainder, error} = await readLineBlocks(
				open.body,
				async block => {
					guard.pause();
					await this.#checkCovered(block);
					const fresh = filter ? filter.pass(block) : block;
					await proof.before(fresh);
					if (on.isOver()) {
						stop.abort(new SpokeError('ERR_STREAM_LOST', 'not wanted any more'));
						return;
					}

					await this.#tellLines(filter, fresh);
					guard.dataReceived();
				},
				{gatherMs: this.#options.gatherMs},
			);
			await proof.settled();
			const ending = await this.#ending(remainder, error, stop.signal);
			this.#wasCut = ending !== null;
			return ending;
		} catch (error) {
			this.#options.signal?.throwIfAborted();
			const cut = open === null ? this.#cutUnanswered(error, askedAt, stop.signal) : null;
			if (cut === null) {
				throw error;
			}

			this.#beginning.followed(askedAt);
			this.#wasCut = true;
			return cut;
		} finally {
			clearTimeout(unanswered);
			proof.stop();
			guard.stop();
			open?.close();
		}
	}

	/**
	What a life that has ended still offers. `gap` is told unless the last line is met, before anything new.
	@throws SpokeError when the read was refused
	*/
	async drain({previous, gap}: {previous: boolean; gap: GapReason | null}): Promise<DrainResult> {
		const filter = this.#filter();
		let fresh = false;
		const read = this.#wasCut ? this.#readOn() : this.#beginning.again;
		const open = await openLog(this.#cluster, this.#source, {...read, ...(previous && {previous})}, this.#options);
		try {
			const {remainder, error} = await readLineBlocks(
				open.body,
				async block => {
					await this.#checkCovered(block);
					const lines = filter ? filter.pass(block) : block;
					if (lines.length === 0) {
						return;
					}

					await (fresh || filter === null || filter.met ? undefined : this.tellGap(gap));
					fresh = true;
					await this.#tellLines(filter, lines);
				},
				{silenceMs: readSilenceMs},
			);
			const {log, words} = splitKubeletError(remainder, {follows: false});
			const ending = words === null ? error && this.#cut(error) : await this.#kubeletFailed(words);
			return {
				hasNewLines: fresh,
				foundLastLine: filter === null ? null : filter.met,
				remainder: filter && log.length > 0 ? filter.pass(log) : log,
				result: ending,
			};
		} finally {
			open.close();
		}
	}

	/** The very last line, which has no line feed. */
	async tellRemainder(remainder: Buffer): Promise<void> {
		if (remainder.length > 0) {
			await this.#tellLines(null, remainder);
		}
	}

	/** Once for the same place. */
	async tellGap(reason: GapReason | null): Promise<void> {
		const place = `${reason} ${this.#seen.stamp}`;
		if (reason === null || this.#gapTold === place) {
			return;
		}

		this.#gapTold = place;
		await this.#tell({type: 'gap', source: this.#source, after: this.#seen.stamp, reason});
	}

	#filter(): DuplicateFilter | null {
		return this.#seen.since === null ? null : new DuplicateFilter(this.#seen.repeats());
	}

	/** After a follow. */
	#readOn(): PodLogOptions {
		this.#isBehind = this.#beginning.isOwed;
		this.#owesCheck = this.#beginning.mayMiss;
		this.#isUncovered = false;
		return this.#beginning.behind(performance.now());
	}

	/** Asked for again after a follow that had no line, the newest lines hold all that was written since, unless that is more than were asked for: then the oldest of it is not among them. */
	async #checkCovered(block: Buffer): Promise<void> {
		if (!this.#owesCheck) {
			return;
		}

		this.#owesCheck = false;
		const {target, signal, quiet} = this.#options;
		const isCovered = await isFirstOffered(this.#cluster, this.#source, this.#beginning.since(performance.now()), {
			block,
			limits: quiet,
			target,
			signal,
		});
		this.#isUncovered = !isCovered;
		await (isCovered ? undefined : this.tellGap('no-line-yet'));
	}

	/** A follow of a log without a line has no answer to be cut in; `null` for what is no cut: it was refused, or lost at once. */
	#cutUnanswered(error: unknown, askedAt: number | null, given: AbortSignal): ReadResult {
		if (given.aborted) {
			return toSpokeError(given.reason);
		}

		const isCut =
			askedAt !== null &&
			performance.now() - askedAt > waitedForMs &&
			error instanceof SpokeError &&
			error.code === 'ERR_APISERVER_UNREACHABLE';
		return isCut ? new LogInterruptedError(`the log of ${this.#source.pod} was cut before its first line`, error) : null;
	}

	async #tellLines(filter: DuplicateFilter | null, fresh: Buffer): Promise<void> {
		const tail = fresh.length > 0 || filter?.met ? filter?.takeTail() : null;
		const bytes = tail ? Buffer.concat([tail, fresh]) : fresh;
		if (bytes.length === 0) {
			return;
		}

		this.#continuing = true;
		this.#kubeletSaid = '';
		this.#seen.add(bytes);
		await this.#tell({type: 'lines', source: this.#source, bytes});
	}

	/** Before an answer begins nothing of a live stream is told, and the apiserver's words of why there is none are waited for. */
	#guard(stop: AbortController, isAnswered: () => boolean): StallDetector {
		const tell = (type: 'checking' | 'checked') => {
			if (isAnswered()) {
				void this.#tell({type, source: this.#source});
			}
		};

		return startStallDetector(this.#options.firstLeg, this.#options.quiet, {
			offersMore: async () => this.#offersMore(isAnswered()),
			checking() {
				tell('checking');
			},
			checked() {
				tell('checked');
			},
			giveUp: (leg, quietMs, error) => {
				void this.#tell({type: 'stalled', source: this.#source, leg, quietMs});
				stop.abort(error);
			},
		});
	}

	async #offersMore(isAnswered: boolean): Promise<boolean> {
		const {quiet} = this.#options;
		const {more} = await this.#lookAside(isAnswered ? quiet : {...quiet, sideAnswerMs: answerLimitMs});
		return more;
	}

	async #offersLast(): Promise<boolean> {
		const {met} = await this.#lookAside();
		return met;
	}

	async #lookAside(limits: SideReadLimits = this.#options.quiet): Promise<SideReadResult> {
		const read = this.#isBehind ? this.#beginning.behind(performance.now()) : this.#beginning.again;
		const {target, signal} = this.#options;
		return readBeside(this.#cluster, this.#source, read, {filter: this.#filter(), knownBytes: this.#seen.bytes, limits, target, signal});
	}

	async #ending(remainder: Buffer, error: Error | null, given: AbortSignal): Promise<ReadResult> {
		// A kubelet that fails ends its answer; where that was broken off the container's own line was, whatever stands in it.
		const {words} = splitKubeletError(remainder, {follows: error === null && !given.aborted});
		if (words !== null) {
			return this.#kubeletFailed(words);
		}

		if (given.aborted) {
			return toSpokeError(given.reason);
		}

		this.#options.signal?.throwIfAborted();
		return error && this.#cut(error);
	}

	async #kubeletFailed(words: string): Promise<SpokeError> {
		if (this.#kubeletSaid !== words) {
			this.#kubeletSaid = words;
			await this.#tell({type: 'server-said', source: this.#source, text: words});
		}

		const remedy = kubeletErrorRemedy(words);
		return new SpokeError('ERR_SECOND_LEG', `the kubelet could not read the log: ${words}`, {
			text: words,
			...(remedy !== null && {remedy}),
		});
	}

	#cut(error: Error): SpokeError {
		return error instanceof SpokeError ? error : new LogInterruptedError(`the log of ${this.#source.pod} was cut`, error);
	}
}
