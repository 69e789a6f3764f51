/** Private directories of spoke's state: `~/.local/state/spoke/NAME`. */
import {chmodSync, lstatSync, mkdirSync, statSync} from 'node:fs';
import {join, isAbsolute} from 'node:path';
import {userInfo} from 'node:os';
import {SpokeError} from '../errors/spoke-error.ts';
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
