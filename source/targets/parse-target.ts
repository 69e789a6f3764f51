/** Parser of TARGET on the command line. */
import {SpokeError} from '../errors/spoke-error.ts';
import {validateSegment, findResource, targetResources, type TargetResource} from './resource-names.ts';
import type {CheckedObject} from '../cluster/object-shapes.ts';
import type {ResolvedTarget} from '../streams/connection-observer.ts';

export type ParsedTarget = {
	input: string;
	resource: TargetResource;
	name: string;
};

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
