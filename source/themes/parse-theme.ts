/** Parser of theme files. */
import {isMap, isScalar, LineCounter, parseDocument, type Node, type Pair} from 'yaml';
import {closestWord} from '../command-line/closest-word.ts';
import {isColor} from './color.ts';
import {roles, shippedThemeNames, type Colors, type Role, type ShippedThemeName} from './theme-roles.ts';

export type ThemeProblem = {file: string; line: number; column: number; message: string};

export type ParsedTheme = {extends: ShippedThemeName | null; colors: Partial<Colors>; problems: readonly ThemeProblem[]};

type Pairs = Array<Pair<Node, Node | null>>;

/** JSON is YAML too. Never throws: errors become `problems`, and the rest is used. */
export function parseTheme(file: string, text: string): ParsedTheme {
	const counter = new LineCounter();
	const document = parseDocument(text, {lineCounter: counter, uniqueKeys: true, maxAliasCount: 0} as Parameters<typeof parseDocument>[1]);
	const problems: ThemeProblem[] = [];
	const reportAt = (offset: number, message: string) => {
		const {line, col} = counter.linePos(offset);
		problems.push({file, line: Math.max(1, line), column: Math.max(1, col), message});
	};

	const report = (node: Node | null, message: string) => {
		reportAt(node?.range?.[0] ?? 0, message);
	};

	for (const error of document.errors) {
		reportAt(error.pos[0], error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''));
	}

	const {contents} = document;
	if (document.errors.length > 0 || contents === null) {
		return {extends: null, colors: {}, problems};
	}

	if (!isMap(contents)) {
		report(contents, 'a theme must be a mapping with `extends` and `colors`');
		return {extends: null, colors: {}, problems};
	}

	let base: ShippedThemeName | null = null;
	let colors: Partial<Colors> = {};
	for (const {key, value} of contents.items as Pairs) {
		const name = textOf(key);
		if (name === 'extends') {
			base = shippedThemeNames.find(one => one === textOf(value)) ?? null;
			if (base === null) {
				report(value ?? key, `unknown theme ${textOf(value)}: a theme extends ${shippedThemeNames.slice(0, -1).join(', ')} or mono`);
			}
		} else if (name === 'colors' && isMap(value)) {
			colors = readColors(value.items as Pairs, report);
		} else {
			report(key, name === 'colors' ? '`colors` must be a mapping of roles to colors' : `unknown setting ${name}: a theme has \`extends\` and \`colors\``);
		}
	}

	return {extends: base, colors, problems};
}

function readColors(items: Pairs, report: (node: Node | null, message: string) => void): Partial<Colors> {
	const colors: Partial<Record<Role, string>> = {};
	for (const {key, value} of items) {
		const role = roles.find(one => one === textOf(key));
		if (role === undefined) {
			const closest = closestWord(textOf(key), roles);
			report(key, `unknown role ${textOf(key)}${closest === null ? '' : ` (did you mean ${closest}?)`}`);
		} else if (isScalar(value) && typeof value.value === 'string' && isColor(value.value)) {
			colors[role] = value.value;
		} else {
			report(value ?? key, `invalid color ${textOf(value)} of ${role}: for example "bold #ffaf5f", "bright-cyan on black", or "" for the terminal's own; quote it`);
		}
	}

	return colors;
}

function textOf(node: unknown): string {
	return isScalar(node) ? String(node.value) : '?';
}
