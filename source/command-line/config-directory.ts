/** Directories of the user's files. */
import {isAbsolute, join} from 'node:path';

/** `null` without a home directory. Ignores a relative path, as the XDG Base Directory Specification requires. */
export function configDirectory(env: NodeJS.ProcessEnv): string | null {
	return directoryIn(env, 'XDG_CONFIG_HOME', '.config');
}

/** As `configDirectory`, for what spoke writes by itself. */
export function stateDirectory(env: NodeJS.ProcessEnv): string | null {
	return directoryIn(env, 'XDG_STATE_HOME', join('.local', 'state'));
}

function directoryIn(env: NodeJS.ProcessEnv, variable: string, otherwise: string): string | null {
	const {[variable]: given = '', HOME: home = ''} = env;
	const directory = isAbsolute(given) ? given : home === '' ? null : join(home, otherwise);
	return directory === null ? null : join(directory, 'spoke');
}
