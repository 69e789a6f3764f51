/** Reads a keymap file's text: what it binds, where each entry stands, and what is wrong with its shape. */
import {isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair} from 'yaml';

/** A place in a keymap file; lines and columns count from 1. */
export type SourceLocation = {file: string; line: number; column: number};
export type KeymapProblem = SourceLocation & {message: string};

export type KeymapEntry = {
	context: string;
	action: string;
	keys: ReadonlyArray<{text: string; place: SourceLocation}>;
	place: SourceLocation;
	contextPlace: SourceLocation;
};
export type ParsedKeymap = {
	extends: {name: string; place: SourceLocation} | null;
	entries: readonly KeymapEntry[];
	problems: readonly KeymapProblem[];
};

/** Parses YAML (JSON is YAML too). Never throws: all that is wrong comes back as problems, the rest is used. */
export function parseKeymap(file: string, text: string): ParsedKeymap {
	const counter = new LineCounter();
	const document = parseDocument(text, {lineCounter: counter, uniqueKeys: true, maxAliasCount: 0} as Parameters<typeof parseDocument>[1]);
	const problems: KeymapProblem[] = [];
	const at = (node: unknown): SourceLocation => {
		const offset = (node as Node | undefined)?.range?.[0] ?? 0;
		const {line, col} = counter.linePos(offset);
		return {file, line: Math.max(1, line), column: Math.max(1, col)};
	};

	const say = (place: SourceLocation, message: string) => problems.push({...place, message});
	for (const error of document.errors) {
		const {line, col} = counter.linePos(error.pos[0]);
		say({file, line, column: col}, error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''));
	}

	const parsed: {extends: ParsedKeymap['extends']; entries: KeymapEntry[]} = {extends: null, entries: []};
	if (document.errors.length > 0 || document.contents === null) {
		return {...parsed, problems};
	}

	if (!isMap(document.contents)) {
		say(at(document.contents), 'a keymap is a mapping with `contexts`');
		return {...parsed, problems};
	}

	for (const {key, value} of document.contents.items as Array<Pair<Node, Node | null>>) {
		const name = textOf(key);
		if (name === 'extends' && isScalar(value) && typeof value.value === 'string') {
			parsed.extends = {name: value.value, place: at(value)};
		} else if (name === 'contexts' && isMap(value)) {
			parsed.entries.push(...readContexts(value.items as Array<Pair<Node, Node | null>>, at, say));
		} else {
			say(
				at(key),
				name === 'contexts' || name === 'extends'
					? `\`${name}\` has the wrong shape`
					: `no setting is called ${name}: a keymap has \`extends\` and \`contexts\``,
			);
		}
	}

	return {...parsed, problems};
}

function readContexts(
	items: Array<Pair<Node, Node | null>>,
	at: (node: unknown) => SourceLocation,
	say: (place: SourceLocation, message: string) => void,
): KeymapEntry[] {
	const entries: KeymapEntry[] = [];
	for (const {key, value} of items) {
		const context = textOf(key);
		if (!isMap(value)) {
			say(at(key), `context ${context} holds no mapping of actions to keys`);
			continue;
		}

		for (const pair of value.items as Array<Pair<Node, Node | null>>) {
			const keys = readKeys(pair.value, at, message => {
				say(at(pair.value ?? pair.key), message);
			});
			if (keys) {
				entries.push({context, action: textOf(pair.key), keys, place: at(pair.key), contextPlace: at(key)});
			}
		}
	}

	return entries;
}

function readKeys(value: Node | null, at: (node: unknown) => SourceLocation, say: (message: string) => void): KeymapEntry['keys'] | null {
	const nodes = isSeq(value) ? (value.items as Node[]) : [value];
	const keys = nodes.map(node => (isScalar(node) && typeof node.value === 'string' ? {text: node.value, place: at(node)} : null));
	if (keys.includes(null)) {
		say('a key is text, or a list of texts: quote it');
		return null;
	}

	return keys as KeymapEntry['keys'];
}

function textOf(node: unknown): string {
	return isScalar(node) ? String(node.value) : '?';
}
