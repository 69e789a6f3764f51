/** The leg on which a path failed. */
import type {Path} from './evidence.ts';

/** `null` if the path did not fail, or the leg is unknown. */
export function failedLeg({phase, error, broken}: Pick<Path, 'phase' | 'error' | 'broken'>): number | null {
	if (broken) {
		return broken.leg;
	}

	if (phase !== 'failed' || error?.legKnown === false) {
		return null;
	}

	return error?.leg ?? 2;
}
