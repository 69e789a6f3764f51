/** Private directories of spoke's state: `~/.local/state/spoke/NAME`. */
import {chmodSync, lstatSync, mkdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {SpokeError} from '../errors/spoke-error.ts';
import {stateDirectory} from './config-directory.ts';
import {assertOwn, localFileError} from './private-files.ts';

/** Its name, and what it contains, for messages. */
type Contents = {name: string; contains: string};

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
