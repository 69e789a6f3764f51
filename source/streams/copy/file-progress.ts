/** Attempts and result of copying one file, in either direction. */
import type {FileOutcome} from './copy-events.ts';

/** Failed attempts after which a file is given up, for example because it changes during each read. */
const maxFailures = 3;

export class FileProgress {
	failures = 0;
	outcome: FileOutcome = {result: 'failed', digest: null, reason: null};
	isDone = false;

	/** Another attempt follows, unless there were too many. */
	fail(reason: string): void {
		this.failures++;
		this.outcome.reason = reason;
		this.isDone = this.failures >= maxFailures;
	}

	/** No other attempt can help. */
	end(reason: string): void {
		this.outcome.reason = reason;
		this.isDone = true;
	}
}
