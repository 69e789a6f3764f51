/** JSON schema of keymap files. */
import {actionsIn} from '../actions/action-table.ts';
import {contexts} from '../actions/contexts.ts';
import {presetNames} from './keymap.ts';

/** @see https://json-schema.org/draft-07 */
export function keymapSchema(): object {
	return {
		$schema: 'http://json-schema.org/draft-07/schema#',
		title: 'spoke keymap',
		type: 'object',
		additionalProperties: false,
		properties: {
			extends: {description: 'the keymap that this one extends', enum: ['default', ...presetNames]},
			contexts: {
				type: 'object',
				additionalProperties: false,
				properties: Object.fromEntries(
					Object.entries(contexts).map(([name, {title}]) => [
						name,
						{
							description: title,
							type: 'object',
							additionalProperties: false,
							properties: Object.fromEntries(
								actionsIn(name).map(spec => [
									spec.id,
									{
										description: spec.title,
										$ref: '#/definitions/keys',
									},
								]),
							),
						},
					]),
				),
			},
		},
		definitions: {
			keys: {
				description: 'a key or sequence ("g g"), a list of them, or [] for none',
				oneOf: [
					{type: 'string', minLength: 1},
					{type: 'array', items: {type: 'string', minLength: 1}},
				],
			},
		},
	};
}
