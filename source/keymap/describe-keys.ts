/** The keys of a place as one structure: footer, `?`, the palette, `spoke keys` and the document are readings of it. */
import {findAction} from '../actions/action-table.ts';
import type {ActionSpec} from '../actions/action-spec.ts';
import {contexts} from './contexts.ts';
import {formatKeys} from './key-name.ts';
import type {Keymap} from './keymap.ts';
import {effectiveBindings} from './resolve-key.ts';

export type KeyHint = {
	action: ActionSpec;
	/** As shown; none when unbound, or when every key of it means something else here. */
	keys: readonly string[];
	/** The context that binds it. */
	context: string;
	/** Why it is off here; `null` when it is on. */
	off: string | null;
};

/** All actions of `context` and of what it inherits, innermost first. `off` says why an action cannot be used now. */
export function describeKeys(keymap: Keymap, context: string, off: (action: ActionSpec) => string | null = () => null): readonly KeyHint[] {
	return freeKeys(keymap, context).map(hint => ({...hint, off: off(hint.action)}));
}

type FreeKeys = Omit<KeyHint, 'off'>;

/** A keymap does not change, and every frame asks for its footer. */
const known = new WeakMap<Keymap, Map<string, readonly FreeKeys[]>>();

function freeKeys(keymap: Keymap, context: string): readonly FreeKeys[] {
	const ofKeymap = known.get(keymap) ?? new Map<string, readonly FreeKeys[]>();
	known.set(keymap, ofKeymap);
	const free = ofKeymap.get(context) ?? findFreeKeys(keymap, context);
	ofKeymap.set(context, free);
	return free;
}

function findFreeKeys(keymap: Keymap, context: string): readonly FreeKeys[] {
	const taken: Array<{context: string; sequence: readonly string[]}> = [];
	return effectiveBindings(keymap, context).map(({context: at, action: id, sequences}) => {
		const free = sequences.filter(sequence => taken.every(inner => inner.context === at || !overlaps(inner.sequence, sequence)));
		taken.push(...free.map(sequence => ({context: at, sequence})));
		return {action: findAction(id)!, keys: free.map(sequence => formatKeys(sequence)), context: at};
	});
}

/** True when one of two sequences begins the other, or is it. */
export function overlaps(one: readonly string[], other: readonly string[]): boolean {
	const length = Math.min(one.length, other.length);
	return one.slice(0, length).every((key, index) => key === other[index]);
}

/** The footer from left to right: own actions, then the inherited ones; each with its first key. */
export function footerHints(hints: readonly KeyHint[]): ReadonlyArray<{key: string; label: string; id: string; off: boolean}> {
	return hints
		.filter(({action, keys}) => action.footer > 0 && keys.length > 0)
		.sort((one, other) => one.action.footer - other.action.footer)
		.map(({action, keys, off}) => ({key: keys[0]!, label: action.label, id: action.id, off: off !== null}));
}

export type KeyTableRow = {context: string; contextTitle: string; action: string; keys: readonly string[]; title: string; access: string};

/** Every context with its own bindings, for `spoke keys` and the document. */
export function keyTable(keymap: Keymap): readonly KeyTableRow[] {
	return [...keymap].flatMap(([context, bindings]) =>
		[...bindings].map(([action, {sequences}]) => ({
			context,
			contextTitle: contexts[context]!.title,
			action,
			keys: sequences.map(sequence => formatKeys(sequence)),
			title: findAction(action)!.title,
			access: findAction(action)!.access,
		})),
	);
}
