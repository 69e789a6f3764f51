/** The limit on open files of this process (`ulimit -n`). */
import {closeSync, openSync, readFileSync} from 'node:fs';
import type {Socket} from 'node:net';
import {SpokeError} from '../../errors/spoke-error.ts';
import {descriptorOf} from '../../wire/node-internals.ts';

/** For what opens before the next accept: eight tunnels at once, the label's requests, the kubeconfig's files. */
const reserve = 24;

let limit: number | undefined;
let highest = 0;

/**
Whether enough descriptors are left after `accepted`. Otherwise libuv would close new connections silently (`uv__emfile_trick`). Opens the
reserve to find out, except while less than half of the limit was ever in use.
*/
export function hasFreeDescriptors(accepted: Socket): boolean {
	limit ??= readLimit();
	// The system assigns the lowest free number, so the highest shows how many were in use at once.
	const number = descriptorOf(accepted);
	highest = Math.max(highest, number ?? 0);
	if (number !== undefined && highest < limit / 2) {
		return true;
	}

	const opened: number[] = [];
	try {
		do {
			opened.push(openSync('/dev/null', 'r'));
			highest = Math.max(highest, opened[0]!);
		} while (highest >= limit / 2 && opened.length < reserve);
		return true;
	} catch (error) {
		return !isDescriptorLimit(error);
	} finally {
		for (const descriptor of opened) {
			closeSync(descriptor);
		}
	}
}

export const raiseLimitRemedy = 'raise the limit on open files with `ulimit -n`';

export function isDescriptorLimit(error: unknown): boolean {
	return ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

export function descriptorLimitError(): SpokeError {
	const shown = limit === undefined || limit === 0 ? '' : `, which is ${limit}`;
	return new SpokeError('ERR_LOCAL_LIMIT', `the connection was closed: this process reached its limit on open files (ulimit -n)${shown}`);
}

/** 0 where the system does not report it, as on macOS. There, each accept opens the reserve, which takes 0.1 ms. */
function readLimit(): number {
	try {
		const [, soft = '0'] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
		return Number(soft);
	} catch {
		return 0;
	}
}
