/** Private files of the user. */
import {accessSync, constants, lstatSync, mkdirSync, type Stats} from 'node:fs';
import {mkdir, open, rename, rm} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import process from 'node:process';
import type {ErrorCode} from '../errors/error-table.ts';
import {isSpokeError, SpokeError} from '../errors/spoke-error.ts';

/** Creates or replaces a private file. A reader sees the whole old or the whole new one. @throws the system error */
export async function replaceFile(path: string, text: string): Promise<void> {
	const directory = dirname(path);
	await mkdir(directory, {recursive: true, mode: 0o700});
	const draft = join(directory, `.${basename(path)}.${process.pid}`);
	await rm(draft, {force: true});
	const file = await open(draft, 'wx', 0o600);
	try {
		await file.writeFile(text);
	} finally {
		await file.close();
	}

	await rename(draft, path);
}

/**
Creates a private directory for new files, if there is none. Its parent must exist.
@throws SpokeError ERR_LOCAL_FILE, also for a link
*/
export function prepareDirectory(directory: string): void {
	const path = resolve(directory);
	try {
		mkdirSync(path, {mode: 0o700});
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
			throw localFileError(`cannot create directory ${path}`, error);
		}

		assertWritableDirectory(path);
	}
}

function assertWritableDirectory(path: string): void {
	if (!lstatSync(path).isDirectory()) {
		throw new SpokeError('ERR_LOCAL_FILE', `${path} is not a directory`, {remedy: 'name a directory that is not a link'});
	}

	try {
		accessSync(path, constants.W_OK);
	} catch (error) {
		throw localFileError(`cannot write to directory ${path}`, error);
	}
}

/** A SpokeError, or the system's error after `words`. */
export function localFileError(words: string, error: unknown): SpokeError {
	return isSpokeError(error) ? error : new SpokeError('ERR_LOCAL_FILE', `${words}: ${(error as Error).message}`, {cause: error});
}

const writableByOthers = 0o022;

/**
Windows has no file modes. `content`: what the file holds, for the message.
@throws SpokeError with `code` if another user, other than root, can change the file: by its owner or its mode
*/
export function assertOwn(
	path: string,
	{uid, mode}: Pick<Stats, 'uid' | 'mode'>,
	{code, content}: {code: ErrorCode; content: string},
): void {
	const own = process.getuid?.();
	if (own === undefined) {
		return;
	}

	if (uid !== own && uid !== 0) {
		throw new SpokeError(code, `${path} belongs to another user, who can change ${content}`);
	}

	if ((mode & writableByOthers) !== 0) {
		throw new SpokeError(code, `others can write ${path}, and so change ${content}`, {remedy: `chmod go-w ${path}`});
	}
}
