/** Canonical key names, key lookup, and the keys of a context for screens and documents. */
import {type ActionId, actionIn, type ActionSpec, actionsIn} from '../actions/action-table.ts';
import type {SourceLocation} from '../../base/errors/spoke-error.ts';
import {contextStack, contexts} from '../actions/contexts.ts';

const namedKeys = new Set([
	'enter',
	'esc',
	'tab',
	'space',
	'backspace',
	'delete',
	'insert',
	'up',
	'down',
	'left',
	'right',
	'home',
	'end',
	'pgup',
	'pgdn',
	...Array.from({length: 12}, (_, index) => `f${index + 1}`),
]);

const aliases: Readonly<Record<string, string>> = {
	escape: 'esc',
	return: 'enter',
	' ': 'space',
	pageup: 'pgup',
	pagedown: 'pgdn',
	del: 'delete',
	ins: 'insert',
};

/** Keys that a terminal sends as the same bytes. */
const canonicalEquivalents: Readonly<Record<string, string>> = {
	'ctrl+i': 'tab',
	'ctrl+m': 'enter',
	'ctrl+j': 'enter',
	'ctrl+h': 'backspace',
	'ctrl+[': 'esc',
};

type ParsedKeys = {keys: readonly string[]} | {problem: string};

export type Binding = {
	/** Empty means unbound on purpose. */
	sequences: ReadonlyArray<readonly string[]>;
	location: SourceLocation;
	/** A higher layer replaces lower ones; the default is 0. */
	layer: number;
};

export type Keymap = ReadonlyMap<string, ReadonlyMap<ActionId, Binding>>;

export const presetNames: readonly string[] = ['vim', 'k9s'];

export type KeyResolution =
	| {kind: 'matched'; action: ActionId}
	/** `next`: the keys that can follow. */
	| {kind: 'pending'; keys: readonly string[]; next: ReadonlyArray<{keys: readonly string[]; action: ActionId}>}
	| {kind: 'none'};

export type KeyHint = {
	action: ActionSpec;
	/** Empty if unbound, or if an inner context uses all of its keys. */
	keys: readonly string[];
	context: string;
	disabledReason: string | null;
};

/** While no reason changed, the hints are the same array, so that what shows keys is not drawn again. */
const lastHints = new WeakMap<readonly FreeKeys[], readonly KeyHint[]>();

type FreeKeys = Omit<KeyHint, 'disabledReason'>;

/** Keymaps are immutable, and every frame needs the footer. */
const freeKeysCache = new WeakMap<Keymap, Map<string, readonly FreeKeys[]>>();

export type KeyTableRow = {context: string; contextTitle: string; action: string; keys: readonly string[]; title: string; access: string};

export function parseKeys(text: string): ParsedKeys {
	const parts = text === ' ' ? ['space'] : text.trim().split(/ +/);
	const keys: string[] = [];
	for (const part of parts) {
		const parsed = parseKey(part);
		if ('problem' in parsed) {
			return parsed;
		}

		keys.push(parsed.key);
	}

	return {keys};
}

function parseKey(text: string): {key: string} | {problem: string} {
	const parts = text.length > 1 ? text.split(/(?<=.)\+(?=.)/) : [text];
	const last = parts.at(-1)!;
	const modifiers = new Set(parts.slice(0, -1).map(piece => piece.toLowerCase()));
	const unknown = [...modifiers].find(modifier => !['ctrl', 'alt', 'shift'].includes(modifier));
	if (unknown !== undefined) {
		return {problem: `unknown modifier ${unknown}: use ctrl, alt or shift`};
	}

	const isCharacter = [...last].length === 1;
	const base = isCharacter ? last : (aliases[last.toLowerCase()] ?? last.toLowerCase());
	if (!isCharacter && !namedKeys.has(base)) {
		return {problem: `unknown key ${last}`};
	}

	if (isCharacter && modifiers.has('shift')) {
		return {problem: `a terminal sends shift+${last} as ${last.toUpperCase()}: write that`};
	}

	if (modifiers.has('shift') && !['tab', 'up', 'down', 'left', 'right', 'home', 'end'].includes(base)) {
		return {problem: `a terminal cannot distinguish shift+${base} from ${base}`};
	}

	const prefix = ['ctrl', 'alt', 'shift']
		.filter(name => modifiers.has(name))
		.map(name => `${name}+`)
		.join('');
	const key = `${prefix}${modifiers.has('ctrl') && isCharacter ? last.toLowerCase() : base}`;
	const equivalent = canonicalEquivalents[key];
	if (equivalent !== undefined) {
		return {problem: `a terminal sends ${key} as ${equivalent}: bind that`};
	}

	if (modifiers.has('ctrl') && isCharacter && !/[a-z\]\\^_]/.test(last.toLowerCase())) {
		return {problem: `a terminal cannot send ctrl+${last}`};
	}

	if (modifiers.has('ctrl') && ['enter', 'esc', 'tab', 'backspace'].includes(base)) {
		return {problem: `a terminal cannot distinguish ctrl+${base} from ${base}`};
	}

	return {key};
}

const displayNames: Readonly<Record<string, string>> = {
	enter: 'Enter',
	esc: 'Esc',
	tab: 'Tab',
	'shift+tab': 'S-Tab',
	space: 'Space',
	backspace: 'Backspace',
	delete: 'Del',
	insert: 'Ins',
	up: '↑',
	down: '↓',
	left: '←',
	right: '→',
	home: 'Home',
	end: 'End',
	pgup: 'PgUp',
	pgdn: 'PgDn',
};

/** `Ctrl-] d`, `S-Tab`, `G`. */
export function formatKeys(keys: readonly string[]): string {
	return keys
		.map(
			key =>
				displayNames[key] ??
				key
					.replace(/^ctrl\+/, 'Ctrl-')
					.replace(/alt\+/, 'Alt-')
					.replace(/shift\+/, 'S-')
					.replace(/(?<=-)(\w{2,})$/, name => displayNames[name] ?? name),
		)
		.join(' ');
}

export function typedText(key: string): string | undefined {
	if (key === 'space') {
		return ' ';
	}

	return [...key].length === 1 ? key : undefined;
}

/** Splits an Alt chord into Esc and the key, because a slow connection can deliver both together. */
export function splitAltChord(key: string): readonly [string, string] | null {
	return key.startsWith('alt+') ? ['esc', key.slice(4)] : null;
}

export function isCtrlChord(key: string): boolean {
	return key.startsWith('ctrl+');
}

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

/** @see https://json-schema.org/draft-07 */
export function keymapSchema(): object {
	return {
		$schema: 'http://json-schema.org/draft-07/schema#',
		title: 'spoke keymap',
		type: 'object',
		additionalProperties: false,
		properties: {
			extends: {description: 'the keymap that this one extends', enum: ['default', ...presetNames]},
			contexts: {
				type: 'object',
				additionalProperties: false,
				properties: Object.fromEntries(
					Object.entries(contexts).map(([name, {title}]) => [
						name,
						{
							description: title,
							type: 'object',
							additionalProperties: false,
							properties: Object.fromEntries(
								actionsIn(name).map(spec => [
									spec.id,
									{
										description: spec.title,
										$ref: '#/definitions/keys',
									},
								]),
							),
						},
					]),
				),
			},
		},
		definitions: {
			keys: {
				description: 'a key or sequence ("g g"), a list of them, or [] for none',
				oneOf: [
					{type: 'string', minLength: 1},
					{type: 'array', items: {type: 'string', minLength: 1}},
				],
			},
		},
	};
}
