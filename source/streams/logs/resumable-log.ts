/** Reads one container's log without duplicates. */
import {monotonicMs} from '../../base/async/clock.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {Semaphore} from '../../base/async/queues.ts';
import {isSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import {
	splitKubeletError,
	kubeletErrorRemedy,
	LogInterruptedError,
	type PodLogOptions,
	responseTimeoutMs,
	openLog,
	type OpenLogOptions,
} from './open-log.ts';
import {readLineBlocks, readSilenceTimeoutMs} from './line-blocks.ts';
import type {EmitLogEvent, GapReason, LogSource} from './log-events.ts';
import {type ApiserverCheck, type StallTimeouts, FollowRead} from './stall-detector.ts';
import {ResumePosition, ContinuityCheck, type Continuity} from './continuity-check.ts';
import {DuplicateFilter, RecentLines} from './recent-lines.ts';
import {isFirstOffered, readLogAgain, type SecondReadTimeouts, type SecondReadResult} from './second-read.ts';

export type ResumableLogOptions = OpenLogOptions & {
	cluster: ClusterClient;
	source: LogSource;
	emit: EmitLogEvent;
	start: PodLogOptions;
	gatherMs: number;
	semaphore: Semaphore;
	apiserverCheck: ApiserverCheck;
	stallTimeouts: StallTimeouts;
};

/** `null` for a clean end. */
export type ReadResult = SpokeError | null;

export type DrainRead = {
	previous: boolean;
	gap: GapReason | null;
	/** Whether the log already belongs to the next instance, which the pod's status shows a little later than the kubelet's log. */
	isReplaced: () => Promise<boolean>;
};

export type DrainResult = {
	replaced: boolean;
	hasNewLines: boolean;
	/** `null` if no line was known. */
	foundLastLine: boolean | null;
	remainder: Buffer;
	result: ReadResult;
};

export type FollowCallbacks = {
	onOpened(): Promise<void>;
	onResumed(continuity: Continuity): Promise<void>;
	onUnanswered(): Promise<void>;
	hasEnded(): boolean;
};

const empty = Buffer.alloc(0);

export class ResumableLog {
	readonly #options: ResumableLogOptions;
	readonly #recentLines: RecentLines;
	readonly #position: ResumePosition;
	#wasInterrupted = false;
	/** Lines of the current instance were emitted. */
	#hasLines = false;
	#isAfterEmptyFollow = false;
	/** The next read may start too late. */
	#needsCoverageCheck = false;
	#isUncovered = false;
	#reportedGap = '';
	/** Since the last line. */
	#reportedKubeletError = '';

	constructor(options: ResumableLogOptions) {
		this.#options = options;
		const {tailLines, sinceSeconds} = options.start;
		this.#recentLines = new RecentLines(tailLines !== undefined || sinceSeconds !== undefined);
		this.#position = new ResumePosition(options.start, this.#recentLines);
	}

	/** A new instance's log need not contain the last line. */
	startInstance(): void {
		this.#hasLines = false;
		this.#position.wantsWholeLog = true;
	}

	/**
	Calls `hasRestarted` if the last line is not found; it also emits the rest of the previous instance.
	@throws SpokeError if refused
	*/
	async follow(hasRestarted: () => Promise<boolean>, callbacks: FollowCallbacks): Promise<ReadResult> {
		const filter = this.#filter();
		const read = new FollowRead({
			...this.#options,
			...callbacks,
			hasNewLines: async hasResponse => (await this.#readAgain(hasResponse ? {} : {responseTimeoutMs})).hasNewLines,
		});
		const continuity = new ContinuityCheck(this.#hasLines ? filter : null, {
			async hasRestarted() {
				const isNew = await hasRestarted();
				read.stopIfEnded();
				return isNew;
			},
			onResumed: async ({proven, foundLastLine}) => callbacks.onResumed({proven: proven && !this.#isUncovered, foundLastLine}),
			isLastLineOffered: async () => (await this.#readAgain()).foundLastLine,
			reportGap: async reason => this.reportGap(reason),
		});

		try {
			const {body} = await read.open(async openOptions =>
				this.#options.semaphore.run(async () =>
					openLog(this.#options.cluster, this.#options.source, {...this.#nextRead(), follow: true}, {...this.#options, ...openOptions}),
				),
			);
			this.#position.recordFollow(read.requestedAt);
			await callbacks.onOpened();
			continuity.responseStarted();
			await (this.#needsCoverageCheck ? undefined : continuity.beforeLines(empty));
			read.dataReceived();
			const {remainder, error} = await readLineBlocks(
				body,
				async block => {
					read.pause();
					const newLines = await this.#newLinesOf(filter, block);
					if (!continuity.isSettled) {
						await continuity.beforeLines(newLines);
					}

					if (read.stopIfEnded()) {
						return;
					}

					await this.#emitLines(filter, newLines);
					read.dataReceived();
				},
				{gatherMs: this.#options.gatherMs},
			);
			await continuity.settled();
			const result = await this.#resultOf(remainder, error);
			this.#wasInterrupted = result !== null;
			return result;
		} catch (error) {
			const interruption = read.interruptionBeforeResponse(error);
			if (interruption === null) {
				throw error;
			}

			this.#position.recordFollow(read.requestedAt);
			this.#wasInterrupted = true;
			return interruption;
		} finally {
			continuity.stop();
			read.close();
		}
	}

	/**
	Unless the last line is found, reports `gap` before new lines; if `isReplaced`, they belong to the next instance and are not emitted.
	@throws SpokeError if refused
	*/
	async drain({previous, gap, isReplaced}: DrainRead): Promise<DrainResult> {
		const filter = this.#filter();
		let newLines = false;
		let replaced = false;
		const read = this.#wasInterrupted ? this.#nextRead() : this.#position.fromLastLine;
		const open = await openLog(this.#options.cluster, this.#options.source, {...read, ...(previous && {previous})}, this.#options);
		try {
			const {remainder, error} = await readLineBlocks(
				open.body,
				async block => {
					const lines = await this.#newLinesOf(filter, block);
					if (lines.length === 0 || replaced) {
						return;
					}

					if (!newLines && filter !== null && !filter.foundLastLine) {
						replaced = await isReplaced();
						if (replaced) {
							open.body.destroy();
							return;
						}

						await this.reportGap(gap);
					}

					newLines = true;
					await this.#emitLines(filter, lines);
				},
				{silenceTimeoutMs: readSilenceTimeoutMs},
			);
			if (replaced) {
				return {replaced, hasNewLines: false, foundLastLine: false, remainder: Buffer.alloc(0), result: null};
			}

			const {log, message} = splitKubeletError(remainder, {follows: false});
			const result = message === null ? error && this.#interruption(error) : await this.#reportKubeletError(message);
			return {
				replaced,
				hasNewLines: newLines,
				foundLastLine: filter === null ? null : filter.foundLastLine,
				remainder: filter && log.length > 0 ? filter.removeDuplicates(log) : log,
				result,
			};
		} finally {
			open.close();
		}
	}

	async emitRemainder(remainder: Buffer): Promise<void> {
		if (remainder.length > 0) {
			await this.#emitLines(null, remainder);
		}
	}

	/** Reports a gap once per position. */
	async reportGap(reason: GapReason | null): Promise<void> {
		const key = `${reason} ${this.#recentLines.timestamp}`;
		if (reason === null || this.#reportedGap === key) {
			return;
		}

		this.#reportedGap = key;
		await this.#options.emit({type: 'gap', source: this.#options.source, after: this.#recentLines.timestamp, reason});
	}

	#filter(): DuplicateFilter | null {
		return this.#position.wantsWholeLog || this.#recentLines.since === null
			? null
			: new DuplicateFilter(this.#recentLines.expectedDuplicates());
	}

	#nextRead(): PodLogOptions {
		this.#isAfterEmptyFollow = this.#position.isOwed;
		this.#needsCoverageCheck = this.#position.mayHaveMissed;
		this.#isUncovered = false;
		return this.#position.afterFollow(monotonicMs());
	}

	async #newLinesOf(filter: DuplicateFilter | null, block: Buffer): Promise<Buffer> {
		if (this.#needsCoverageCheck) {
			await this.#checkCoverage(block);
		}

		return filter ? filter.removeDuplicates(block) : block;
	}

	/** Checks the first block after an empty follow: the requested tail can be shorter than what was written meanwhile. */
	async #checkCoverage(block: Buffer): Promise<void> {
		this.#needsCoverageCheck = false;
		const {target, signal, stallTimeouts} = this.#options;
		const isCovered = await isFirstOffered(this.#options.cluster, this.#options.source, this.#position.sinceFirstFollow(monotonicMs()), {
			block,
			timeouts: stallTimeouts,
			target,
			signal,
		});
		this.#isUncovered = !isCovered;
		await (isCovered ? undefined : this.reportGap('no-line-yet'));
	}

	async #emitLines(filter: DuplicateFilter | null, newLines: Buffer): Promise<void> {
		const bytes = this.#recordLines(filter, newLines);
		if (bytes.length > 0) {
			await this.#options.emit({type: 'lines', source: this.#options.source, bytes});
		}
	}

	/** Returns the lines to emit, with what the filter kept back. */
	#recordLines(filter: DuplicateFilter | null, newLines: Buffer): Buffer {
		const tail = newLines.length > 0 || filter?.foundLastLine ? filter?.takeTail() : null;
		const bytes = tail ? Buffer.concat([tail, newLines]) : newLines;
		if (bytes.length > 0) {
			this.#hasLines = true;
			this.#position.wantsWholeLog = false;
			this.#reportedKubeletError = '';
			this.#recentLines.add(bytes);
		}

		return bytes;
	}

	async #readAgain(timeouts: Partial<SecondReadTimeouts> = {}): Promise<SecondReadResult> {
		const read = this.#isAfterEmptyFollow ? this.#position.afterFollow(monotonicMs()) : this.#position.fromLastLine;
		const {target, signal, stallTimeouts} = this.#options;
		return readLogAgain(this.#options.cluster, this.#options.source, read, {
			filter: this.#filter(),
			knownBytes: this.#recentLines.bytes,
			timeouts: {...stallTimeouts, ...timeouts},
			target,
			signal,
		});
	}

	async #resultOf(remainder: Buffer, error: Error | null): Promise<ReadResult> {
		// A failing kubelet ends its response; after an interruption, the remainder is log text.
		const {message} = splitKubeletError(remainder, {follows: error === null});
		if (message !== null) {
			return this.#reportKubeletError(message);
		}

		this.#options.signal?.throwIfAborted();
		return error && this.#interruption(error);
	}

	async #reportKubeletError(message: string): Promise<SpokeError> {
		if (this.#reportedKubeletError !== message) {
			this.#reportedKubeletError = message;
			await this.#options.emit({type: 'server-said', source: this.#options.source, text: message});
		}

		const remedy = kubeletErrorRemedy(message);
		return new SpokeError('ERR_SECOND_LEG', `the kubelet could not read the log: ${message}`, {
			text: message,
			...(remedy !== null && {remedy}),
		});
	}

	#interruption(error: Error): SpokeError {
		return isSpokeError(error) ? error : new LogInterruptedError(`the log of ${this.#options.source.pod} was interrupted`, error);
	}
}
