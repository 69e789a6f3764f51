/** Directory of the user's configuration files. */
import {isAbsolute, join} from 'node:path';

/** `null` without a home directory. Ignores a relative path, as the XDG Base Directory Specification requires. */
export function configDirectory(env: NodeJS.ProcessEnv): string | null {
	const {XDG_CONFIG_HOME: config = '', HOME: home = ''} = env;
	const directory = isAbsolute(config) ? config : home === '' ? null : join(home, '.config');
	return directory === null ? null : join(directory, 'spoke');
}
