/** The roles that a theme gives colors to, colors as text (`bold #ffaf5f on black`), and the schema of theme files. */

const roleDescriptions = {
	'tls.verified': 'a leg that is verified, or where verification is enforced',
	'tls.unverified': 'an encrypted leg whose certificate is not checked',
	'tls.plain': 'a leg without TLS',
	'tls.unknown': 'a leg that is not known',
	'tls.refused': 'a leg that was refused',
	route: 'the route of a leg',
	'state.open': 'an open stream',
	'state.working': 'a stream that is being opened',
	'state.stopped': 'a stopped stream',
	'state.failed': 'a failed stream',
	'text.dim': 'secondary text',
	title: 'titles',
	rule: 'rules and frames',
	focus: 'the cursor and the focused pane',
	key: 'keys',
	mark: 'marked rows',
	'level.warn': 'warnings in logs',
	'level.error': 'errors in logs',
	'notice.warn': 'warnings of spoke',
	'notice.error': 'errors of spoke',
	'json.key': 'keys of JSON',
	'json.string': 'strings of JSON',
	'json.number': 'numbers of JSON',
	gap: 'gaps in a log',
	sandbox: 'the sign of the sandbox',
	selection: 'the selected row',
	match: 'a match of a search',
	'match.current': 'the current match',
	'pod.1': 'the 1st pod of a tail',
	'pod.2': 'the 2nd pod',
	'pod.3': 'the 3rd pod',
	'pod.4': 'the 4th pod',
	'pod.5': 'the 5th pod',
	'pod.6': 'the 6th pod',
	gone: 'a deleted object',
} as const;

export type Role = keyof typeof roleDescriptions;

export const roles = Object.keys(roleDescriptions) as readonly Role[];

/** The text of a color; an empty one is the terminal's own color. */
export type Colors = Readonly<Record<Role, string>>;

export const shippedThemeNames = ['dark', 'light', 'ansi', 'mono'] as const;

export type ShippedThemeName = (typeof shippedThemeNames)[number];

export type ColorDepth = 'true' | '256';

const weights: Readonly<Record<string, string>> = {bold: '1', dim: '2', underline: '4', inverse: '7', strike: '9'};
const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
const palette = [...names, ...names.map(name => `bright-${name}`)];

/** A regular expression, for the schema too. */
const colorPattern = colorPatternOf();

function colorPatternOf(): string {
	const color = `(#[0-9a-fA-F]{6}|(bright-)?(${names.join('|')}))`;
	const weight = `(${Object.keys(weights).join('|')})`;
	// Words in this order, each of them optional.
	return `^(?! )(${weight}( ${weight})*)?(^${color}| ${color})?(^on ${color}| on ${color})?$`;
}

export function isColor(text: string): boolean {
	return new RegExp(colorPattern).test(text);
}

/** The parameters of an SGR sequence. */
export function formatSgr(color: string, depth: ColorDepth): string {
	const codes: string[] = [];
	let isGround = false;
	for (const word of color.split(' ').filter(one => one !== '')) {
		if (word === 'on') {
			isGround = true;
		} else if (word.startsWith('#')) {
			const rgb = [1, 3, 5].map(at => Number.parseInt(word.slice(at, at + 2), 16)) as [number, number, number];
			codes.push(`${isGround ? 48 : 38};${depth === 'true' ? `2;${rgb.join(';')}` : `5;${nearestOf256(rgb)}`}`);
		} else if (palette.includes(word)) {
			const index = palette.indexOf(word);
			codes.push(String((index < 8 ? 30 + index : 82 + index) + (isGround ? 10 : 0)));
		} else {
			codes.push(weights[word]!);
		}
	}

	return codes.join(';');
}

/** Nearest color in the 6×6×6 cube or the grays after it, because the darkest steps of the cube are black and a medium gray. */
function nearestOf256(rgb: readonly [number, number, number]): number {
	const steps = [0, 95, 135, 175, 215, 255];
	const nearest = (value: number) =>
		steps.reduce((best, step, index) => (Math.abs(step - value) < Math.abs(steps[best]! - value) ? index : best), 0);
	const [red, green, blue] = rgb.map(value => nearest(value)) as [number, number, number];
	const gray = Math.min(23, Math.max(0, Math.round(((rgb[0] + rgb[1] + rgb[2]) / 3 - 8) / 10)));
	const off = (values: readonly number[]) => values.reduce((sum, value, index) => sum + (value - rgb[index]!) ** 2, 0);
	const ofGray = 8 + 10 * gray;
	return off([ofGray, ofGray, ofGray]) < off([steps[red]!, steps[green]!, steps[blue]!]) ? 232 + gray : 16 + 36 * red + 6 * green + blue;
}

/** @see https://json-schema.org/draft-07 */
export function themeSchema(): object {
	return {
		$schema: 'http://json-schema.org/draft-07/schema#',
		title: 'spoke theme',
		type: 'object',
		additionalProperties: false,
		properties: {
			extends: {description: 'the theme that this one extends; dark by default', enum: shippedThemeNames},
			colors: {
				type: 'object',
				additionalProperties: false,
				properties: Object.fromEntries(
					Object.entries(roleDescriptions).map(([role, description]) => [role, {description, $ref: '#/definitions/color'}]),
				),
			},
		},
		definitions: {
			color: {
				description: 'weights, a color, and a background: "bold #ffaf5f", "bright-cyan on black"; "" is the color of the terminal',
				type: 'string',
				pattern: colorPattern,
			},
		},
	};
}
