/** How a key is written: one canonical name for each key that a terminal can deliver. */

const named = new Set([
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

const otherNames: Readonly<Record<string, string>> = {
	escape: 'esc',
	return: 'enter',
	' ': 'space',
	pageup: 'pgup',
	pagedown: 'pgdn',
	del: 'delete',
	ins: 'insert',
};

/** In a terminal these are the very same bytes as another key. */
const sameBytes: Readonly<Record<string, string>> = {
	'ctrl+i': 'tab',
	'ctrl+m': 'enter',
	'ctrl+j': 'enter',
	'ctrl+h': 'backspace',
	'ctrl+[': 'esc',
};

export type ParsedKeys = {keys: readonly string[]} | {problem: string};

/** Reads a key or a sequence (`ctrl+] d`) into canonical names, or says what is wrong with it. */
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
	const pieces = text.length > 1 ? text.split(/(?<=.)\+(?=.)/) : [text];
	const last = pieces.at(-1)!;
	const modifiers = new Set(pieces.slice(0, -1).map(piece => piece.toLowerCase()));
	const unknown = [...modifiers].find(modifier => !['ctrl', 'alt', 'shift'].includes(modifier));
	if (unknown !== undefined) {
		return {problem: `no modifier is called ${unknown}: use ctrl, alt or shift`};
	}

	const isCharacter = [...last].length === 1;
	const base = isCharacter ? last : (otherNames[last.toLowerCase()] ?? last.toLowerCase());
	if (!isCharacter && !named.has(base)) {
		return {problem: `no key is called ${last}`};
	}

	if (isCharacter && modifiers.has('shift')) {
		return {problem: `a terminal sends shift+${last} as ${last.toUpperCase()}: write that`};
	}

	if (modifiers.has('shift') && !['tab', 'up', 'down', 'left', 'right', 'home', 'end'].includes(base)) {
		return {problem: `a terminal cannot tell shift+${base} from ${base}`};
	}

	const held = ['ctrl', 'alt', 'shift']
		.filter(name => modifiers.has(name))
		.map(name => `${name}+`)
		.join('');
	const key = `${held}${modifiers.has('ctrl') && isCharacter ? last.toLowerCase() : base}`;
	const same = sameBytes[key];
	if (same !== undefined) {
		return {problem: `a terminal sends ${key} as ${same}: bind that`};
	}

	if (modifiers.has('ctrl') && isCharacter && !/[a-z\]\\^_]/.test(last.toLowerCase())) {
		return {problem: `a terminal cannot send ctrl+${last}`};
	}

	if (modifiers.has('ctrl') && ['enter', 'esc', 'tab', 'backspace'].includes(base)) {
		return {problem: `a terminal cannot tell ctrl+${base} from ${base}`};
	}

	return {key};
}

const shownAs: Readonly<Record<string, string>> = {
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

/** A sequence of canonical names as footer, help and documents show it: `Ctrl-] d`, `S-Tab`, `G`. */
export function formatKeys(keys: readonly string[]): string {
	return keys
		.map(
			key =>
				shownAs[key] ??
				key
					.replace(/^ctrl\+/, 'Ctrl-')
					.replace(/alt\+/, 'Alt-')
					.replace(/shift\+/, 'S-')
					.replace(/(?<=-)(\w{2,})$/, name => shownAs[name] ?? name),
		)
		.join(' ');
}

/** The character that a key types, or `undefined` when it types none. */
export function typedText(key: string): string | undefined {
	if (key === 'space') {
		return ' ';
	}

	return [...key].length === 1 ? key : undefined;
}

/** On a slow line Esc and the key behind it arrive in one go and read as Alt with it: both, or `null` when `key` is no such chord. */
export function splitAltChord(key: string): readonly [string, string] | null {
	return key.startsWith('alt+') ? ['esc', key.slice(4)] : null;
}

/** Whether a key is a chord that types nothing. */
export function isChord(key: string): boolean {
	return key.startsWith('ctrl+');
}
