/** JSON schema of theme files. */
import {colorPattern} from './color.ts';
import {roleDescriptions, shippedThemeNames} from './theme-roles.ts';

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
