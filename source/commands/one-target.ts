/** The single target of a command. */
import {SpokeError} from '../base/errors/spoke-error.ts';

/** @throws SpokeError ERR_USAGE without a target, or with more than one */
export function oneTarget(positionals: readonly string[]): string {
	const [target, ...surplus] = positionals;
	if (target === undefined || surplus.length > 0) {
		throw new SpokeError(
			'ERR_USAGE',
			target === undefined
				? 'a target is required: a pod, or KIND/NAME'
				: `expected one target, got ${positionals.length}: ${positionals.join(' ')}`,
		);
	}

	return target;
}
