/** Which leg is a failed path broken on? */
import type {Path} from './evidence.ts';

/** `null` of a path that holds, and where it is not known which leg it was. */
export function failedLeg({phase, error, broken}: Pick<Path, 'phase' | 'error' | 'broken'>): number | null {
	if (broken) {
		return broken.leg;
	}

	if (phase !== 'failed' || error?.legKnown === false) {
		return null;
	}

	return error?.leg ?? 2;
}
