/** Links that cannot lead out of the destination. */
import type {Buffer} from 'node:buffer';
import {splitPath} from './path-components.ts';

/**
Why a link is not created, or `null`. `..` is accepted only at the start: the directories above a link are real ones, so its meaning is
certain there. After another component it could follow a second link.
@see CVE-2019-1002101, CVE-2019-11246, CVE-2019-11249, CVE-2019-11251: links of kubectl cp that led out of the destination
*/
export function unsafeLinkReason(path: readonly Buffer[], target: Buffer): string | null {
	if (target.length === 0) {
		return 'its target is unknown: the image has no readlink';
	}

	if (target[0] === 0x2f) {
		return 'its target is absolute';
	}

	const parts = splitPath(target)
		.map(part => part.toString('latin1'))
		.filter(part => part !== '' && part !== '.');
	const ups = parts.findIndex(part => part !== '..');
	const leading = ups < 0 ? parts.length : ups;
	if (parts.slice(leading).includes('..')) {
		return 'its target has .. after a name';
	}

	return leading > path.length - 1 ? 'its target is outside the destination' : null;
}
