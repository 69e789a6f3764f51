/** Checks of what the user typed. */
import {SpokeError} from '../base/errors/spoke-error.ts';

/** @throws SpokeError ERR_USAGE with `message` unless `isRight` */
export function assertUsage(isRight: boolean, message: string, remedy: string | null = null): asserts isRight {
	if (!isRight) {
		throw new SpokeError('ERR_USAGE', message, {remedy});
	}
}

/** The single target of a command. @throws SpokeError ERR_USAGE without a target, or with more than one */
export function oneTarget(positionals: readonly string[]): string {
	const [target, ...surplus] = positionals;
	assertUsage(target !== undefined, 'a target is required: a pod, or KIND/NAME');
	assertUsage(surplus.length === 0, `expected one target, got ${positionals.length}: ${positionals.join(' ')}`);
	return target;
}
