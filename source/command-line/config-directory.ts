/** Directories of the user's files. */
import {userInfo} from 'node:os';
import {isAbsolute, join} from 'node:path';

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
