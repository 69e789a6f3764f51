/** Reader of kubectl's kuberc file. */
import {homedir} from 'node:os';
import {join} from 'node:path';
import {fileErrorText} from '../../cluster/file-error-text.ts';
import type {PlainValue} from '../../cluster/kubeconfig/parse-yaml.ts';
import {readFileBounded} from '../../cluster/kubeconfig/read-file-bounded.ts';
import {firstPreference, type PreferenceFields, type PreferenceVersion} from '../../cluster/kuberc-documents.ts';
import {SpokeError} from '../../errors/spoke-error.ts';

export type KubercOption = {name: string; default: string};
export type KubercDefaults = {command: string; options: readonly KubercOption[]};
export type KubercAlias = KubercDefaults & {name: string; prependArgs: readonly string[]; appendArgs: readonly string[]};
export type Preferences = {defaults: readonly KubercDefaults[]; aliases: readonly KubercAlias[]};

const maxFileBytes = 1024 * 1024;

/**
From `--kuberc`, `$KUBERC` or `~/.kube/kuberc`. If the default file cannot be read, this only warns.
@throws SpokeError ERR_KUBECONFIG_INVALID
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/kuberc/kuberc.go
*/
export async function readPreferences(
	named: string | undefined,
	env: NodeJS.ProcessEnv,
	warn: (text: string) => void,
): Promise<Preferences | null> {
	const explicit = named ?? (env['KUBERC'] || undefined);
	const file = explicit ?? join(env['HOME'] ?? homedir(), '.kube', 'kuberc');
	let preferences: Preferences | null;
	try {
		preferences = await firstPreference((await readFileBounded(file, maxFileBytes)).toString('utf8'), file, preferencesIn);
	} catch (error) {
		const {code} = error as NodeJS.ErrnoException;
		const why = code === undefined ? (error as Error).message : fileErrorText(error as NodeJS.ErrnoException);
		if (explicit !== undefined) {
			throw invalid(`kuberc: ${why}`, error);
		}

		if (code !== 'ENOENT') {
			warn(`kuberc: no preferences loaded from ${file}: ${why}`);
		}

		return null;
	}

	if (preferences) {
		validate(preferences);
	}

	return preferences;
}

export function invalid(message: string, cause?: unknown): SpokeError {
	return new SpokeError('ERR_KUBECONFIG_INVALID', message, {remedy: 'correct your kuberc, or set KUBERC=off', cause});
}

/** @throws TypeError for a field of another type */
function preferencesIn(fields: PreferenceFields, version: PreferenceVersion): Preferences {
	const [defaults, options] =
		version === 'kubectl.config.k8s.io/v1beta1' ? (['defaults', 'options'] as const) : (['overrides', 'flags'] as const);
	return {
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

function entryOf(fields: PreferenceFields, options: string): KubercDefaults {
	return {
		command: textOf(fields, 'command'),
		options: listOf(fields, options).map(option => ({
			name: textOf(fieldsOf(option), 'name'),
			default: textOf(fieldsOf(option), 'default'),
		})),
	};
}

function fieldsOf(value: PlainValue): PreferenceFields {
	if (!(value instanceof Map)) {
		throw new TypeError('not an object');
	}

	return value as PreferenceFields;
}

function listOf(fields: PreferenceFields, key: string): readonly PlainValue[] {
	const value = fields.get(key) ?? [];
	if (!Array.isArray(value)) {
		throw new TypeError(`${key} is not a list`);
	}

	return value as readonly PlainValue[];
}

function textOf(fields: PreferenceFields, key: string): string {
	const value = fields.get(key) ?? '';
	if (typeof value !== 'string') {
		throw new TypeError(`${key} is not a string`);
	}

	return value;
}

function textsOf(fields: PreferenceFields, key: string): readonly string[] {
	const values = listOf(fields, key);
	return values.map(value => {
		if (typeof value !== 'string') {
			throw new TypeError(`${key} is not a list of strings`);
		}

		return value;
	});
}

function validate({aliases, defaults}: Preferences): void {
	const seen = new Set<string>();
	for (const {name} of aliases) {
		if (!/^[a-z]+$/i.test(name)) {
			throw invalid('invalid alias name, can only include alphabetical characters');
		}

		if (seen.has(name)) {
			throw invalid(`duplicate alias name ${name}`);
		}

		seen.add(name);
	}

	const wrong = [...aliases, ...defaults].flatMap(({options}) => options).find(({name}) => name.startsWith('-'));
	if (wrong) {
		throw invalid(`flag name ${wrong.name} should be in long form without dashes`);
	}
}
