/** Interface of the text and JSON output of port-forward. */
import type {SpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {ForwardEvent, ForwardTotals} from '../../streams/port-forward/forward-event.ts';

export type ForwardRunResult = {exitStatus: number; reason: string; signal: string | null; totals: ForwardTotals; error: SpokeError | null};

export type ForwardReporter = {
	event(event: ForwardEvent): void;
	allReady(forwards: number): void;
	path(forward: string, path: Path): void;
	ended(ended: ForwardRunResult): void;
};
