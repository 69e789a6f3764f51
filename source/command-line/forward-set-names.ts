/** Names of saved sets of forwards: the files of a directory. */
import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {configDirectory} from './config-directory.ts';

/** `null` without a home directory. */
export function forwardSetsDirectory(env: NodeJS.ProcessEnv): string | null {
	const directory = configDirectory(env);
	return directory === null ? null : join(directory, 'forwards');
}

/** In alphabetical order. */
export function forwardSetNames(env: NodeJS.ProcessEnv): string[] {
	const directory = forwardSetsDirectory(env);
	return directory === null
		? []
		: filesIn(directory)
				.filter(file => isForwardSetName(file))
				.sort();
}

/** Names of sets never start with a dot, as the name of a draft does. */
export function isForwardSetName(name: string): boolean {
	return /^\w[\w.-]{0,99}$/.test(name);
}

function filesIn(directory: string): string[] {
	try {
		// Skips pipes, because opening one blocks.
		return readdirSync(directory, {withFileTypes: true})
			.filter(one => one.isFile() || one.isSymbolicLink())
			.map(({name}) => name);
	} catch {
		return [];
	}
}
