/** What a copy reports. */
import type {SpokeError} from '../../errors/spoke-error.ts';
import type {Verification} from './checksum.ts';

export type CopyDirection = 'from-pod' | 'to-pod';

export type EntryKind = 'file' | 'directory' | 'link' | 'special';

export const specialFileReason = 'it is a device, a pipe or a socket';

export const pseudoReason = 'it is a pseudo file system: the kernel generates its files';

export type CopiedEntry = {
	kind: EntryKind;
	/** Below source and destination, with slashes; empty for the source itself. */
	path: Buffer;
	bytes: number;
	result: 'copied' | 'skipped' | 'failed';
	/** `null` unless it is a copied file. */
	verified: Verification | null;
	/** Offsets at which the file was continued after the stream was lost. */
	resumedAt: readonly number[];
	/** Why it was skipped or failed. */
	reason: string | null;
};

export type EntryResult = Pick<CopiedEntry, 'result'> & Partial<CopiedEntry>;

/** How the copy of a file ended. */
export type FileOutcome = Pick<CopiedEntry, 'result' | 'verified' | 'resumedAt' | 'reason'>;

export function copiedEntry({kind, path, size}: {kind: EntryKind; path: Buffer; size: number | null}, outcome: EntryResult): CopiedEntry {
	return {
		kind,
		path,
		bytes: kind === 'file' && outcome.result === 'copied' ? (size ?? 0) : 0,
		verified: null,
		resumedAt: [],
		reason: null,
		...outcome,
	};
}

export type CopyListener = {
	/** Known after the source was listed; again if a later listing differs. */
	onTotal(totals: {files: number; bytes: number}): void;
	/** Bytes of files that arrived; negative if they are read again. */
	onBytes(count: number): void;
	onEntry(entry: CopiedEntry): void;
	/** The stream was lost. `attempt` counts from 1 and restarts after progress. */
	onRetry(error: SpokeError, attempt: {attempt: number; retryInMs: number; keptBytes: number}): void;
};
