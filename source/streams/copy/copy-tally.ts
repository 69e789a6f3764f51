/** Counts of a copy. */
import type {Verification} from './checksum.ts';
import type {CopiedEntry} from './copy-events.ts';

export class CopyTally {
	files = 0;
	directories = 0;
	links = 0;
	bytes = 0;
	skipped = 0;
	failed = 0;
	/** How files were verified. */
	readonly verifiedBy = new Map<string, Verification>();

	/** Entries that were not copied. */
	get missing(): number {
		return this.skipped + this.failed;
	}

	add({kind, result, bytes, verified}: CopiedEntry): void {
		if (result !== 'copied') {
			this[result]++;
			return;
		}

		this.bytes += bytes;
		if (kind === 'file') {
			this.files++;
		} else if (kind === 'directory') {
			this.directories++;
		} else {
			this.links++;
		}

		if (verified) {
			this.verifiedBy.set(`${verified.by} ${verified.algorithm}`, verified);
		}
	}
}
