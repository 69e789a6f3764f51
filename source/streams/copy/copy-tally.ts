/** Counts of a copy. */
import type {CopiedEntry} from './copy-events.ts';

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
		if (kind === 'file') {
			this.files++;
		} else if (kind === 'directory') {
			this.directories++;
		} else {
			this.links++;
		}
	}
}
