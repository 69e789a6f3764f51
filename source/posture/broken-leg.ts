/** Which leg is a failed path broken on? */
import type {Path} from './evidence.ts';

/** `null` of a path that holds, and where it is not known which leg it was. */
export function brokenLeg({phase, error}: Pick<Path, 'phase' | 'error'>): number | null {
	if (phase !== 'failed' || error?.legKnown === false) {
		return null;
	}

	return error?.leg ?? 2;
}
