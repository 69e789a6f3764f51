/** Parser of TARGET on the command line. */
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {validateSegment, findResource, targetResources, type TargetResource} from './resource-names.ts';
import type {CheckedObject} from '../object-shapes.ts';
import {parseDocument} from '../kubeconfig/parse-document.ts';
import type {PlainValue} from '../kubeconfig/parse-yaml.ts';

export type ParsedTarget = {
	input: string;
	resource: TargetResource;
	name: string;
};

export type ResolvedTarget = {
	asked: string;
	kind: 'Pod' | 'Node' | 'Service';
	namespace: string | null;
	name: string;
	uid: string | null;
	node: string | null;
	container: string | null;
	/** Number of candidates. */
	chosenFrom: number;
};

export type ManifestTarget = {input: string; namespace: string | null};

/**
Nodes are always parsed: `errorListsNodes` only adds `node` to the kinds that the error lists.
@throws SpokeError ERR_USAGE that names the target and the allowed kinds
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/cli-runtime/pkg/resource/builder.go splitResourceTypeName
*/
export function parseTarget(input: string, {errorListsNodes = false}: {errorListsNodes?: boolean} = {}): ParsedTarget {
	const slash = input.indexOf('/');
	const [kindName, name] = slash < 0 ? ['pods', input] : [input.slice(0, slash), input.slice(slash + 1)];
	if (name.includes('/')) {
		throw new SpokeError('ERR_USAGE', `target ${JSON.stringify(input)} has more than one slash: it must be NAME or KIND/NAME`);
	}

	if (kindName === '' || name === '') {
		throw new SpokeError(
			'ERR_USAGE',
			`target ${JSON.stringify(input)} has no ${kindName === '' ? 'kind' : 'name'}: it must be NAME or KIND/NAME`,
		);
	}

	const resource = findResource(kindName);
	if (!resource) {
		throw new SpokeError(
			'ERR_USAGE',
			`target ${JSON.stringify(input)}: ${JSON.stringify(kindName)} is not a kind with pods; it must be one of ${kindNames(errorListsNodes).join(', ')}`,
		);
	}

	validateSegment('name', name);
	return {input, resource, name};
}

function kindNames(errorListsNodes: boolean): string[] {
	return targetResources
		.filter(({kind}) => errorListsNodes || kind !== 'Node')
		.map(({kind, names: words}) => (kind === 'Node' ? 'node' : words.at(-1)!));
}

/** `asked`: what the user typed. `node`: `null` if it was not read. */
export function nodeTarget(asked: string, name: string, node: CheckedObject<'nodes'> | null): ResolvedTarget {
	return {asked, kind: 'Node', namespace: null, name, uid: node?.metadata.uid ?? null, node: name, container: null, chosenFrom: 1};
}

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
