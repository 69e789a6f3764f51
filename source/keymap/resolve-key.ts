/** Key lookup. */
import type {ActionId} from '../actions/action-table.ts';
import {contextStack} from '../actions/contexts.ts';
import type {Keymap} from './keymap.ts';

export type KeyResolution =
	| {kind: 'matched'; action: ActionId}
	/** `next`: the keys that can follow. */
	| {kind: 'pending'; keys: readonly string[]; next: ReadonlyArray<{keys: readonly string[]; action: ActionId}>}
	| {kind: 'none'};

/** An inner context that names an action (even without keys) replaces the binding of an outer one. `pending` is the start of a sequence. */
export function resolveKey(keymap: Keymap, context: string, pending: readonly string[], key: string): KeyResolution {
	const typed = [...pending, key];
	const longer: Array<{keys: readonly string[]; action: ActionId}> = [];
	for (const {action, sequences} of effectiveBindings(keymap, context)) {
		for (const sequence of sequences) {
			if (sequence.length < typed.length || typed.some((one, index) => one !== sequence[index])) {
				continue;
			}

			if (sequence.length > typed.length) {
				longer.push({keys: sequence.slice(typed.length), action});
			} else if (longer.length === 0) {
				return {kind: 'matched', action};
			}
		}
	}

	return longer.length > 0 ? {kind: 'pending', keys: typed, next: longer} : {kind: 'none'};
}

export function effectiveBindings(
	keymap: Keymap,
	context: string,
): ReadonlyArray<{context: string; action: ActionId; sequences: ReadonlyArray<readonly string[]>}> {
	const resolved = new Set<ActionId>();
	const found = [];
	for (const current of contextStack(context)) {
		const bindings = [...(keymap.get(current) ?? [])].filter(([action]) => !resolved.has(action));
		for (const [action, {sequences}] of bindings) {
			resolved.add(action);
			found.push({context: current, action, sequences});
		}
	}

	return found;
}
