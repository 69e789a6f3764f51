/** What the source in the container is, and everything in it. Nothing that the container says is trusted. */
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {type EntryKind, type EntryResult, type SourceEntry, specialFile} from './copy-passes.ts';
import {encodePath} from './copy-program.ts';
import {type CopySession, unexpected} from './copy-session.ts';

export type SourceKind = 'file' | 'directory';

/**
The following requests name files below the directory, or the file in its directory.
@throws SpokeError ERR_NOT_FOUND, ERR_COPY_INCOMPLETE if it cannot be read, ERR_PROTOCOL
*/
export async function enterSource(session: Pick<CopySession, 'request' | 'line'>, path: string): Promise<SourceKind> {
	session.request(`root ${encodePath(path)}`);
	const root = await session.line();
	if (root === 'dir' || root === 'file') {
		return root === 'dir' ? 'directory' : 'file';
	}

	const problem = sourceProblems.get(root);
	throw problem
		? new SpokeError(root === 'none' ? 'ERR_NOT_FOUND' : 'ERR_COPY_INCOMPLETE', path + problem, root === 'none' ? {leg: 3} : {})
		: unexpected(root);
}

const sourceProblems = new Map([
	['none', ': no such file or directory in the container'],
	['denied', ': the user of the container cannot read it'],
	['other', ' is a device, a pipe or a socket, and is not copied'],
]);

/** A container can list names until the memory of this machine is used up. `bytes`: of the listing as it arrives. */
const defaultLimits = {bytes: 512 * 1024 ** 2, entries: 5_000_000};

/** Directories before what is in them. @throws SpokeError ERR_PROTOCOL, also above a limit */
export async function listSource(
	session: Pick<CopySession, 'request' | 'line' | 'name'>,
	{bytes, entries: maxEntries} = defaultLimits,
): Promise<SourceEntry[]> {
	const entries: SourceEntry[] = [];
	let bytesLeft = bytes;
	const counted = (part: string): string => {
		// With its delimiter.
		bytesLeft -= part.length + 1;
		if (bytesLeft < 0 || entries.length > maxEntries) {
			throw new SpokeError('ERR_PROTOCOL', 'the copy program in the container listed more than spoke can hold', {
				leg: 3,
				remedy: 'copy its directories one by one',
			});
		}

		return part;
	};

	session.request('list');
	for (let line = counted(await session.line()); line !== 'E'; line = counted(await session.line())) {
		const count = Number(/^N (\d{1,3})$/.exec(line)?.[1] ?? Number.NaN);
		if (!(count > 0)) {
			throw unexpected(line);
		}

		const names: Array<[name: string, target: string]> = [];
		for (let index = 0; index < count; index++) {
			names.push([counted(await session.name()), counted(await session.name())]);
		}

		for (const [name, target] of names) {
			entries.push(parseEntry(name, target, counted(await session.line())));
		}
	}

	return entries;
}

/** `name`: `r`, `u` if unreadable, or `p` for a pseudo file system, and the path; `facts`: `81a4 123 1700000000` of stat. */
function parseEntry(name: string, target: string, facts: string): SourceEntry {
	const [, type, size, mtime] = /^([\da-f]{1,8}) (\d{1,15}) (\d{1,15})$/.exec(facts) ?? [];
	const mode = Number.parseInt(type ?? '0', 16);
	const kind = kinds.get(mode & 0o170000) ?? 'special';
	const path = safePath(name.slice(1));
	const problem: EntryResult | null =
		path === null
			? {result: 'failed', reason: 'its name leads out of the destination'}
			: type === undefined
				? {result: 'failed', reason: 'its size is unknown'}
				: kind === 'special'
					? specialFile
					: kind === 'link'
						? unsafeLink(path, target)
						: (accessProblems.get(name[0]) ?? null);
	return {kind, path: path ?? name.slice(1), mode: mode & 0o777, size: Number(size ?? 0), mtime: Number(mtime ?? 0), target, problem};
}

const kinds = new Map<number, EntryKind>([
	[0o100000, 'file'],
	[0o040000, 'directory'],
	[0o120000, 'link'],
]);

const accessProblems = new Map<string | undefined, EntryResult>([
	['u', {result: 'failed', reason: 'the user of the container cannot read it'}],
	['p', {result: 'skipped', reason: 'it is a pseudo file system: the kernel generates its files'}],
]);

/** Without `./`. `null` if a component could lead out of the destination. */
function safePath(name: string): string | null {
	const [first, ...parts] = name.split('/');
	return first === '.' && parts.length > 0 && parts.every(part => !['', '.', '..'].includes(part)) ? parts.join('/') : null;
}

function unsafeLink(path: string, target: string): EntryResult | null {
	const reason = unsafeLinkReason(path, target);
	return reason === null ? null : {result: 'skipped', reason: `${reason}: ${Buffer.from(target, 'latin1').toString()}`};
}

/**
Why a link is not created, or `null`. `..` is accepted only at the start: the directories above a link are real ones, so its meaning is
certain there. After another component it could follow a second link.
@see CVE-2019-1002101, CVE-2019-11246, CVE-2019-11249, CVE-2019-11251: links of kubectl cp that led out of the destination
*/
export function unsafeLinkReason(path: string, target: string): string | null {
	if (target === '') {
		return 'its target is unknown';
	}

	if (target.startsWith('/')) {
		return 'its target is absolute';
	}

	const parts = target.split('/').filter(part => part !== '' && part !== '.');
	const first = parts.findIndex(part => part !== '..');
	const ups = first < 0 ? parts.length : first;
	if (parts.slice(ups).includes('..')) {
		return 'its target has .. after a name';
	}

	return ups > path.split('/').length - 1 ? 'its target is outside the destination' : null;
}
