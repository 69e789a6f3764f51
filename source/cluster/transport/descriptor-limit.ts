/** The limit on open files of this process (`ulimit -n`). */
import {closeSync, openSync, readFileSync} from 'node:fs';
import type {Socket} from 'node:net';
import {SpokeError} from '../../errors/spoke-error.ts';

/** For what opens before the next accept: eight tunnels at once, the label's requests, the kubeconfig's files. */
const reserve = 24;

let limit: number | undefined;
let highest = 0;

/** Whether enough descriptors are left. Otherwise libuv would close new connections silently (`uv__emfile_trick`). */
export function hasDescriptorsFor(accepted: Socket): boolean {
	limit ??= readLimit();
	const {fd = 0} = (accepted as Socket & {_handle?: {fd?: number} | null})._handle ?? {};
	// The system assigns the lowest free number.
	highest = Math.max(highest, fd);
	return highest < limit / 2 || canOpen(reserve);
}

export function descriptorLimitError(): SpokeError {
	const shown = limit === undefined || limit === 0 ? '' : `, which is ${limit}`;
	return new SpokeError('ERR_LOCAL_LIMIT', `the connection was closed: this process reached its limit on open files (ulimit -n)${shown}`);
}

/** 0 where the system does not report it, as on macOS. */
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
