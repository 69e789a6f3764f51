/** What a copy reports. */
import type {SpokeError} from '../../errors/spoke-error.ts';

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
	/** SHA-256 of a copied file, the same on both ends; `null` for anything else. */
	digest: string | null;
	/** Why it was skipped or failed. */
	reason: string | null;
};

export type EntryResult = Pick<CopiedEntry, 'result'> & Partial<CopiedEntry>;

/** How the copy of a file ended. */
export type FileOutcome = Pick<CopiedEntry, 'result' | 'digest' | 'reason'>;

export function copiedEntry({kind, path, size}: {kind: EntryKind; path: Buffer; size: number | null}, outcome: EntryResult): CopiedEntry {
	return {
		kind,
		path,
		bytes: kind === 'file' && outcome.result === 'copied' ? (size ?? 0) : 0,
		digest: null,
		reason: null,
		...outcome,
	};
}

export type CopyListener = {
	/** Known after the source was listed; again if a later listing differs. */
	onTotal(totals: {files: number; bytes: number}): void;
	/** Bytes of files that arrived; negative if they are sent again. */
	onBytes(count: number): void;
	onEntry(entry: CopiedEntry): void;
	/** The stream was lost. `attempt` counts from 1, and again from 1 after a file is done. */
	onRetry(error: SpokeError, attempt: {attempt: number; retryInMs: number}): void;
};
