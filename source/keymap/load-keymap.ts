/** Finds and reads the keymap files: the shipped default, an overlay that is asked for, and the user's own. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {SpokeError} from '../errors/spoke-error.ts';
import {configDirectory} from '../command-line/config-directory.ts';
import {mergeKeymaps, type MergedKeymap} from './merge-keymaps.ts';
import {suggestNearest} from './nearest-name.ts';
import type {ParsedKeymap, KeymapProblem} from './parse-keymap.ts';
import {presetNames} from './preset-names.ts';
import {shippedKeymap} from './shipped-keymaps.ts';

export type LoadedKeymap = MergedKeymap & {
	/** The user's file, when there is one. */
	userFile: string | null;
	/** `default`, `vim` or `k9s`. */
	base: string;
};

/**
Loads default ← overlay ← the user's file. The overlay is what the user's file says in `extends`.
`file` (from `--keymap`) takes the place of the user's file; the name of an overlay is taken too. Never throws for what a file says.
@throws SpokeError ERR_KEYMAP when `file` cannot be read
*/
export async function loadKeymap(env: NodeJS.ProcessEnv, file?: string): Promise<LoadedKeymap> {
	const layers = [await shippedKeymap('default')];
	const isName = file === 'default' || (file !== undefined && presetNames.includes(file));
	const path = isName ? null : (file ?? userKeymapPath(env));
	const user = path === null ? null : await readUser(path, file !== undefined);
	let base = isName ? file : (user?.extends?.name ?? 'default');
	const extra: KeymapProblem[] = [];
	if (presetNames.includes(base)) {
		layers.push(await shippedKeymap(base));
	} else if (base !== 'default') {
		extra.push({
			...user!.extends!.place,
			message: `no keymap is called ${base}${suggestNearest(base, ['default', ...presetNames])}: default, ${presetNames.join(' or ')}`,
		});
		base = 'default';
	}

	if (layers.length === 1) {
		layers.push({extends: null, entries: [], problems: []});
	}

	const merged = mergeKeymaps(user === null ? layers : [...layers, user]);
	return {keymap: merged.keymap, problems: [...extra, ...merged.problems], userFile: user === null ? null : path, base};
}

/** `~/.config/spoke/keymap.yaml`; null when there is no home. */
export function userKeymapPath(env: NodeJS.ProcessEnv): string | null {
	const folder = configDirectory(env);
	return folder === null ? null : join(folder, 'keymap.yaml');
}

async function readUser(path: string, asked: boolean): Promise<ParsedKeymap | null> {
	try {
		const text = await readFile(path, 'utf8');
		const {parseKeymap} = await import('./parse-keymap.ts');
		return parseKeymap(path, text);
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		if (asked) {
			throw new SpokeError('ERR_KEYMAP', `keymap ${path} cannot be read: ${message}`, {
				remedy: `give a file, or default, ${presetNames.join(' or ')}`,
				cause: error,
			});
		}

		return code === 'ENOENT'
			? null
			: {extends: null, entries: [], problems: [{file: path, line: 1, column: 1, message: `cannot be read: ${message}`}]};
	}
}
