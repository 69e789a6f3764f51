/** V8 compile cache. */
import {lstatSync, mkdirSync} from 'node:fs';
import {dirname, isAbsolute, join} from 'node:path';
import process from 'node:process';

/**
Keeps compiled code in `$XDG_CACHE_HOME/spoke` or `~/.cache/spoke`. The directory must be writable by the user only, because its content is
executed. `NODE_DISABLE_COMPILE_CACHE=1` disables the cache.
@see https://nodejs.org/api/module.html#module-compile-cache
*/
export function enableCompileCache(environment: NodeJS.ProcessEnv): void {
	const directory = cacheDirectory(environment);
	if (directory !== null && isPrivate(directory)) {
		// Do not import this function: Node versions that lack it would fail to load the file, before the version check.
		process.getBuiltinModule('node:module').enableCompileCache(directory);
	}
}

/** Ignores a relative path, as the XDG Base Directory Specification requires. */
function cacheDirectory({XDG_CACHE_HOME: cache = '', HOME: home = ''}: NodeJS.ProcessEnv): string | null {
	if (isAbsolute(cache)) {
		return join(cache, 'spoke');
	}

	return isAbsolute(home) ? join(home, '.cache', 'spoke') : null;
}

function isPrivate(directory: string): boolean {
	try {
		const stats = lstatSync(directory, {throwIfNoEntry: false}) ?? makeDirectory(directory);
		return stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o022) === 0;
	} catch {
		return false;
	}
}

/** Creates the directory and its parent, but never the home directory. */
function makeDirectory(directory: string) {
	for (const path of [dirname(directory), directory]) {
		try {
			mkdirSync(path, 0o700);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
				throw error;
			}
		}
	}

	return lstatSync(directory);
}
