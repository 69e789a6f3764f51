/** Whether the limit on open files of this process (`ulimit -n`) leaves room for another connection. */
import {closeSync, openSync, readFileSync} from 'node:fs';
import type {Socket} from 'node:net';
import {SpokeError} from '../../errors/spoke-error.ts';

/** What a connection that is taken needs for its tunnel, and the next accept for itself. */
const reserve = 8;

let limit: number | undefined;
let highest = 0;

/**
False for an accepted connection that has to be refused for lack of descriptors.
libuv closes what it accepts without any (`uv__emfile_trick`), and no event of Node's server tells of it: so the last ones are never used up.
*/
export function hasDescriptorsFor(accepted: Socket): boolean {
	limit ??= readLimit();
	const {fd = 0} = (accepted as Socket & {_handle?: {fd?: number} | null})._handle ?? {};
	// The system gives the lowest free number: far below the limit there are enough, and nothing need be tried.
	highest = Math.max(highest, fd);
	return highest < limit / 2 || canOpen(reserve);
}

/** Why a connection was closed, or not made. */
export function descriptorLimitError(): SpokeError {
	const shown = limit === undefined || limit === 0 ? '' : `, which is ${limit}`;
	return new SpokeError('ERR_LOCAL_LIMIT', `the connection was closed: this process reached its limit on open files (ulimit -n)${shown}`);
}

/** 0 where the system does not say it, as macOS. */
function readLimit(): number {
	try {
		const [, soft = '0'] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
		return Number(soft);
	} catch {
		return 0;
	}
}

function canOpen(count: number): boolean {
	const opened: number[] = [];
	try {
		while (opened.length < count) {
			opened.push(openSync('/dev/null', 'r'));
		}

		return true;
	} catch {
		return false;
	} finally {
		for (const descriptor of opened) {
			closeSync(descriptor);
		}
	}
}
