/** Parser of keymap files. */
import {isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair} from 'yaml';

export type SourceLocation = {file: string; line: number; column: number};
export type KeymapProblem = SourceLocation & {message: string};

export type KeymapEntry = {
	context: string;
	action: string;
	keys: ReadonlyArray<{text: string; location: SourceLocation}>;
	location: SourceLocation;
	contextLocation: SourceLocation;
};
export type ParsedKeymap = {
	extends: {name: string; location: SourceLocation} | null;
	entries: readonly KeymapEntry[];
	problems: readonly KeymapProblem[];
};

/** JSON is YAML too. Never throws: errors become `problems`, and the rest is used. */
export function parseKeymap(file: string, text: string): ParsedKeymap {
	const counter = new LineCounter();
	const document = parseDocument(text, {lineCounter: counter, uniqueKeys: true, maxAliasCount: 0} as Parameters<typeof parseDocument>[1]);
	const problems: KeymapProblem[] = [];
	const locationOf = (node: unknown): SourceLocation => {
		const offset = (node as Node | undefined)?.range?.[0] ?? 0;
		const {line, col} = counter.linePos(offset);
		return {file, line: Math.max(1, line), column: Math.max(1, col)};
	};

	const report = (location: SourceLocation, message: string) => problems.push({...location, message});
	for (const error of document.errors) {
		const {line, col} = counter.linePos(error.pos[0]);
		report({file, line, column: col}, error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''));
	}

	const parsed: {extends: ParsedKeymap['extends']; entries: KeymapEntry[]} = {extends: null, entries: []};
	if (document.errors.length > 0 || document.contents === null) {
		return {...parsed, problems};
	}

	if (!isMap(document.contents)) {
		report(locationOf(document.contents), 'a keymap must be a mapping with `contexts`');
		return {...parsed, problems};
	}

	for (const {key, value} of document.contents.items as Array<Pair<Node, Node | null>>) {
		const name = textOf(key);
		if (name === 'extends' && isScalar(value) && typeof value.value === 'string') {
			parsed.extends = {name: value.value, location: locationOf(value)};
		} else if (name === 'contexts' && isMap(value)) {
			parsed.entries.push(...readContexts(value.items as Array<Pair<Node, Node | null>>, locationOf, report));
		} else {
			report(
				locationOf(key),
				name === 'contexts' || name === 'extends'
					? `\`${name}\` has the wrong type`
					: `unknown setting ${name}: a keymap has \`extends\` and \`contexts\``,
			);
		}
	}

	return {...parsed, problems};
}

function readContexts(
	items: Array<Pair<Node, Node | null>>,
	locationOf: (node: unknown) => SourceLocation,
	report: (location: SourceLocation, message: string) => void,
): KeymapEntry[] {
	const entries: KeymapEntry[] = [];
	for (const {key, value} of items) {
		const context = textOf(key);
		if (!isMap(value)) {
			report(locationOf(key), `context ${context} must be a mapping of actions to keys`);
			continue;
		}

		for (const pair of value.items as Array<Pair<Node, Node | null>>) {
			const keys = readKeys(pair.value, locationOf, message => {
				report(locationOf(pair.value ?? pair.key), message);
			});
			if (keys) {
				entries.push({context, action: textOf(pair.key), keys, location: locationOf(pair.key), contextLocation: locationOf(key)});
			}
		}
	}

	return entries;
}

function readKeys(
	value: Node | null,
	locationOf: (node: unknown) => SourceLocation,
	report: (message: string) => void,
): KeymapEntry['keys'] | null {
	const nodes = isSeq(value) ? (value.items as Node[]) : [value];
	const keys = nodes.map(node =>
		isScalar(node) && typeof node.value === 'string' ? {text: node.value, location: locationOf(node)} : null,
	);
	if (keys.includes(null)) {
		report('a key must be a string or a list of strings: quote it');
		return null;
	}

	return keys as KeymapEntry['keys'];
}

function textOf(node: unknown): string {
	return isScalar(node) ? String(node.value) : '?';
}
