/** The policy for credential plugins in kubectl's kuberc file. */
import {join} from 'node:path';
import {homeDirectory} from '../command-line/config-directory.ts';
import {parseDocument} from './kubeconfig/parse-document.ts';
import type {PlainValue} from './kubeconfig/parse-yaml.ts';
import {readFileBounded} from './kubeconfig/read-file-bounded.ts';

const maxFileBytes = 1024 * 1024;

/** The policy for credential plugins, as written. */
export type Preference = {credentialPluginPolicy: PlainValue; credentialPluginAllowlist: PlainValue};

/** `undecodable`: at least one document is neither a Preference nor of another kind or version. */
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

const versions = ['kubectl.config.k8s.io/v1beta1', 'kubectl.config.k8s.io/v1alpha1'];

/** `null` for another kind or version. */
function preferenceIn(document: PlainValue): Preference | null {
	if (!(document instanceof Map) || document.get('kind') !== 'Preference' || !versions.includes(document.get('apiVersion') as string)) {
		return null;
	}

	const [policy = '', list = null] = ['credentialPluginPolicy', 'credentialPluginAllowlist'].map(
		name => document.get(name) as PlainValue | undefined,
	);
	return {credentialPluginPolicy: policy ?? '', credentialPluginAllowlist: list};
}
