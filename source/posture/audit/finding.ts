/** How do rows say what they found? */
import type {Basis, Citation, Need, Outcome} from '../evidence.ts';
import {cite} from '../rules/strength.ts';
import type {RowFinding, RowVerdict} from './audit-object.ts';

export function found(verdict: RowVerdict, state: string, basis: Basis, message: string, more: Partial<Omit<RowFinding, 'verdict' | 'state' | 'basis' | 'message'>> = {}): RowFinding {
	return {verdict, state, basis, message, scope: {of: null, proven: 0}, because: [], exceptions: [], need: [], remedy: null, ...more};
}

export function notKnown(message: string, need: readonly Need[], more: Partial<RowFinding> = {}): RowFinding {
	return found('unknown', 'unknown', 'unknown', message, {need, ...more});
}

/** The reading of an outcome as a citation; nothing where it was closed. */
export function citeRead<Facts>(outcome: Outcome<Facts>, rule: string, observed: (facts: Facts) => string): Citation[] {
	return outcome.read ? [cite(outcome.read, rule, observed(outcome.read.facts))] : [];
}

/** What would open the closed ones. */
export function needsOf(...outcomes: ReadonlyArray<Outcome<unknown>>): Need[] {
	return outcomes.flatMap(({closed}) => closed?.need ? [closed.need] : []);
}
