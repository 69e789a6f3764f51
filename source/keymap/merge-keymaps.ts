/** Lays keymaps over each other, default ← overlay ← user, and checks every entry; what cannot be used falls back to what stood there before. */
import {actionSpecs, findAction} from '../actions/action-table.ts';
import {contexts, contextStack} from './contexts.ts';
import {overlaps} from './describe-keys.ts';
import {parseKeys, formatKeys, typedText} from './key-name.ts';
import type {Binding, Keymap} from './keymap.ts';
import {suggestNearest} from './nearest-name.ts';
import type {KeymapEntry, ParsedKeymap, SourceLocation, KeymapProblem} from './parse-keymap.ts';

export type MergedKeymap = {keymap: Keymap; problems: readonly KeymapProblem[]};

/** Contexts in which a character is text. */
const typing = new Set(['prompt', 'picker', 'form']);
/** Without these there is no way out. */
const mustStay = ['app.quit', 'terminal.leave'];

/** Layers from the ground up. An action's keys are replaced whole by a later layer; the order of actions stays the default's. */
export function mergeKeymaps(layers: readonly ParsedKeymap[]): MergedKeymap {
	const problems: KeymapProblem[] = [];
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
	for (const action of mustStay) {
		const slot = `${findAction(action)!.context}/${action}`;
		const bindings = stacks.get(slot) ?? [];
		if (bindings.at(-1)?.sequences.length === 0 && bindings.length > 1) {
			problems.push({...bindings.at(-1)!.place, message: `${action} needs a key: without it there is no way out`});
			bindings.pop();
		}
	}

	return {keymap: asKeymap(stacks), problems};
}

function readEntry(entry: KeymapEntry, layer: number, problems: KeymapProblem[]): Binding | null {
	const say = (place: SourceLocation, message: string) => {
		problems.push({...place, message});
		return null;
	};

	if (!(entry.context in contexts)) {
		return say(entry.contextPlace, `no context is called ${entry.context}${suggestNearest(entry.context, Object.keys(contexts))}`);
	}

	const row = findAction(entry.action);
	if (!row) {
		return say(
			entry.place,
			`no action is called ${entry.action}${suggestNearest(
				entry.action,
				actionSpecs.map(row => row.id),
			)}`,
		);
	}

	if (!contextStack(entry.context).includes(row.context)) {
		return say(entry.place, `${entry.action} belongs to context ${row.context}, not to ${entry.context}`);
	}

	const sequences: Array<readonly string[]> = [];
	for (const {text, place} of entry.keys) {
		const parsed = parseKeys(text);
		if ('problem' in parsed) {
			return say(place, parsed.problem);
		}

		if (typing.has(entry.context) && typedText(parsed.keys[0]!) !== undefined) {
			return say(place, `${formatKeys(parsed.keys)} is text in ${contexts[entry.context]!.title}: use a named key or ctrl`);
		}

		sequences.push(parsed.keys);
	}

	return {sequences, place: entry.place, layer};
}

/** Two actions of one context may not share a key, nor may one's key begin another's sequence. The later layer gives way. */
function dropClashes(stacks: Map<string, Binding[]>, problems: KeymapProblem[]): void {
	for (;;) {
		const clash = findClash(stacks);
		if (!clash) {
			return;
		}

		problems.push({...clash.binding.place, message: clash.message});
		stacks.get(clash.slot)!.pop();
	}
}

function findClash(stacks: ReadonlyMap<string, Binding[]>): {slot: string; binding: Binding; message: string} | null {
	const seen: Array<{slot: string; binding: Binding; sequence: readonly string[]}> = [];
	for (const [slot, bindings] of stacks) {
		const binding = bindings.at(-1);
		for (const sequence of binding?.sequences ?? []) {
			const [context, action] = slot.split('/') as [string, string];
			const other = seen.find(one => one.slot.startsWith(`${context}/`) && one.slot !== slot && overlaps(one.sequence, sequence));
			if (other) {
				const later =
					other.binding.layer > binding!.layer
						? {...other, rival: action}
						: {slot, binding: binding!, sequence, rival: other.slot.split('/')[1]!};
				const word = other.sequence.length === sequence.length ? 'is also' : 'clashes with the sequence of';
				return {slot: later.slot, binding: later.binding, message: `${formatKeys(later.sequence)} ${word} ${later.rival} in ${context}`};
			}

			seen.push({slot, binding: binding!, sequence});
		}
	}

	return null;
}

function asKeymap(stacks: ReadonlyMap<string, Binding[]>): Keymap {
	const keymap = new Map<string, Map<string, Binding>>();
	for (const context of Object.keys(contexts)) {
		keymap.set(context, new Map());
	}

	for (const row of actionSpecs) {
		for (const [context, bindings] of keymap) {
			const binding = stacks.get(`${context}/${row.id}`)?.at(-1);
			if (binding) {
				bindings.set(row.id, binding);
			}
		}
	}

	return keymap;
}
