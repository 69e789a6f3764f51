/** Which paths a command reports. */
import type {PathMode} from '../output/path-reporter.ts';

/** `-q` suppresses the path line, unless --path is given. */
export function pathMode({flags, given}: {flags: {quiet: boolean; path: PathMode}; given: ReadonlySet<string>}): PathMode {
	return flags.quiet && !given.has('path') ? 'never' : flags.path;
}
