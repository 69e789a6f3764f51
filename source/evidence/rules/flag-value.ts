/** What does one reading of an apiserver say of one flag? */
import type {FlagFacts, Observation} from '../evidence.ts';

/** The value that a reading gives a flag; a name that a full list lacks stays unknown, an argument that is not given is the default. */
export function flagValue({facts}: Observation<FlagFacts>, name: string): string | undefined {
	return facts.values[name] ?? (facts.absent === 'default' ? '' : undefined);
}
