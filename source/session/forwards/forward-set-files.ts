/** Saved sets of forwards, one editable file each. */
import {readFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {
	formatForwardEntry,
	parseForwardFile,
	type ForwardFileEntry,
	forwardSetNames,
	forwardSetsDirectory,
	isForwardSetName,
} from '../../command-line/forward-file.ts';
import {replaceFile} from '../../command-line/private-files.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {validateForward} from '../../streams/port-forward/forward-request.ts';

export type ForwardSet = {
	name: string;
	lines: readonly ForwardFileEntry[];
	/** Why the set is invalid. Its lines are empty then. */
	problem: string | null;
};

const head =
	'# Forwards of spoke, one per line: the arguments of `spoke port-forward`. A line without --context\n# applies to every context. `spoke --forwards SET` starts the lines that apply to its context.\n';

/** Synchronous, because the next key of a burst applies to the result. */
export function readForwardSets(env: NodeJS.ProcessEnv): ForwardSet[] {
	const directory = forwardSetsDirectory(env);
	return directory === null ? [] : forwardSetNames(env).map(name => readSet(join(directory, name), name));
}

/** The set for `spoke --forwards NAME`. @throws SpokeError ERR_USAGE if there is none, or its file is invalid */
export function requireForwardSet(env: NodeJS.ProcessEnv, name: string): ForwardSet {
	const sets = readForwardSets(env);
	const set = sets.find(one => one.name === name);
	if (set === undefined) {
		throw new SpokeError('ERR_USAGE', `no saved set of forwards named ${JSON.stringify(name)}`, {
			remedy:
				sets.length === 0
					? 'save open forwards in the session, or write ~/.config/spoke/forwards/NAME'
					: `choose one of ${sets.map(one => one.name).join(', ')}`,
		});
	}

	if (set.problem !== null) {
		throw new SpokeError('ERR_USAGE', set.problem, {remedy: `correct ${pathOfSet(env, name)}`});
	}

	return set;
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

async function write(env: NodeJS.ProcessEnv, name: string, text: string): Promise<string> {
	const path = pathOfSet(env, name);
	await replaceFile(path, text);
	return path;
}

function pathOfSet(env: NodeJS.ProcessEnv, name: string): string {
	const directory = forwardSetsDirectory(env);
	if (!isForwardSetName(name)) {
		throw new SpokeError('ERR_LOCAL_FILE', `invalid set name ${JSON.stringify(name)}: use letters, digits, . _ and -`);
	}

	if (directory === null) {
		throw new SpokeError('ERR_LOCAL_FILE', 'no directory for saved sets: HOME and XDG_CONFIG_HOME are not set');
	}

	return join(directory, name);
}
