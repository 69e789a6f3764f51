/** Continues a copy: with another session after a lost stream, and with the files that are not done. */
import {abortableDelay} from '../../base/async/clock.ts';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {Outage} from '../../cluster/outage.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import {isConnectionLoss} from '../locate-loss.ts';
import {type CopyOptions, CopySession, type CopySessionOptions} from './copy-session.ts';

const retryBackoff = {initialMs: 500, maxMs: 10_000};

export type CopyDirection = 'from-pod' | 'to-pod';

export type EntryKind = 'file' | 'directory' | 'link' | 'special';

/** How the copy of an entry ended; `reason` says why it was skipped or failed. */
export type EntryResult = {result: 'copied'; digest?: string} | {result: 'skipped' | 'failed'; reason: string};

/** An entry of the source, on either end. */
export type SourceEntry = {
	kind: EntryKind;
	/** Below the source, with slashes; empty for the source itself. One character per byte, because a name need not be UTF-8. */
	path: string;
	/** The nine permission bits. */
	mode: number;
	size: number;
	/** Seconds. */
	mtime: number;
	/** Of a link, with one character per byte. */
	target: string;
	/** Known before anything is copied. */
	problem: EntryResult | null;
};

export type CopiedEntry = {
	kind: EntryKind;
	/** Below source and destination, with slashes; empty for the source itself. */
	path: Buffer;
	bytes: number;
	result: 'copied' | 'skipped' | 'failed';
	/** SHA-256 of a copied file, the same on both ends; `null` for anything else. */
	digest: string | null;
	/** Why it was skipped or failed. */
	reason: string | null;
};

export type CopyListener = {
	/** Known after the source was listed. */
	onTotal(totals: {files: number; bytes: number}): void;
	/** Bytes of files that arrived; negative if they are sent again. */
	onBytes(count: number): void;
	onEntry(entry: CopiedEntry): void;
	/** The stream was lost. `attempt` counts from 1, and again from 1 after a file is done. */
	onRetry(error: SpokeError, attempt: {attempt: number; retryInMs: number}): void;
};

export const specialFile: EntryResult = {result: 'skipped', reason: 'it is a device, a pipe or a socket'};

/** A copy in one direction: passes, each in a session of its own, until nothing remains. */
export abstract class Copy<File extends SourceEntry> {
	protected readonly options: CopyOptions;
	readonly #direction: CopyDirection;
	/** Files that are not done, with their failed attempts. `null` before source and destination are known: a loss is then final. */
	#remaining: Map<File, number> | null = null;
	#doneCount = 0;

	constructor(options: CopyOptions, direction: CopyDirection) {
		this.options = options;
		this.#direction = direction;
	}

	/** @throws SpokeError of the last loss, or one that no retry helps; ERR_TARGET_GONE if another pod has the name; the signal's reason */
	async run(): Promise<void> {
		const {signal, retries, listener} = this.options;
		const outage = new Outage(retryBackoff);
		for (let isFirst = true, isDone = false; !isDone; isFirst = false) {
			const doneBefore = this.#doneCount;
			try {
				isDone = await this.#passOnce(isFirst);
				outage.attempt = 0;
			} catch (thrown) {
				signal.throwIfAborted();
				const error = toSpokeError(thrown);
				outage.attempt = this.#doneCount === doneBefore ? outage.attempt : 0;
				const retryInMs = outage.recordFailure();
				if (this.#remaining === null || !isConnectionLoss(error) || (retries >= 0 && outage.attempt > retries)) {
					throw error;
				}

				listener.onRetry(error, {attempt: outage.attempt, retryInMs});
				await abortableDelay(retryInMs, signal);
			}
		}
	}

	/** `true` when nothing remains. Calls `begin` first, unless it `hasBegun`. */
	protected abstract pass(session: CopySession): Promise<boolean>;

	protected get hasBegun(): boolean {
		return this.#remaining !== null;
	}

	protected begin(files: readonly File[]): void {
		this.#remaining = new Map(files.map(file => [file, 0]));
		this.options.listener.onTotal({files: files.length, bytes: files.reduce((sum, {size}) => sum + size, 0)});
	}

	/** Files that failed before come last, so that they hold up no other. */
	protected remaining(): File[] {
		return [...this.#remaining!.keys()].toSorted((a, b) => this.failuresOf(a) - this.failuresOf(b));
	}

	protected failuresOf(file: File): number {
		return this.#remaining!.get(file) ?? 0;
	}

	/** It is copied, or no other attempt can help. */
	protected end(file: File, outcome: EntryResult): void {
		if (this.#remaining!.delete(file)) {
			this.#doneCount++;
			this.report(file, outcome);
		}
	}

	/** Another attempt follows, unless there were too many, or none can help. */
	protected fail(file: File, reason: string, {isFinal = false} = {}): void {
		const failures = this.failuresOf(file) + 1;
		if (isFinal || failures >= maxFailures) {
			this.end(file, {result: 'failed', reason});
		} else {
			this.#remaining!.set(file, failures);
		}
	}

	protected report({kind, path, size}: SourceEntry, outcome: EntryResult): void {
		const isCopied = outcome.result === 'copied';
		this.options.listener.onEntry({
			kind,
			path: Buffer.from(path, 'latin1'),
			bytes: kind === 'file' && isCopied ? size : 0,
			result: outcome.result,
			digest: (isCopied ? outcome.digest : null) ?? null,
			reason: isCopied ? null : outcome.reason,
		});
	}

	async #passOnce(isFirst: boolean): Promise<boolean> {
		if (!isFirst) {
			await assertSamePod(this.options);
		}

		const session = await CopySession.open(this.options, this.#direction);
		try {
			return await this.pass(session);
		} finally {
			session.close();
		}
	}
}

/** A stateful set gives a new pod the name of the old one, and other files. */
async function assertSamePod({cluster, target: {namespace, name, uid}, signal}: CopySessionOptions): Promise<void> {
	const pod = await cluster.json<PodObject>({path: objectPath(podResource, namespace ?? 'default', name), signal});
	if (uid !== null && pod.metadata.uid !== uid) {
		throw new SpokeError('ERR_TARGET_GONE', `pod ${name} was replaced while it was copied`, {remedy: 'start the copy again'});
	}
}

/** Failed attempts after which a file is given up, for example because it changes during each read. */
const maxFailures = 3;

export class CopyTally {
	files = 0;
	directories = 0;
	links = 0;
	bytes = 0;
	skipped = 0;
	failed = 0;

	/** Entries that were not copied. */
	get missing(): number {
		return this.skipped + this.failed;
	}

	add({kind, result, bytes}: CopiedEntry): void {
		if (result !== 'copied') {
			this[result]++;
			return;
		}

		this.bytes += bytes;
		this[kind === 'file' ? 'files' : kind === 'directory' ? 'directories' : 'links']++;
	}
}
