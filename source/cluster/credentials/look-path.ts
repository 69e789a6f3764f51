/** Program lookup on PATH. */
import {accessSync, constants, statSync} from 'node:fs';
import {delimiter, isAbsolute, join} from 'node:path';

/** As in Go's exec.LookPath, relative PATH entries do not count. */
export function lookPath(command: string, environment: NodeJS.ProcessEnv): string | null {
	const candidates = command.includes('/')
		? [command]
		: (environment['PATH'] ?? '')
				.split(delimiter)
				.filter(directory => isAbsolute(directory))
				.map(directory => join(directory, command));
	return candidates.find(candidate => isProgram(candidate)) ?? null;
}

function isProgram(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return statSync(path).isFile();
	} catch {
		return false;
	}
}
