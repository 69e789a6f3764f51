/** Loader of the keymap in use. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {SpokeError} from '../errors/spoke-error.ts';
import {configDirectory} from '../command-line/directories.ts';
import type {SettingsProblem} from '../command-line/settings-problem.ts';
import {presetNames} from './keymap.ts';
import {type MergedKeymap, mergeKeymaps, suggestNearest} from './merge-keymaps.ts';
import type {ParsedKeymap} from './parse-keymap.ts';
import {shippedKeymap} from './shipped-keymaps.ts';

export type LoadedKeymap = MergedKeymap & {
	userFile: string | null;
	base: string;
};

/**
Merges the default, a preset (`extends` in the user's file) and the user's file. `file` (from `--keymap`) replaces the user's file and can
be the name of a preset. Never throws for the content of a file.
@throws SpokeError ERR_KEYMAP when `file` cannot be read
*/
export async function loadKeymap(env: NodeJS.ProcessEnv, file?: string): Promise<LoadedKeymap> {
	const layers = [await shippedKeymap('default')];
	const isName = file === 'default' || (file !== undefined && presetNames.includes(file));
	const path = isName ? null : (file ?? userKeymapPath(env));
	const user = path === null ? null : await readUserKeymap(path, file !== undefined);
	let base = isName ? file : (user?.extends?.name ?? 'default');
	const presetProblems: SettingsProblem[] = [];
	if (presetNames.includes(base)) {
		layers.push(await shippedKeymap(base));
	} else if (base !== 'default') {
		presetProblems.push({
			...user!.extends!.location,
			message: `unknown keymap ${base}${suggestNearest(base, ['default', ...presetNames])}: default, ${presetNames.join(' or ')}`,
		});
		base = 'default';
	}

	const merged = mergeKeymaps(user === null ? layers : [...layers, user]);
	return {...merged, problems: [...presetProblems, ...merged.problems], userFile: user === null ? null : path, base};
}

/** `~/.config/spoke/keymap.yaml`; `null` without a home directory. */
export function userKeymapPath(env: NodeJS.ProcessEnv): string | null {
	const directory = configDirectory(env);
	return directory === null ? null : join(directory, 'keymap.yaml');
}

async function readUserKeymap(path: string, isRequired: boolean): Promise<ParsedKeymap | null> {
	try {
		const text = await readFile(path, 'utf8');
		const {parseKeymap} = await import('./parse-keymap.ts');
		return parseKeymap(path, text);
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		if (isRequired) {
			throw new SpokeError('ERR_KEYMAP', `cannot read keymap ${path}: ${message}`, {
				remedy: `pass a file, or default, ${presetNames.join(' or ')}`,
				cause: error,
			});
		}

		return code === 'ENOENT'
			? null
			: {extends: null, entries: [], problems: [{file: path, line: 1, column: 1, message: `cannot read the file: ${message}`}]};
	}
}
