/** Requirements on paths, in words. */
import type {PathRequirement} from '../evidence/require-path.ts';

/** A transcript does not record `undecided`. */
type Requirement = {states: readonly string[]; minBasis: string; undecided?: PathRequirement['undecided']; source: string | null};

export function describeRequirements(requirements: readonly Requirement[]): string[] {
	return requirements.length === 0 ? ['required: nothing'] : requirements.map(one => `required: ${describeRequirement(one)}`);
}

function describeRequirement({states, minBasis, undecided, source}: Requirement): string {
	return `${states.join(', ')}, at least ${minBasis}${undecided === 'allow' ? '; undecided streams open' : ''} (${source ?? 'command line'})`;
}
