/** What a source on this machine is, and everything in it. */
import type {Stats} from 'node:fs';
import {lstat, readdir, readlink, stat} from 'node:fs/promises';
import {type EntryKind, specialFileReason} from './copy-events.ts';
import {localErrorText, localFileError} from './local-file-error.ts';
import {joinPath} from './path-components.ts';

export type LocalEntry = {
	kind: EntryKind;
	/** Components below the source; empty for the source itself. */
	path: readonly Buffer[];
	/** On this machine. */
	localPath: Buffer;
	mode: number;
	size: number;
	/** Seconds. */
	mtime: number;
	/** Of a link. */
	target: Buffer;
	/** Why it cannot be read, or `null`. */
	problem: string | null;
};

/** Parents first. A link that the user named is followed, others are not. @throws SpokeError ERR_LOCAL_FILE for the source itself */
export async function listLocalEntries(source: string): Promise<LocalEntry[]> {
	try {
		const root = entryOf([], Buffer.from(source), await stat(source));
		return [root, ...(root.kind === 'directory' ? await listDirectory(root) : [])];
	} catch (error) {
		throw localFileError(source, error);
	}
}

async function listDirectory(directory: LocalEntry): Promise<LocalEntry[]> {
	const entries: LocalEntry[] = [];
	for (const name of (await readdir(directory.localPath, {encoding: 'buffer'})).toSorted(Buffer.compare)) {
		const localPath = joinPath([directory.localPath, name]);
		const entry = await readEntry([...directory.path, name], localPath);
		entries.push(entry);
		if (entry.kind === 'directory') {
			try {
				entries.push(...(await listDirectory(entry)));
			} catch (error) {
				entry.problem = localErrorText(error);
			}
		}
	}

	return entries;
}

async function readEntry(path: readonly Buffer[], localPath: Buffer): Promise<LocalEntry> {
	try {
		const entry = entryOf(path, localPath, await lstat(localPath));
		return entry.kind === 'link' ? {...entry, target: await readlink(localPath, 'buffer')} : entry;
	} catch (error) {
		return {kind: 'special', path, localPath, mode: 0, size: 0, mtime: 0, target: Buffer.alloc(0), problem: localErrorText(error)};
	}
}

function entryOf(path: readonly Buffer[], localPath: Buffer, facts: Stats): LocalEntry {
	const kind = facts.isFile() ? 'file' : facts.isDirectory() ? 'directory' : facts.isSymbolicLink() ? 'link' : 'special';
	const {mode, size, mtimeMs} = facts;
	return {
		kind,
		path,
		localPath,
		mode: mode & 0o777,
		size,
		mtime: Math.floor(mtimeMs / 1000),
		target: Buffer.alloc(0),
		problem: kind === 'special' ? specialFileReason : null,
	};
}
