/** The JSON schema of a keymap file, made from the actions and contexts; `keymaps/schema.json` is this, printed. */
import {actionSpecs} from '../actions/action-table.ts';
import {contexts, contextStack} from './contexts.ts';
import {presetNames} from './preset-names.ts';

/** For editors and for checks from outside. @see https://json-schema.org/draft-07 */
export function keymapSchema(): object {
	return {
		$schema: 'http://json-schema.org/draft-07/schema#',
		title: 'spoke keymap',
		type: 'object',
		additionalProperties: false,
		properties: {
			extends: {description: 'the keymap that this one is laid over', enum: ['default', ...presetNames]},
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
								actionSpecs
									.filter(row => contextStack(name).includes(row.context))
									.map(row => [
										row.id,
										{
											description: row.title,
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
