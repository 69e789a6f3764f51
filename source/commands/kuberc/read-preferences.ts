/** Reader of kubectl's kuberc file. */
import {fileErrorText} from '../../cluster/file-error-text.ts';
import {defaultKuberc, type ParsedKuberc, type Preference, readKuberc} from '../../cluster/kuberc.ts';
import {SpokeError} from '../../errors/spoke-error.ts';

/**
From `--kuberc`, `$KUBERC` or `~/.kube/kuberc`. If the default file cannot be read, this only warns.
@throws SpokeError ERR_KUBECONFIG_INVALID
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/kuberc/kuberc.go
*/
export async function readPreferences(
	named: string | undefined,
	env: NodeJS.ProcessEnv,
	warn: (text: string) => void,
): Promise<Preference | null> {
	const explicit = named ?? (env['KUBERC'] || undefined);
	const file = explicit ?? defaultKuberc(env);
	let parsed: ParsedKuberc;
	try {
		parsed = await readKuberc(file);
		if (parsed.preference === null && parsed.documents !== 'none') {
			throw new Error(`no valid preferences found in ${file}`);
		}
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

	const {preference} = parsed;
	if (preference) {
		validate(preference);
	}

	return preference;
}

export function invalid(message: string, cause?: unknown): SpokeError {
	return new SpokeError('ERR_KUBECONFIG_INVALID', message, {remedy: 'correct your kuberc, or set KUBERC=off', cause});
}

function validate({aliases, defaults}: Preference): void {
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
