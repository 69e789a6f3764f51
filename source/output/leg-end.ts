/** The end of a leg, in a sentence. */
import type {Leg} from '../evidence/evidence.ts';

export function legEnd({to}: Pick<Leg, 'to'>): string {
	return to === 'unknown' ? 'an unknown server' : to;
}
