/** Where does a user keep files for this program? */
import {isAbsolute, join} from 'node:path';

/** `$XDG_CONFIG_HOME/spoke`, or `~/.config/spoke`; null when there is no home. A relative path is ignored, as the XDG Base Directory Specification says. */
export function configDirectory(env: NodeJS.ProcessEnv): string | null {
	const {XDG_CONFIG_HOME: settings = '', HOME: home = ''} = env;
	const folder = isAbsolute(settings) ? settings : home === '' ? null : join(home, '.config');
	return folder === null ? null : join(folder, 'spoke');
}
