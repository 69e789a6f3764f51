/** Private files and directories of the user: `~/.config/spoke`, and spoke's state in `~/.local/state/spoke/NAME`. */
import {accessSync, constants, lstatSync, mkdirSync, type Stats, chmodSync, statSync} from 'node:fs';
import {mkdir, open, rename, rm} from 'node:fs/promises';
import {basename, dirname, join, resolve, isAbsolute} from 'node:path';
import process from 'node:process';
import {userInfo} from 'node:os';
import type {ErrorCode} from '../errors/error-table.ts';
import {isSpokeError, SpokeError} from '../errors/spoke-error.ts';

/** Its name, and what it contains, for messages. */
type Contents = {name: string; contains: string};

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
function localFileError(words: string, error: unknown): SpokeError {
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

/** Creates the directory, mode 0700. @throws SpokeError ERR_LOCAL_FILE if it cannot, or another user can change the directory */
export function createStateDirectory(env: NodeJS.ProcessEnv, {name, contains}: Contents): string {
	const parent = stateDirectory(env);
	if (parent === null) {
		throw new SpokeError('ERR_LOCAL_FILE', `no directory for ${contains}: HOME and XDG_STATE_HOME are not set`);
	}

	const directory = join(parent, name);
	try {
		mkdirSync(directory, {recursive: true, mode: 0o700});
		assertPrivate(parent, directory, contains);
		chmodSync(directory, 0o700);
		return directory;
	} catch (error) {
		throw localFileError(`cannot use ${directory}`, error);
	}
}

/** `null` if there is none. @throws SpokeError ERR_LOCAL_FILE if another user can change it */
export function findStateDirectory(env: NodeJS.ProcessEnv, {name, contains}: Contents): string | null {
	const parent = stateDirectory(env);
	if (parent === null) {
		return null;
	}

	const directory = join(parent, name);
	try {
		assertPrivate(parent, directory, contains);
		return directory;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return null;
		}

		throw localFileError(`cannot use ${directory}`, error);
	}
}

/** Anyone who can change one of them can put a file of their own there. */
function assertPrivate(parent: string, directory: string, contains: string): void {
	const stats = lstatSync(directory);
	if (!stats.isDirectory()) {
		const what = stats.isSymbolicLink() ? 'a symbolic link' : 'no directory';
		throw new SpokeError('ERR_LOCAL_FILE', `${directory} is ${what}, so spoke keeps no ${contains} there`);
	}

	const content = {code: 'ERR_LOCAL_FILE', content: `the ${contains}`} as const;
	assertOwn(directory, stats, content);
	assertOwn(parent, statSync(parent), content);
}

/** `null` without a home directory. Ignores a relative path, as the XDG Base Directory Specification requires. */
export function configDirectory(env: NodeJS.ProcessEnv): string | null {
	return directoryIn(env, 'XDG_CONFIG_HOME', '.config');
}

/** As `configDirectory`, for what spoke writes by itself. */
export function stateDirectory(env: NodeJS.ProcessEnv): string | null {
	return directoryIn(env, 'XDG_STATE_HOME', join('.local', 'state'));
}

/** HOME, or what the user database has, so that an empty environment hides no kubeconfig, kuberc or policy. `null` if neither is known. */
export function homeDirectory({HOME: home = ''}: NodeJS.ProcessEnv): string | null {
	if (home !== '') {
		return home;
	}

	try {
		return userInfo().homedir || null;
	} catch {
		// The database does not have the user.
		return null;
	}
}

function directoryIn(env: NodeJS.ProcessEnv, variable: string, otherwise: string): string | null {
	const {[variable]: given = '', HOME: home = ''} = env;
	const directory = isAbsolute(given) ? given : home === '' ? null : join(home, otherwise);
	return directory === null ? null : join(directory, 'spoke');
}
