/** Where V8 keeps what it made of our files, so that the next start need not compile them again. */
import {lstatSync, mkdirSync} from 'node:fs';
import {dirname, isAbsolute, join} from 'node:path';
import process from 'node:process';

/**
From now on compiled code is kept in `$XDG_CACHE_HOME/spoke`, or `~/.cache/spoke`; Node checks it against the source's text and its own version.
Nobody but the user may be able to write there, since what lies there is run. Where that is not so, or the folder cannot be made, nothing is kept.
`NODE_DISABLE_COMPILE_CACHE=1` switches it off.
@see https://nodejs.org/api/module.html#module-compile-cache
*/
export function enableCompileCache(environment: NodeJS.ProcessEnv): void {
	const folder = cacheFolder(environment);
	if (folder !== null && isPrivate(folder)) {
		// Older Nodes lack it, and must get as far as saying that they are too old.
		process.getBuiltinModule('node:module').enableCompileCache(folder);
	}
}

/** `null` when there is no home. The XDG Base Directory Specification says to ignore a relative path. */
function cacheFolder({XDG_CACHE_HOME: cache = '', HOME: home = ''}: NodeJS.ProcessEnv): string | null {
	if (isAbsolute(cache)) {
		return join(cache, 'spoke');
	}

	return isAbsolute(home) ? join(home, '.cache', 'spoke') : null;
}

/** Made when it is not there, and what it stands in, but no home. */
function isPrivate(folder: string): boolean {
	try {
		const about = lstatSync(folder, {throwIfNoEntry: false}) ?? made(folder);
		return about.isDirectory() && about.uid === process.getuid?.() && (about.mode & 0o022) === 0;
	} catch {
		return false;
	}
}

function made(folder: string) {
	for (const one of [dirname(folder), folder]) {
		try {
			mkdirSync(one, 0o700);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
				throw error;
			}
		}
	}

	return lstatSync(folder);
}
