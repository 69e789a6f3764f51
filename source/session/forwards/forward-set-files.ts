/** Saved sets of forwards, one editable file each. */
import {readdirSync, readFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {formatForwardEntry, parseForwardFile, type ForwardFileEntry} from '../../command-line/forward-file.ts';
import {configDirectory} from '../../command-line/config-directory.ts';
import {replaceFile} from '../../command-line/private-files.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {validateForward} from '../../streams/port-forward/forward-request.ts';

export type ForwardSet = {
	name: string;
	lines: readonly ForwardFileEntry[];
	/** Why the set is invalid. Its lines are empty then. */
	problem: string | null;
};

const head = '# Forwards of spoke, one per line: the arguments of `spoke port-forward`. Nothing here starts automatically.\n';

/** Synchronous, because the next key of a burst applies to the result. */
export function readForwardSets(env: NodeJS.ProcessEnv): ForwardSet[] {
	const folder = setsDirectory(env);
	return folder === null
		? []
		: filesIn(folder)
				.filter(file => isSetName(file))
				.sort()
				.map(name => readSet(join(folder, name), name));
}

function filesIn(folder: string): string[] {
	try {
		// Skips pipes, because opening one blocks.
		return readdirSync(folder, {withFileTypes: true})
			.filter(one => one.isFile() || one.isSymbolicLink())
			.map(({name}) => name);
	} catch {
		return [];
	}
}

function readSet(path: string, name: string): ForwardSet {
	try {
		return {name, lines: parseForwardFile(readFileSync(path, 'utf8'), name, validateForward), problem: null};
	} catch (error) {
		return {name, lines: [], problem: (error as Error).message};
	}
}

/** Replaces the file atomically. @throws the system error, or SpokeError */
export async function writeForwardSet(env: NodeJS.ProcessEnv, name: string, lines: readonly ForwardFileEntry[]): Promise<string> {
	const text = head + lines.map(line => `${formatForwardEntry(line)}\n`).join('');
	return write(env, name, text);
}

/** Keeps comments and other text. */
export async function addToForwardSet(env: NodeJS.ProcessEnv, name: string, line: ForwardFileEntry): Promise<string> {
	const before = await readFile(pathOfSet(env, name), 'utf8');
	return write(env, name, `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${formatForwardEntry(line)}\n`);
}

/** Names of sets never start with a dot, as the name of a draft does. */
async function write(env: NodeJS.ProcessEnv, name: string, text: string): Promise<string> {
	const path = pathOfSet(env, name);
	await replaceFile(path, text);
	return path;
}

export function isSetName(name: string): boolean {
	return /^\w[\w.-]{0,99}$/.test(name);
}

function pathOfSet(env: NodeJS.ProcessEnv, name: string): string {
	const folder = setsDirectory(env);
	if (!isSetName(name)) {
		throw new SpokeError('ERR_LOCAL_FILE', `invalid set name ${JSON.stringify(name)}: use letters, digits, . _ and -`);
	}

	if (folder === null) {
		throw new SpokeError('ERR_LOCAL_FILE', 'no directory for saved sets: HOME and XDG_CONFIG_HOME are not set');
	}

	return join(folder, name);
}

export function setsDirectory(env: NodeJS.ProcessEnv): string | null {
	const folder = configDirectory(env);
	return folder === null ? null : join(folder, 'forwards');
}
