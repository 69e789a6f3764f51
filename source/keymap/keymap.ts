/** Canonical key names. */
import type {ActionId} from '../actions/action-table.ts';
import type {SourceLocation} from '../command-line/settings-problem.ts';

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
