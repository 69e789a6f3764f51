/** Parser of policy files. */
import {isMap, isScalar, isSeq, type Node} from 'yaml';
import {parseSettingsFile, settingText, type SettingsFile, type SettingsPairs} from '../../base/command-line/settings-file.ts';
import type {SettingsProblem} from '../../base/errors/spoke-error.ts';
import {findRequirement, requirementNames, type PathRequirement, type RequirementName} from '../require-path.ts';
import {normalizeServer, parseFingerprint, type Policy, type PolicyCluster, type PolicyEntry} from './policy.ts';

/** Never throws: errors become `problems`. A policy with a problem must not be used in part. */
export function parsePolicy(file: string, text: string): Policy & {problems: readonly SettingsProblem[]} {
	const settings = parseSettingsFile(file, text, 'a policy must be a mapping with `every` and `clusters`');
	const entries: PolicyEntry[] = [];
	for (const {key, value} of settings.pairs) {
		const name = settingText(key);
		if (name === 'every') {
			entries.push(...readEntry(settings, key, value, null));
		} else if (name === 'clusters' && isSeq(value)) {
			entries.push(...(value.items as Node[]).flatMap(item => readEntry(settings, item, item, {server: null, ca: null, context: null})));
		} else {
			settings.report(
				settings.locationOf(key),
				name === 'clusters' ? '`clusters` must be a list' : `unknown setting ${name}: a policy has \`every\` and \`clusters\``,
			);
		}
	}

	return {file, entries, problems: settings.problems};
}

type Draft = {cluster: PolicyCluster | null; states: readonly RequirementName[]} & Pick<PathRequirement, 'minBasis' | 'undecided'>;

/** `cluster`: what the entry may name; `null` for every cluster. */
function readEntry(settings: SettingsFile, place: Node, value: Node | null, cluster: PolicyCluster | null): PolicyEntry[] {
	const report = (node: unknown, message: string) => {
		settings.report(settings.locationOf(node), message);
	};

	if (!isMap(value)) {
		report(value ?? place, 'an entry must be a mapping with `require`');
		return [];
	}

	const readers = cluster === null ? settingReaders : {...settingReaders, ...clusterReaders};
	const draft: Draft = {cluster, states: [], minBasis: 'proven', undecided: 'refuse'};
	for (const {key, value: setting} of value.items as SettingsPairs) {
		const name = settingText(key);
		const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
		const text = isScalar(setting) && typeof setting.value === 'string' ? setting.value : null;
		const problem = read ? read(draft, text, setting) : `unknown setting ${name}: ${knownSettings}`;
		if (problem !== null) {
			report(setting ?? key, problem);
		}
	}

	if (draft.states.length === 0) {
		report(place, `an entry must have \`require\`: ${requirementNames.join(', ')}`);
	}

	if (draft.cluster !== null && draft.cluster.server === null && draft.cluster.ca === null) {
		report(place, 'an entry must name the `server` or the `ca` of its cluster: anyone can rename a context');
	}

	const {file, line} = settings.locationOf(place);
	const {states, minBasis, undecided} = draft;
	return [{cluster: draft.cluster, requirement: {states, minBasis, undecided, source: `${file}:${line}`}}];
}

const knownSettings = 'an entry has require, minBasis and undecided, and in `clusters` also server, ca and context';

/** Puts a setting into the draft, and returns a problem or `null`. */
type Reader = (draft: Draft, text: string | null, node: Node | null) => string | null;

const settingReaders: Readonly<Partial<Record<string, Reader>>> = {
	require(draft, _, node) {
		const states = (isSeq(node) ? (node.items as Node[]) : [node]).map(one => settingText(one));
		const unknown = states.find(state => findRequirement(state) === undefined);
		draft.states = states as RequirementName[];
		return unknown === undefined ? null : `unknown requirement ${unknown}: must be one of ${requirementNames.join(', ')}`;
	},
	minBasis(draft, text) {
		draft.minBasis = text === 'inferred' ? text : 'proven';
		return text === 'proven' || text === 'inferred' ? null : '`minBasis` must be proven or inferred';
	},
	undecided(draft, text) {
		draft.undecided = text === 'allow' ? text : 'refuse';
		return text === 'refuse' || text === 'allow' ? null : '`undecided` must be refuse or allow';
	},
};

const clusterReaders: Readonly<Partial<Record<string, Reader>>> = {
	server(draft, text) {
		draft.cluster = {...draft.cluster!, server: text};
		return text !== null && normalizeServer(text) !== null ? null : '`server` must be the URL of an apiserver, as the kubeconfig has it';
	},
	ca(draft, text) {
		const ca = parseFingerprint(text ?? '');
		draft.cluster = {...draft.cluster!, ca};
		return /^[\da-f]{64}$/.test(ca) ? null : '`ca` must be the SHA-256 fingerprint of a CA certificate, as spoke policy prints it';
	},
	context(draft, text) {
		draft.cluster = {...draft.cluster!, context: text};
		return text === null ? '`context` must be the name of a context' : null;
	},
};

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

/** The JSON schema of policy files. @see https://json-schema.org/draft-07 */
export function policySchema(): object {
	const entry = (properties: object, more: object = {}) => ({
		type: 'object',
		additionalProperties: false,
		required: ['require'],
		...more,
		properties,
	});
	const cluster = {
		server: {description: 'URL of the apiserver, as the kubeconfig has it', type: 'string'},
		ca: {
			description: 'SHA-256 fingerprint of a CA certificate of the kubeconfig, as spoke policy prints it',
			type: 'string',
			pattern: '^([0-9A-Fa-f]{2}:?){32}$',
		},
		context: {description: 'name of a context that the entry covers, too', type: 'string'},
	};
	return {
		$schema: 'http://json-schema.org/draft-07/schema#',
		title: 'spoke policy',
		type: 'object',
		additionalProperties: false,
		properties: {
			every: {description: 'requirement for every cluster', ...entry(requirement)},
			clusters: {
				description: 'requirements for single clusters; one match of server, ca or context is enough',
				type: 'array',
				items: entry({...cluster, ...requirement}, {anyOf: [{required: ['server']}, {required: ['ca']}]}),
			},
		},
	};
}
