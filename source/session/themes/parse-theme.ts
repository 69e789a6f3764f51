/** Parser of theme files. */
import {isMap, isScalar, type Node} from 'yaml';
import {closestWord} from '../../base/command-line/parse-command-line.ts';
import {parseSettingsFile, settingText, type SettingsPairs} from '../../base/command-line/settings-file.ts';
import type {SettingsProblem} from '../../base/errors/spoke-error.ts';
import {isColor, roles, shippedThemeNames, type Colors, type Role, type ShippedThemeName} from './theme-roles.ts';

export type ParsedTheme = {extends: ShippedThemeName | null; colors: Partial<Colors>; problems: readonly SettingsProblem[]};

/** Never throws: errors become `problems`, and the rest is used. */
export function parseTheme(file: string, text: string): ParsedTheme {
	const {pairs, problems, locationOf, report: reportAt} = parseSettingsFile(
		file,
		text,
		'a theme must be a mapping with `extends` and `colors`',
	);
	const report: Report = (node, message) => {
		reportAt(locationOf(node), message);
	};

	let base: ShippedThemeName | null = null;
	let colors: Partial<Colors> = {};
	for (const {key, value} of pairs) {
		const name = settingText(key);
		if (name === 'extends') {
			base = shippedThemeNames.find(one => one === settingText(value)) ?? null;
			if (base === null) {
				report(value ?? key, `unknown theme ${settingText(value)}: a theme extends ${shippedThemeNames.slice(0, -1).join(', ')} or mono`);
			}
		} else if (name === 'colors' && isMap(value)) {
			colors = readColors(value.items as SettingsPairs, report);
		} else {
			report(key, name === 'colors' ? '`colors` must be a mapping of roles to colors' : `unknown setting ${name}: a theme has \`extends\` and \`colors\``);
		}
	}

	return {extends: base, colors, problems};
}

type Report = (node: Node | null, message: string) => void;

function readColors(items: SettingsPairs, report: Report): Partial<Colors> {
	const colors: Partial<Record<Role, string>> = {};
	for (const {key, value} of items) {
		const role = roles.find(one => one === settingText(key));
		if (role === undefined) {
			const closest = closestWord(settingText(key), roles);
			report(key, `unknown role ${settingText(key)}${closest === null ? '' : ` (did you mean ${closest}?)`}`);
		} else if (isScalar(value) && typeof value.value === 'string' && isColor(value.value)) {
			colors[role] = value.value;
		} else {
			report(value ?? key, `invalid color ${settingText(value)} of ${role}: for example "bold #ffaf5f", "bright-cyan on black", or "" for the terminal's own; quote it`);
		}
	}

	return colors;
}
