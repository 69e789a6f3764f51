/** Target of a manifest. */
import {parseDocument} from '../cluster/kubeconfig/parse-document.ts';
import type {PlainValue} from '../cluster/kubeconfig/parse-yaml.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import {findResource} from './resource-names.ts';

export type ManifestTarget = {input: string; namespace: string | null};

/**
Uses only kind, name and namespace of the single object.
@throws SpokeError ERR_USAGE for no object, several objects, or a kind without pods
*/
export async function targetOfManifest(text: string, file: string): Promise<ManifestTarget> {
	const documents = text.split(/^---(?:[ \t].*)?$/m).filter(document => /^\s*[^\s#]/m.test(document));
	if (documents.length > 1) {
		throw multipleObjectsError();
	}

	const object = await parseDocument(documents[0] ?? '').catch((error: unknown) => {
		throw new SpokeError('ERR_USAGE', `error parsing ${file}: ${(error as Error).message}`, {cause: error});
	});
	const [apiVersion, kind, metadata] = ['apiVersion', 'kind', 'metadata'].map(key => valueAt(object, key));
	if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
		throw new SpokeError('ERR_USAGE', `${file} describes no object: its ${typeof kind === 'string' ? 'apiVersion' : 'kind'} is missing`);
	}

	if (Array.isArray(valueAt(object, 'items'))) {
		throw multipleObjectsError();
	}

	const [name, namespace] = ['name', 'namespace'].map(key => valueAt(metadata, key));
	if (typeof name !== 'string') {
		throw new SpokeError('ERR_USAGE', `the ${kind} in ${file} has no name`);
	}

	const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
	if (!findResource(kind + group) || kind === 'Node') {
		throw new SpokeError('ERR_USAGE', `${file} describes a ${kind} of ${apiVersion}, which has no pods`);
	}

	return {input: `${kind.toLowerCase()}${group}/${name}`, namespace: typeof namespace === 'string' && namespace !== '' ? namespace : null};
}

export function multipleObjectsError(): SpokeError {
	return new SpokeError('ERR_USAGE', 'cannot exec into multiple objects at a time', {remedy: 'pass one file with one object'});
}

function valueAt(map: PlainValue | undefined, key: string): PlainValue | undefined {
	return map instanceof Map ? (map.get(key) as PlainValue | undefined) : undefined;
}
