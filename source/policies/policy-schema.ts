/** JSON schema of policy files. */
import {requirementNames} from '../evidence/require-path.ts';

const requirement = {
	require: {
		description: 'what each path must be',
		anyOf: [{enum: requirementNames}, {type: 'array', minItems: 1, items: {enum: requirementNames}}],
	},
	minBasis: {
		description: 'weakest basis that counts; inferred also accepts inferred verdicts; proven by default',
		enum: ['proven', 'inferred'],
	},
	undecided: {description: 'whether a path that cannot be decided is refused; refuse by default', enum: ['refuse', 'allow']},
};

/** @see https://json-schema.org/draft-07 */
export function policySchema(): object {
	return {
		$schema: 'http://json-schema.org/draft-07/schema#',
		title: 'spoke policy',
		type: 'object',
		additionalProperties: false,
		properties: {
			every: {
				description: 'requirement for every cluster',
				type: 'object',
				additionalProperties: false,
				required: ['require'],
				properties: requirement,
			},
			clusters: {
				description: 'requirements for single clusters; one match of server, ca or context is enough',
				type: 'array',
				items: {
					type: 'object',
					additionalProperties: false,
					required: ['require'],
					anyOf: [{required: ['server']}, {required: ['ca']}],
					properties: {
						server: {description: 'URL of the apiserver, as the kubeconfig has it', type: 'string'},
						ca: {
							description: 'SHA-256 fingerprint of a CA certificate of the kubeconfig, as spoke policy prints it',
							type: 'string',
							pattern: '^([0-9A-Fa-f]{2}:?){32}$',
						},
						context: {description: 'name of a context that the entry covers, too', type: 'string'},
						...requirement,
					},
				},
			},
		},
	};
}
