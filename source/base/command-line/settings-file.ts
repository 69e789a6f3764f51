/** Settings files of the user: a YAML or JSON mapping, whose errors have a position. */
import {isMap, isScalar, LineCounter, parseDocument, type Node, type Pair} from 'yaml';
import type {SettingsProblem, SourceLocation} from '../errors/spoke-error.ts';

export type SettingsPairs = Array<Pair<Node, Node | null>>;

export type SettingsFile = {
	/** Of the outer mapping; empty if there is none. */
	pairs: SettingsPairs;
	/** Those of the file so far; the caller adds its own by `report`. */
	problems: SettingsProblem[];
	locationOf(node: unknown): SourceLocation;
	report(location: SourceLocation, message: string): void;
};

/** JSON is YAML too. Never throws: errors become `problems`. `expected`: what the file must be, in words. */
export function parseSettingsFile(file: string, text: string, expected: string): SettingsFile {
	const counter = new LineCounter();
	const {errors, contents} = parseDocument(text, {lineCounter: counter, uniqueKeys: true, maxAliasCount: 0} as Parameters<
		typeof parseDocument
	>[1]);
	const problems: SettingsProblem[] = [];
	const locationAt = (offset: number): SourceLocation => {
		const {line, col} = counter.linePos(offset);
		return {file, line: Math.max(1, line), column: Math.max(1, col)};
	};

	const locationOf = (node: unknown) => locationAt((node as Node | null | undefined)?.range?.[0] ?? 0);
	const report = (location: SourceLocation, message: string) => {
		problems.push({...location, message});
	};

	for (const error of errors) {
		report(locationAt(error.pos[0]), error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''));
	}

	const isMapping = errors.length === 0 && isMap(contents);
	if (errors.length === 0 && contents !== null && !isMapping) {
		report(locationOf(contents), expected);
	}

	return {pairs: isMapping ? contents.items : [], problems, locationOf, report};
}

export function settingText(node: unknown): string {
	return isScalar(node) ? String(node.value) : '?';
}
