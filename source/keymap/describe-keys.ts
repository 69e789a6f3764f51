/** The keys of a context, for screens and documents. */
import {actionIn, type ActionId, type ActionSpec} from '../actions/action-table.ts';
import {contexts} from '../actions/contexts.ts';
import {formatKeys, type Keymap} from './keymap.ts';
import {effectiveBindings} from './resolve-key.ts';

export type KeyHint = {
	action: ActionSpec;
	/** Empty if unbound, or if an inner context uses all of its keys. */
	keys: readonly string[];
	context: string;
	disabledReason: string | null;
};

export function describeKeys(
	keymap: Keymap,
	context: string,
	disabledReason: (action: ActionSpec) => string | null = () => null,
): readonly KeyHint[] {
	const free = freeKeys(keymap, context);
	const hints = free.map(hint => ({...hint, disabledReason: disabledReason(hint.action)}));
	const last = lastHints.get(free);
	if (last?.every((hint, index) => hint.disabledReason === hints[index]!.disabledReason)) {
		return last;
	}

	lastHints.set(free, hints);
	return hints;
}

/** While no reason changed, the hints are the same array, so that what shows keys is not drawn again. */
const lastHints = new WeakMap<readonly FreeKeys[], readonly KeyHint[]>();

type FreeKeys = Omit<KeyHint, 'disabledReason'>;

/** Keymaps are immutable, and every frame needs the footer. */
const freeKeysCache = new WeakMap<Keymap, Map<string, readonly FreeKeys[]>>();

function freeKeys(keymap: Keymap, context: string): readonly FreeKeys[] {
	const byContext = freeKeysCache.get(keymap) ?? new Map<string, readonly FreeKeys[]>();
	freeKeysCache.set(keymap, byContext);
	const free = byContext.get(context) ?? findFreeKeys(keymap, context);
	byContext.set(context, free);
	return free;
}

function findFreeKeys(keymap: Keymap, context: string): readonly FreeKeys[] {
	const used: Array<{context: string; sequence: readonly string[]}> = [];
	return effectiveBindings(keymap, context).map(({context: owner, action: id, sequences}) => {
		const free = sequences.filter(sequence => used.every(inner => inner.context === owner || !overlaps(inner.sequence, sequence)));
		used.push(...free.map(sequence => ({context: owner, sequence})));
		return {action: actionIn(context, id)!, keys: free.map(sequence => formatKeys(sequence)), context: owner};
	});
}

export function overlaps(one: readonly string[], other: readonly string[]): boolean {
	const length = Math.min(one.length, other.length);
	return one.slice(0, length).every((key, index) => key === other[index]);
}

export function footerHints(hints: readonly KeyHint[]): ReadonlyArray<{key: string; label: string; id: ActionId; isDisabled: boolean}> {
	return hints
		.filter(({action, keys}) => action.footer > 0 && keys.length > 0)
		.sort((one, other) => one.action.footer - other.action.footer)
		.map(({action, keys, disabledReason}) => ({key: keys[0]!, label: action.label, id: action.id, isDisabled: disabledReason !== null}));
}

export type KeyTableRow = {context: string; contextTitle: string; action: string; keys: readonly string[]; title: string; access: string};

/** The rows of `spoke keys` and docs/keys.md. */
export function keyTable(keymap: Keymap): readonly KeyTableRow[] {
	return [...keymap].flatMap(([context, bindings]) =>
		[...bindings].map(([action, {sequences}]) => {
			const {title, access} = actionIn(context, action)!;
			const keys = sequences.map(sequence => formatKeys(sequence));
			return {context, contextTitle: contexts[context]!.title, action, keys, title, access};
		}),
	);
}
