/** Merger of keymaps. An invalid entry falls back to the layer below. */
import {actionIn, actionsIn, actionSpecs, findAction, type ActionId} from '../actions/action-table.ts';
import {contexts} from '../actions/contexts.ts';
import {overlaps} from './describe-keys.ts';
import {formatKeys, parseKeys, typedText, type Binding, type Keymap} from './keymap.ts';
import type {SettingsProblem, SourceLocation} from '../command-line/settings-problem.ts';
import type {KeymapEntry, ParsedKeymap} from './parse-keymap.ts';

export type MergedKeymap = {
	keymap: Keymap;
	problems: readonly SettingsProblem[];
};

const typingContexts = new Set(['prompt', 'picker', 'form']);
/** Actions without which the user could not leave a view. */
const requiredActions = ['app.quit', 'terminal.leave'] as const satisfies readonly ActionId[];

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
export function suggestNearest(typed: string, names: readonly string[]): string {
	let best: {name: string; far: number} | null = null;
	for (const name of names) {
		const distance = levenshteinDistance(typed, name);
		if (distance <= Math.max(1, Math.floor(typed.length / 3)) && (best === null || distance < best.far)) {
			best = {name, far: distance};
		}
	}

	return best === null ? '' : ` (did you mean ${best.name}?)`;
}

function levenshteinDistance(one: string, other: string): number {
	let row = Array.from({length: other.length + 1}, (_, index) => index);
	for (let i = 1; i <= one.length; i++) {
		const next = [i];
		for (let j = 1; j <= other.length; j++) {
			next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)));
		}

		row = next;
	}

	return row[other.length]!;
}
