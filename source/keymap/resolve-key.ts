/** Which action a key means here: matched, pending (a sequence has begun), or none. Pure; pending keys are passed in. */
import {contextStack} from './contexts.ts';
import type {Keymap} from './keymap.ts';

export type KeyResolution =
	| {kind: 'matched'; action: string}
	/** What may follow, for the hint. */
	| {kind: 'pending'; keys: readonly string[]; next: ReadonlyArray<{keys: readonly string[]; action: string}>}
	| {kind: 'none'};

/**
Looks `key` up in `context` and what it inherits, innermost first. An inner context that names an action (even with no key)
replaces what an outer one says of that action.
*/
export function resolveKey(keymap: Keymap, context: string, pending: readonly string[], key: string): KeyResolution {
	const typed = [...pending, key];
	const begun: Array<{keys: readonly string[]; action: string}> = [];
	for (const {action, sequences} of effectiveBindings(keymap, context)) {
		for (const sequence of sequences) {
			if (sequence.length < typed.length || typed.some((one, index) => one !== sequence[index])) {
				continue;
			}

			if (sequence.length > typed.length) {
				begun.push({keys: sequence.slice(typed.length), action});
			} else if (begun.length === 0) {
				return {kind: 'matched', action};
			}
		}
	}

	return begun.length > 0 ? {kind: 'pending', keys: typed, next: begun} : {kind: 'none'};
}

/** Every binding that counts in `context`, innermost context first. */
export function effectiveBindings(
	keymap: Keymap,
	context: string,
): ReadonlyArray<{context: string; action: string; sequences: ReadonlyArray<readonly string[]>}> {
	const named = new Set<string>();
	const found = [];
	for (const at of contextStack(context)) {
		const here = [...(keymap.get(at) ?? [])].filter(([action]) => !named.has(action));
		for (const [action, {sequences}] of here) {
			named.add(action);
			found.push({context: at, action, sequences});
		}
	}

	return found;
}
