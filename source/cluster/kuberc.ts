/** Preferences of kubectl in a kuberc file. */
import {join} from 'node:path';
import {homeDirectory} from '../command-line/config-directory.ts';
import {parseDocument} from './kubeconfig/parse-document.ts';
import type {PlainValue} from './kubeconfig/parse-yaml.ts';
import {readFileBounded} from './kubeconfig/read-file-bounded.ts';

const maxFileBytes = 1024 * 1024;

export type KubercOption = {name: string; default: string};
export type KubercDefaults = {command: string; options: readonly KubercOption[]};
export type KubercAlias = KubercDefaults & {name: string; prependArgs: readonly string[]; appendArgs: readonly string[]};

export type Preference = {
	defaults: readonly KubercDefaults[];
	aliases: readonly KubercAlias[];
	/** As written. */
	credentialPluginPolicy: PlainValue;
	credentialPluginAllowlist: PlainValue;
};

/** `undecodable`: at least one document is neither a Preference that can be decoded nor of another kind or version. */
export type ParsedKuberc = {preference: Preference} | {preference: null; documents: 'none' | 'foreign' | 'undecodable'};

/** Of a user who named no other file. */
export function defaultKuberc(environment: NodeJS.ProcessEnv): string {
	return join(homeDirectory(environment) ?? '', '.kube', 'kuberc');
}

/**
The first Preference that can be decoded.
@throws NodeJS.ErrnoException, or Error for a file that is too long
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/kuberc/marshal.go decodePreference
*/
export async function readKuberc(file: string): Promise<ParsedKuberc> {
	const text = (await readFileBounded(file, maxFileBytes)).toString('utf8');
	const documents = text.split(/^---.*$/m).filter(document => document.trim() !== '');
	let isUndecodable = false;
	for (const document of documents) {
		try {
			const preference = preferenceIn(await parseDocument(document));
			if (preference) {
				return {preference};
			}
		} catch {
			isUndecodable = true;
		}
	}

	return {preference: null, documents: documents.length === 0 ? 'none' : isUndecodable ? 'undecodable' : 'foreign'};
}

type Fields = ReadonlyMap<unknown, PlainValue>;
type Version = (typeof versions)[number];

const versions = ['kubectl.config.k8s.io/v1beta1', 'kubectl.config.k8s.io/v1alpha1'] as const;

/** `null` for another kind or version. @throws TypeError for a field of another type */
function preferenceIn(document: PlainValue): Preference | null {
	const fields = document instanceof Map ? (document as Fields) : new Map<unknown, PlainValue>();
	const version = fields.get('kind') === 'Preference' ? versions.find(known => known === fields.get('apiVersion')) : undefined;
	return version === undefined ? null : decodePreference(fields, version);
}

/** @throws TypeError for a field of another type */
function decodePreference(fields: Fields, version: Version): Preference {
	const [defaults, options] =
		version === 'kubectl.config.k8s.io/v1beta1' ? (['defaults', 'options'] as const) : (['overrides', 'flags'] as const);
	return {
		credentialPluginPolicy: fields.get('credentialPluginPolicy') ?? '',
		credentialPluginAllowlist: fields.get('credentialPluginAllowlist') ?? null,
		defaults: listOf(fields, defaults).map(entry => entryOf(fieldsOf(entry), options)),
		aliases: listOf(fields, 'aliases').map(entry => {
			const own = fieldsOf(entry);
			return {
				...entryOf(own, options),
				name: textOf(own, 'name'),
				prependArgs: textsOf(own, 'prependArgs'),
				appendArgs: textsOf(own, 'appendArgs'),
			};
		}),
	};
}

function entryOf(fields: Fields, options: string): KubercDefaults {
	return {
		command: textOf(fields, 'command'),
		options: listOf(fields, options).map(option => ({
			name: textOf(fieldsOf(option), 'name'),
			default: textOf(fieldsOf(option), 'default'),
		})),
	};
}

function fieldsOf(value: PlainValue): Fields {
	if (!(value instanceof Map)) {
		throw new TypeError('not an object');
	}

	return value as Fields;
}

function listOf(fields: Fields, key: string): readonly PlainValue[] {
	const value = fields.get(key) ?? [];
	if (!Array.isArray(value)) {
		throw new TypeError(`${key} is not a list`);
	}

	return value as readonly PlainValue[];
}

function textOf(fields: Fields, key: string): string {
	const value = fields.get(key) ?? '';
	if (typeof value !== 'string') {
		throw new TypeError(`${key} is not a string`);
	}

	return value;
}

function textsOf(fields: Fields, key: string): readonly string[] {
	const values = listOf(fields, key);
	return values.map(value => {
		if (typeof value !== 'string') {
			throw new TypeError(`${key} is not a list of strings`);
		}

		return value;
	});
}
