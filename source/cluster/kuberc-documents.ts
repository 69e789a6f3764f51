/** Documents of a kuberc file, for preferences and for the policy of credential plugins. */
import {parseDocument} from './kubeconfig/parse-document.ts';
import type {PlainValue} from './kubeconfig/parse-yaml.ts';

export type PreferenceFields = ReadonlyMap<unknown, PlainValue>;

export type PreferenceVersion = (typeof versions)[number];

const versions = ['kubectl.config.k8s.io/v1beta1', 'kubectl.config.k8s.io/v1alpha1'] as const;

/**
What `decode` returns for the first Preference that it accepts, or `null` without documents.
@param decode throws for a Preference that kubectl cannot decode, either
@throws Error if there are only other documents
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/kuberc/marshal.go decodePreference
*/
export async function firstPreference<Decoded>(
	text: string,
	file: string,
	decode: (fields: PreferenceFields, version: PreferenceVersion) => Decoded,
): Promise<Decoded | null> {
	const documents = text.split(/^---.*$/m).filter(document => document.replaceAll(/^\s*#.*$/gm, '').trim() !== '');
	for (const document of documents) {
		try {
			const fields = await parseDocument(document);
			if (fields instanceof Map && fields.get('kind') === 'Preference') {
				const version = versions.find(known => known === fields.get('apiVersion'));
				if (version !== undefined) {
					return decode(fields, version);
				}
			}
		} catch {
			// Like kubectl, try the next document.
		}
	}

	if (documents.length > 0) {
		throw new Error(`no valid preferences found in ${file}`);
	}

	return null;
}
