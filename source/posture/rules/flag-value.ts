/** What does one reading of an apiserver say of one flag? */
import type {FlagFacts, Reading} from '../evidence.ts';

/** The value that a reading gives a flag; a name that a full list lacks stays unknown, an argument that is not given is the default. */
export function valueOf({facts}: Reading<FlagFacts>, name: string): string | undefined {
	return facts.values[name] ?? (facts.absent === 'default' ? '' : undefined);
}
