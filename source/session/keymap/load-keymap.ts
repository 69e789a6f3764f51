/** Loader of the keymap in use. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {SpokeError, type SettingsProblem, type SourceLocation} from '../../base/errors/spoke-error.ts';
import {configDirectory} from '../../base/command-line/private-files.ts';
import {presetNames, overlaps, formatKeys, parseKeys, typedText, type Binding, type Keymap} from './keymap.ts';
import type {ParsedKeymap, KeymapEntry} from './parse-keymap.ts';
import {shippedKeymap} from './shipped-keymaps.ts';
import {actionIn, actionsIn, actionSpecs, findAction, type ActionId} from '../actions/action-table.ts';
import {contexts} from '../actions/contexts.ts';
import {closestWord} from '../../base/command-line/parse-command-line.ts';

export type LoadedKeymap = MergedKeymap & {
	userFile: string | null;
	base: string;
};

type MergedKeymap = {
	keymap: Keymap;
	problems: readonly SettingsProblem[];
};

const typingContexts = new Set(['prompt', 'picker', 'form']);
/** Actions without which the user could not leave a view. */
const requiredActions = ['app.quit', 'terminal.leave'] as const satisfies readonly ActionId[];

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

/** `layers` start with the default. A later layer replaces all keys of an action. */
export function mergeKeymaps(layers: readonly ParsedKeymap[]): MergedKeymap {
	const problems: SettingsProblem[] = [];
	const stacks = new Map<string, Binding[]>();
	for (const [layer, parsed] of layers.entries()) {
		problems.push(...parsed.problems);
		for (const entry of parsed.entries) {
			const binding = readEntry(entry, layer, problems);
			if (binding) {
				const slot = `${entry.context}/${entry.action}`;
				stacks.set(slot, [...(stacks.get(slot) ?? []), binding]);
			}
		}
	}

	dropClashes(stacks, problems);
	for (const action of requiredActions) {
		const slot = `${findAction(action).context}/${action}`;
		const bindings = stacks.get(slot) ?? [];
		if (bindings.at(-1)?.sequences.length === 0 && bindings.length > 1) {
			problems.push({...bindings.at(-1)!.location, message: `${action} needs a key: without it, you could not leave`});
			bindings.pop();
		}
	}

	return {keymap: toKeymap(stacks), problems};
}

function readEntry(entry: KeymapEntry, layer: number, problems: SettingsProblem[]): Binding | null {
	const reject = (location: SourceLocation, message: string) => {
		problems.push({...location, message});
		return null;
	};

	if (!(entry.context in contexts)) {
		return reject(entry.contextLocation, `unknown context ${entry.context}${suggestNearest(entry.context, Object.keys(contexts))}`);
	}

	if (!actionIn(entry.context, entry.action)) {
		const owners = actionSpecs.filter(({id}) => id === entry.action).map(({context}) => context);
		const problem =
			owners.length > 0
				? `${entry.action} belongs to ${owners.length === 1 ? 'context' : 'contexts'} ${owners.join(', ')}, not to ${entry.context}`
				: `unknown action ${entry.action}${suggestNearest(entry.action, [...new Set(actionSpecs.map(({id}) => id))])}`;
		return reject(entry.location, problem);
	}

	const sequences: Array<readonly string[]> = [];
	for (const {text, location} of entry.keys) {
		const parsed = parseKeys(text);
		if ('problem' in parsed) {
			return reject(location, parsed.problem);
		}

		if (typingContexts.has(entry.context) && typedText(parsed.keys[0]!) !== undefined) {
			return reject(location, `${formatKeys(parsed.keys)} types text in context ${entry.context}: use a named key or ctrl`);
		}

		sequences.push(parsed.keys);
	}

	return {sequences, location: entry.location, layer};
}

/** Two actions of one context must not share a key, nor must a key start the sequence of another action. Drops the later layer. */
function dropClashes(stacks: Map<string, Binding[]>, problems: SettingsProblem[]): void {
	for (;;) {
		const clash = findClash(stacks);
		if (!clash) {
			return;
		}

		problems.push({...clash.binding.location, message: clash.message});
		stacks.get(clash.slot)!.pop();
	}
}

function findClash(stacks: ReadonlyMap<string, Binding[]>): {slot: string; binding: Binding; message: string} | null {
	const seenIn = new Map<string, Array<{slot: string; binding: Binding; sequence: readonly string[]}>>();
	for (const [slot, bindings] of stacks) {
		const binding = bindings.at(-1);
		const [context, action] = slot.split('/') as [string, string];
		const seen = seenIn.get(context) ?? [];
		seenIn.set(context, seen);
		for (const sequence of binding?.sequences ?? []) {
			const other = seen.find(one => one.slot !== slot && overlaps(one.sequence, sequence));
			if (other) {
				const later =
					other.binding.layer > binding!.layer
						? {...other, rival: action}
						: {slot, binding: binding!, sequence, rival: other.slot.split('/')[1]!};
				const relation = other.sequence.length === sequence.length ? 'is already bound to' : 'conflicts with the sequence of';
				return {
					slot: later.slot,
					binding: later.binding,
					message: `${formatKeys(later.sequence)} ${relation} ${later.rival} in ${context}`,
				};
			}

			seen.push({slot, binding: binding!, sequence});
		}
	}

	return null;
}

function toKeymap(stacks: ReadonlyMap<string, Binding[]>): Keymap {
	return new Map(Object.keys(contexts).map(context => [context, bindingsOf(context, stacks)]));
}

/** The actions of outer contexts first. */
function bindingsOf(context: string, stacks: ReadonlyMap<string, Binding[]>): ReadonlyMap<ActionId, Binding> {
	const bindings = new Map<ActionId, Binding>();
	for (const {id} of actionsIn(context)) {
		const binding = stacks.get(`${context}/${id}`)?.at(-1);
		if (binding) {
			bindings.set(id, binding);
		}
	}

	return bindings;
}

/** ` (did you mean x?)`, or an empty text. */
function suggestNearest(typed: string, names: readonly string[]): string {
	const closest = closestWord(typed, names);
	return closest === null ? '' : ` (did you mean ${closest}?)`;
}
