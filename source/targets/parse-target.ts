/** What TARGET on a command line means: which resource, which name. */
import {SpokeError} from '../errors/spoke-error.ts';
import {validateSegment} from './object-path.ts';
import {findResource, targetResources, type TargetResource} from './resource-names.ts';

export type ParsedTarget = {
	/** As typed. */
	input: string;
	resource: TargetResource;
	/** Checked to be one path segment, so that no name can change which API path is asked. */
	name: string;
};

/**
Reads `x`, `pod/x`, `deploy/x`, `deployment.apps/x`, `svc/x`, `node/x`… A bare name is a pod. Nodes are named among what is allowed only with `alsoNodes`.
@throws SpokeError ERR_USAGE that names the target and what is allowed.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/cli-runtime/pkg/resource/builder.go splitResourceTypeName
*/
export function parseTarget(input: string, {allowNodes = false}: {allowNodes?: boolean} = {}): ParsedTarget {
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
			`target ${JSON.stringify(input)}: no pods can be found by ${JSON.stringify(kindName)}; it must be one of ${kindNames(allowNodes).join(', ')}`,
		);
	}

	validateSegment('name', name);
	return {input, resource, name};
}

function kindNames(allowNodes: boolean): string[] {
	return targetResources
		.filter(({kind}) => allowNodes || kind !== 'Node')
		.map(({kind, names: words}) => (kind === 'Node' ? 'node' : words.at(-1)!));
}
