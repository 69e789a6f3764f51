/** The directory of detached forwards: a state file, a log file and a control socket of each. */
import {chmodSync, lstatSync, mkdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {stateDirectory} from '../command-line/config-directory.ts';
import {assertOwn} from '../command-line/private-files.ts';
import {SpokeError} from '../errors/spoke-error.ts';

/** Creates the directory, mode 0700. @throws SpokeError ERR_LOCAL_FILE if it cannot, or another user can change the directory */
export function createForwardsDirectory(env: NodeJS.ProcessEnv): string {
	const parent = stateDirectory(env);
	if (parent === null) {
		throw new SpokeError('ERR_LOCAL_FILE', 'no directory for detached forwards: HOME and XDG_STATE_HOME are not set');
	}

	const directory = join(parent, 'forwards');
	try {
		mkdirSync(directory, {recursive: true, mode: 0o700});
		assertPrivate(parent, directory);
		chmodSync(directory, 0o700);
		return directory;
	} catch (error) {
		throw unusable(directory, error);
	}
}

/** `null` if there is none, and so no forward. @throws SpokeError ERR_LOCAL_FILE if another user can change it */
export function findForwardsDirectory(env: NodeJS.ProcessEnv): string | null {
	const parent = stateDirectory(env);
	if (parent === null) {
		return null;
	}

	const directory = join(parent, 'forwards');
	try {
		assertPrivate(parent, directory);
		return directory;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return null;
		}

		throw unusable(directory, error);
	}
}

/** Anyone who can change one of them can put a socket of their own there. */
function assertPrivate(parent: string, directory: string): void {
	const stats = lstatSync(directory);
	if (!stats.isDirectory()) {
		const what = stats.isSymbolicLink() ? 'a symbolic link' : 'no directory';
		throw new SpokeError('ERR_LOCAL_FILE', `${directory} is ${what}, so spoke keeps no detached forwards there`);
	}

	const forwards = {code: 'ERR_LOCAL_FILE', content: 'the state of detached forwards'} as const;
	assertOwn(directory, stats, forwards);
	assertOwn(parent, statSync(parent), forwards);
}

function unusable(directory: string, error: unknown): SpokeError {
	return error instanceof SpokeError
		? error
		: new SpokeError('ERR_LOCAL_FILE', `cannot use ${directory}: ${(error as Error).message}`, {cause: error});
}
