/** The value of one flag in one observation. */
import type {FlagFacts, Observation} from '../evidence.ts';

/** A name missing from a full list is unknown; an argument that is not given has its default. */
export function flagValue({facts}: Observation<FlagFacts>, name: string): string | undefined {
	return facts.values[name] ?? (facts.absent === 'default' ? '' : undefined);
}
