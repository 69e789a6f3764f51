/** Compiled code of the program's files, kept between runs. */
import {
	closeSync,
	constants,
	fstatSync,
	fsyncSync,
	lstatSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	utimesSync,
	writeSync,
	type Stats,
} from 'node:fs';
import {dirname, isAbsolute} from 'node:path';
import process from 'node:process';
import type {Script} from 'node:vm';
import type {ReadProgramFile} from './code-loader.ts';
import type {ErrorCode} from './base/errors/error-table.ts';
import {exitStatus} from './base/errors/exit-status.ts';

declare const SPOKE_BUILD: string;

/**
Returns a reader of the files in `buildDirectory`. Node's own compile cache keeps only what V8 compiles before a file
runs, so that each start compiles every function that it calls. This one stores a file at the end of a full run, with all functions that
were called: 82 instead of 97 ms of processor time for a command that prints one line of a log. A later run adds the functions that it
called, because the first run may have been short, or have used the command in another way.

Compiled code is kept in `$XDG_CACHE_HOME/spoke` or `~/.cache/spoke`. The directory, its parent and each file in it must be writable by the
user only, because the content is executed. `NODE_DISABLE_COMPILE_CACHE=1` disables the cache. V8 rejects code of another V8, but does not
notice other source of the same length, so each build has its own directory.
*/
export function cachedFiles(buildDirectory: string, environment: NodeJS.ProcessEnv): ReadProgramFile {
	const root = environment['NODE_DISABLE_COMPILE_CACHE'] ? null : cacheDirectory(environment);
	const directory = root !== null && isPrivate(root) ? `${root}/${SPOKE_BUILD}-${process.version}-${process.arch}` : null;
	const loaded: LoadedFile[] = [];
	process.once('exit', status => {
		for (const file of fullRuns.has(status) ? loaded : []) {
			updateStored(file);
		}
	});
	return name => {
		const path = `${buildDirectory}/${name}`;
		const file = {path, code: readOwnFile(path)};
		// Only parts are loaded long after the start.
		if (name.startsWith('parts/') && !readOwnFile(`${buildDirectory}/spoke.js`).includes(SPOKE_BUILD)) {
			throw ownFileError('spoke was replaced by another version while it ran');
		}

		if (directory === null) {
			return file;
		}

		const cache = `${directory}/${showsPaths() ? 'with-paths-' : ''}${name.replace('/', '-')}`;
		return {
			...file,
			cachedData: readIfThere(cache),
			onCompiled(script) {
				loaded.push({script, cache});
			},
		};
	};
}

type LoadedFile = {script: Script; cache: string};

/** @throws Error with the code ERR_OWN_FILE, because SpokeError is too large for the entry point */
function readOwnFile(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		throw ownFileError(`spoke cannot read its own file: ${(error as Error).message}`, error);
	}
}

function ownFileError(message: string, cause?: unknown): Error {
	return Object.assign(new Error(message, {cause}), {code: 'ERR_OWN_FILE' satisfies ErrorCode});
}

/** A command that failed has called few of its functions. */
const fullRuns: ReadonlySet<number> = new Set([
	exitStatus.ok,
	exitStatus.requireNotMet,
	exitStatus.requireUndecided,
	exitStatus.hangup,
	exitStatus.interrupt,
	exitStatus.terminate,
]);

/** Evidence is much of the code: without its functions in the stored code, a path takes 13 ms more of processor time. */
function showsPaths(): boolean {
	return process.stderr.isTTY || process.argv.some(argument => argument.startsWith('--path'));
}

/** Checks the opened file itself, because a session opens some hours after the directory was checked. */
function readIfThere(path: string): Buffer | undefined {
	try {
		const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
		try {
			return isOwn(fstatSync(file)) ? readFileSync(file) : undefined;
		} finally {
			closeSync(file);
		}
	} catch {
		return undefined;
	}
}

function isOwn({uid, mode}: Stats): boolean {
	return uid === process.getuid?.() && (mode & 0o022) === 0;
}

/** A file is replaced if the compiled code grew by more than this factor. */
const minGrowthFactor = 1.01;
const minGrowthCheckIntervalMs = 60_000;

function updateStored({script, cache}: LoadedFile): void {
	try {
		if (script.cachedDataRejected !== false) {
			save(cache, script.createCachedData());
			return;
		}

		const stored = statSync(cache);
		const now = new Date();
		if (!isGrowthCheckDue(stored, now.getTime())) {
			return;
		}

		utimesSync(cache, now, now);
		const content = script.createCachedData();
		if (content.length > stored.size * minGrowthFactor) {
			save(cache, content);
		}
	} catch {
		// The next run compiles again.
	}
}

/**
Whether to spend the milliseconds of `createCachedData`: one minute after the file was written, then each time its age has doubled without
growth. All times are in ms since 1970.
@param stored `birthtimeMs`: when the file was written, that is, of the last growth; 0 if the file system does not know. `mtimeMs`: of the
last check
*/
export function isGrowthCheckDue({mtimeMs, birthtimeMs}: {mtimeMs: number; birthtimeMs: number}, nowMs: number): boolean {
	const unchangedMs = birthtimeMs === 0 ? 0 : mtimeMs - birthtimeMs;
	return nowMs - mtimeMs >= Math.max(minGrowthCheckIntervalMs, unchangedMs);
}

/** V8 trusts the content, so it must be complete on the disk before it has its name. */
function save(path: string, content: Buffer): void {
	// In containers, processes of the same number can share the directory.
	const incomplete = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
	if (mkdirSync(dirname(path), {recursive: true, mode: 0o700}) !== undefined) {
		removeOldBuilds(dirname(dirname(path)));
	}

	const file = openSync(incomplete, 'wx', 0o600);
	try {
		writeSync(file, content);
		fsyncSync(file);
	} finally {
		closeSync(file);
	}

	renameSync(incomplete, path);
}

const buildLifetimeMs = 30 * 24 * 60 * 60 * 1000;

function removeOldBuilds(root: string): void {
	for (const name of readdirSync(root).filter(name => /^[\da-f]{16}-v/.test(name))) {
		if (statSync(`${root}/${name}`).mtimeMs < Date.now() - buildLifetimeMs) {
			rmSync(`${root}/${name}`, {recursive: true});
		}
	}
}

/** Ignores a relative path, as the XDG Base Directory Specification requires. */
function cacheDirectory({XDG_CACHE_HOME: cache = '', HOME: home = ''}: NodeJS.ProcessEnv): string | null {
	if (isAbsolute(cache)) {
		return `${cache}/spoke`;
	}

	return isAbsolute(home) ? `${home}/.cache/spoke` : null;
}

function isPrivate(directory: string): boolean {
	try {
		const stats = lstatSync(directory, {throwIfNoEntry: false}) ?? makeDirectory(directory);
		return stats.isDirectory() && isOwn(stats) && isOwn(statSync(dirname(directory)));
	} catch {
		return false;
	}
}

/**
Creates the directory and its parent, but never the home directory. For root, only beside its own files: `sudo` can keep the HOME of a user,
who could not use what root creates there.
*/
function makeDirectory(directory: string) {
	for (const path of [dirname(directory), directory]) {
		try {
			if (process.getuid?.() === 0 && statSync(dirname(path)).uid !== 0) {
				throw new Error(`${dirname(path)} belongs to another user`);
			}

			mkdirSync(path, 0o700);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
				throw error;
			}
		}
	}

	return lstatSync(directory);
}
