/** Where a copy goes on this machine. */
import {fstatSync, type Stats} from 'node:fs';
import {lstat, mkdir, realpath, stat} from 'node:fs/promises';
import {basename, join, normalize} from 'node:path';
import {isSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {localFileError} from './local-file-error.ts';
import {joinPath} from './path-components.ts';

export type SourceOfCopy = {
	kind: 'file' | 'directory';
	/** In the container. */
	source: string;
	/** For a destination that a copy cannot replace. */
	remedyFor: (destination: string) => string | null;
};

/**
A file goes into DESTINATION if that is a directory, otherwise it gets this name. The content of a directory goes into DESTINATION. As with
kubectl, directories that are missing are created. `name` is null for a directory.
@throws SpokeError ERR_LOCAL_FILE
*/
export async function localDestination(
	destination: string,
	{kind, source, remedyFor}: SourceOfCopy,
): Promise<{directory: Buffer | string; name: Buffer | null}> {
	if (kind === 'file') {
		return fileDestination(destination, source, remedyFor);
	}

	const facts = await stat(destination).catch(() => null);
	if (facts) {
		assertNotSpecial(destination, facts, remedyFor);
	}

	await mkdir(destination, {recursive: true}).catch((error: unknown) => {
		throw (error as NodeJS.ErrnoException).code === 'EEXIST'
			? new SpokeError('ERR_LOCAL_FILE', `${destination} is a file, and the source is a directory`, {cause: error})
			: localFileError(destination, error);
	});
	return {directory: destination, name: null};
}

async function fileDestination(
	destination: string,
	source: string,
	remedyFor: SourceOfCopy['remedyFor'],
): Promise<{directory: Buffer | string; name: Buffer}> {
	const facts = await stat(destination).catch((error: unknown) => {
		// For example `file/`, whose file kubectl replaces.
		if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') {
			throw localFileError(destination, error);
		}

		return null;
	});
	const isNamed = facts?.isDirectory() !== true;
	const path = await fileToReplace(isNamed ? destination.replace(/\/+$/, '') : join(destination, basename(source)), {isNamed, remedyFor});
	const slash = path.lastIndexOf('/');
	const directory = slash < 0 ? '.' : path.subarray(0, Math.max(slash, 1));
	if (facts === null) {
		await mkdir(directory, {recursive: true}).catch((error: unknown) => {
			throw localFileError(directory.toString(), error);
		});
	}

	return {directory, name: path.subarray(slash + 1)};
}

/** What the files and links of a copy would replace in `directory`. */
export async function findReplaced(directory: Buffer | string, paths: ReadonlyArray<readonly Buffer[]>): Promise<readonly string[]> {
	const replaced: string[] = [];
	for (const path of paths) {
		const local = Buffer.concat([Buffer.from(directory), Buffer.from('/'), joinPath(path)]);
		if (await lstat(local).catch(() => null)) {
			replaced.push(normalize(local.toString()));
		}
	}

	return replaced;
}

/** Follows a link that the user named, as kubectl does, and its file is replaced. A link in a directory is itself replaced. */
async function fileToReplace(path: string, {isNamed, remedyFor}: Pick<SourceOfCopy, 'remedyFor'> & {isNamed: boolean}): Promise<Buffer> {
	const own = await lstat(path).catch(() => null);
	if (own === null || (own.isSymbolicLink() && !isNamed)) {
		return Buffer.from(path);
	}

	if (!own.isSymbolicLink()) {
		assertNotSpecial(path, own, remedyFor);
		return Buffer.from(path);
	}

	try {
		// The kernel applies fs.protected_symlinks to stat, but not to realpath, whose file must therefore be the same.
		const facts = await stat(path);
		assertNotSpecial(path, facts, remedyFor);
		const real = await realpath(path, 'buffer');
		if (!isSameFile(await stat(real), facts)) {
			throw new SpokeError('ERR_LOCAL_FILE', `${path} has just become a link to another file`);
		}

		return real;
	} catch (error) {
		if (isSpokeError(error)) {
			throw error;
		}

		throw (error as NodeJS.ErrnoException).code === 'ENOENT'
			? new SpokeError('ERR_LOCAL_FILE', `${path} is a link to a file that does not exist`, {cause: error})
			: localFileError(path, error);
	}
}

/** A rename would put a file in the place of the device, and bytes that were written cannot be checked before they take their place. */
function assertNotSpecial(path: string, facts: Stats, remedyFor: SourceOfCopy['remedyFor']): void {
	const what = facts.isFile() || facts.isDirectory() ? null : 'a device, a pipe or a socket';
	const problem = what ?? ([1, 2].some(descriptor => isSameFile(facts, fstatSync(descriptor))) ? 'the output of this command' : null);
	if (problem !== null) {
		throw new SpokeError('ERR_LOCAL_FILE', `${path} is ${problem}, and a copy does not replace it`, {remedy: remedyFor(path)});
	}
}

function isSameFile(one: Stats, other: Stats): boolean {
	return one.dev === other.dev && one.ino === other.ino;
}
