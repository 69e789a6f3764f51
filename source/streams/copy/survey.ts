/** What the source in the container is, and everything in it. */
import {SpokeError} from '../../errors/spoke-error.ts';
import type {EntryKind} from './copy-events.ts';
import {encodePath} from './copy-program.ts';
import {type CopySession, requestLine, unexpected} from './copy-session.ts';
import {Listing, type ListingLimits} from './listing.ts';
import {splitPath} from './path-components.ts';

export type RemoteEntry = {
	kind: EntryKind;
	/** Components below the source; the only one is the file's name if the source is a file. */
	path: readonly Buffer[];
	/** `false`: the user of the container cannot read it. */
	isReadable: boolean;
	/** Permission bits with setuid, setgid and sticky. */
	mode: number;
	/** `null` if unknown: the file went away, or its size is not a number. */
	size: number | null;
	/** Seconds; `null` for an image without `stat`. */
	mtime: number | null;
	/** Of a link. */
	target: Buffer;
	/** A mounted pseudo file system, such as `/proc`. Nothing below it is listed. */
	isPseudo: boolean;
};

export type Survey = {
	kind: 'file' | 'directory';
	entries: readonly RemoteEntry[];
	/** Names that no honest file system has. */
	refused: readonly Buffer[];
};

/** @throws SpokeError ERR_NOT_FOUND, ERR_COPY_INCOMPLETE if it cannot be read, ERR_PROTOCOL */
export async function surveySource(
	session: Pick<CopySession, 'send' | 'line' | 'name'>,
	path: string,
	limits?: ListingLimits,
): Promise<Survey> {
	session.send([requestLine(`root ${encodePath(path)}`)]);
	const root = String(await session.line());
	if (root !== 'dir' && root !== 'file') {
		throw rootError(root, path);
	}

	session.send([requestLine('list')]);
	const entries: RemoteEntry[] = [];
	const refused: Buffer[] = [];
	const listing = new Listing(session, limits);
	for (let line = await listing.line(); line.toString('latin1') !== 'E'; line = await listing.line()) {
		const count = Number(/^N (\d{1,3})$/.exec(line.toString('latin1'))?.[1] ?? Number.NaN);
		if (!(count > 0)) {
			throw unexpected(line);
		}

		for (const entry of await readBatch(listing, count)) {
			if ('path' in entry) {
				entries.push(entry);
			} else {
				refused.push(entry.name);
			}
		}
	}

	if (root === 'file' && (refused.length > 0 || !isFileAlone(entries))) {
		throw new SpokeError('ERR_PROTOCOL', `${path} is a file, but the copy program in the container listed something else`, {leg: 3});
	}

	return {kind: root === 'dir' ? 'directory' : 'file', entries, refused};
}

/** All entries of a file get the name that the user gave it, so a link among them would lead the next copy to another file. */
function isFileAlone([first, ...others]: readonly RemoteEntry[]): boolean {
	return others.length === 0 && first?.kind === 'file' && first.path.length === 1;
}

function rootError(root: string, path: string): SpokeError {
	switch (root) {
		case 'none': {
			return new SpokeError('ERR_NOT_FOUND', `${path}: no such file or directory in the container`, {leg: 3});
		}

		case 'denied': {
			return new SpokeError('ERR_COPY_INCOMPLETE', `${path}: the user of the container cannot read it`);
		}

		case 'other': {
			return new SpokeError('ERR_COPY_INCOMPLETE', `${path} is a device, a pipe or a socket, and is not copied`);
		}

		default: {
			return unexpected(Buffer.from(root));
		}
	}
}

async function readBatch(listing: Listing, count: number): Promise<Array<RemoteEntry | {name: Buffer}>> {
	const names: Array<{name: Buffer; target: Buffer}> = [];
	for (let index = 0; index < count; index++) {
		names.push({name: await listing.path(), target: await listing.target()});
	}

	const entries: Array<RemoteEntry | {name: Buffer}> = [];
	for (const {name, target} of names) {
		const facts = parseFacts(String(await listing.line()));
		const path = safePath(name.subarray(1));
		const kind = kinds.get(String.fromCodePoint(name[0] ?? 0));
		entries.push(path === null || kind === undefined ? {name: name.subarray(1)} : {...kind, path, target, ...facts});
	}

	return entries;
}

const kinds = new Map<string, Pick<RemoteEntry, 'kind' | 'isReadable' | 'isPseudo'>>([
	['f', {kind: 'file', isReadable: true, isPseudo: false}],
	['F', {kind: 'file', isReadable: false, isPseudo: false}],
	['d', {kind: 'directory', isReadable: true, isPseudo: false}],
	['D', {kind: 'directory', isReadable: false, isPseudo: false}],
	['l', {kind: 'link', isReadable: true, isPseudo: false}],
	['o', {kind: 'special', isReadable: true, isPseudo: false}],
	['p', {kind: 'directory', isReadable: true, isPseudo: true}],
]);

/** The components of `./a/b`. `null` if one of them could lead out of the destination. */
function safePath(name: Buffer): Buffer[] | null {
	const [first, ...parts] = splitPath(name);
	const isSafe =
		first?.toString('latin1') === '.' && parts.length > 0 && parts.every(part => !['', '.', '..'].includes(part.toString('latin1')));
	return isSafe ? parts : null;
}

/** `81a4 123 1700000000` of stat, or `-rw-r--r-- 123 -` of ls. */
function parseFacts(line: string): Pick<RemoteEntry, 'mode' | 'size' | 'mtime'> {
	const [mode = '', size = '', mtime = ''] = line.split(' ');
	return {
		mode: /^[\da-f]+$/.test(mode) ? Number.parseInt(mode, 16) & 0o7777 : permissionsOf(mode),
		size: wholeNumber(size),
		mtime: wholeNumber(mtime),
	};
}

function permissionsOf(text: string): number {
	return /^.[r-][w-][xsS-][r-][w-][xsS-][r-][w-][xtT-]/.test(text)
		? [...text.slice(1, 10)].reduce((mode, letter) => mode * 2 + (/[rwxst]/.test(letter) ? 1 : 0), 0)
		: 0o644;
}

function wholeNumber(text: string): number | null {
	const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
	return Number.isSafeInteger(value) ? value : null;
}
