/** Parser of keymap files. */
import {isMap, isScalar, isSeq, type Node} from 'yaml';
import {parseSettingsFile, settingText, type SettingsFile, type SettingsPairs} from '../../base/command-line/settings-file.ts';
import type {SettingsProblem, SourceLocation} from '../../base/errors/spoke-error.ts';

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
	problems: readonly SettingsProblem[];
};

/** Never throws: errors become `problems`, and the rest is used. */
export function parseKeymap(file: string, text: string): ParsedKeymap {
	const {pairs, problems, locationOf, report} = parseSettingsFile(file, text, 'a keymap must be a mapping with `contexts`');
	const parsed: {extends: ParsedKeymap['extends']; entries: KeymapEntry[]} = {extends: null, entries: []};
	for (const {key, value} of pairs) {
		const name = settingText(key);
		if (name === 'extends' && isScalar(value) && typeof value.value === 'string') {
			parsed.extends = {name: value.value, location: locationOf(value)};
		} else if (name === 'contexts' && isMap(value)) {
			parsed.entries.push(...readContexts(value.items as SettingsPairs, locationOf, report));
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

function readContexts(items: SettingsPairs, locationOf: SettingsFile['locationOf'], report: SettingsFile['report']): KeymapEntry[] {
	const entries: KeymapEntry[] = [];
	for (const {key, value} of items) {
		const context = settingText(key);
		if (!isMap(value)) {
			report(locationOf(key), `context ${context} must be a mapping of actions to keys`);
			continue;
		}

		for (const pair of value.items as SettingsPairs) {
			const keys = readKeys(pair.value, locationOf, message => {
				report(locationOf(pair.value ?? pair.key), message);
			});
			if (keys) {
				entries.push({context, action: settingText(pair.key), keys, location: locationOf(pair.key), contextLocation: locationOf(key)});
			}
		}
	}

	return entries;
}

function readKeys(
	value: Node | null,
	locationOf: SettingsFile['locationOf'],
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
