/** What stands at the end of a leg, in a sentence. */
import type {Leg} from '../evidence/evidence.ts';

/** `apiserver`, `kubelet`…; where it is not known it is whoever answers. */
export function legEnd({to}: Pick<Leg, 'to'>): string {
	return to === 'unknown' ? 'whoever answers' : to;
}
