/** What TARGET on a command line means: which resource, which name. */
import {SpokeError} from '../errors/spoke-error.ts';
import {checkSegment} from './object-path.ts';
import {findResource, targetResources, type TargetResource} from './resource-names.ts';

export type ParsedTarget = {
	/** As typed. */
	asked: string;
	resource: TargetResource;
	/** Checked to be one path segment, so that no name can change which API path is asked. */
	name: string;
};

/**
Reads `x`, `pod/x`, `deploy/x`, `deployment.apps/x`, `svc/x`, `node/x`… A bare name is a pod. Nodes are named among what is allowed only with `alsoNodes`.
@throws SpokeError ERR_USAGE that names the target and what is allowed.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/cli-runtime/pkg/resource/builder.go splitResourceTypeName
*/
export function parseTarget(asked: string, {alsoNodes = false}: {alsoNodes?: boolean} = {}): ParsedTarget {
	const slash = asked.indexOf('/');
	const [word, name] = slash < 0 ? ['pods', asked] : [asked.slice(0, slash), asked.slice(slash + 1)];
	if (name.includes('/')) {
		throw new SpokeError('ERR_USAGE', `target ${JSON.stringify(asked)} has more than one slash: it must be NAME or KIND/NAME`);
	}

	if (word === '' || name === '') {
		throw new SpokeError(
			'ERR_USAGE',
			`target ${JSON.stringify(asked)} has no ${word === '' ? 'kind' : 'name'}: it must be NAME or KIND/NAME`,
		);
	}

	const resource = findResource(word);
	if (!resource) {
		throw new SpokeError(
			'ERR_USAGE',
			`target ${JSON.stringify(asked)}: no pods can be found by ${JSON.stringify(word)}; it must be one of ${wordsFor(alsoNodes).join(', ')}`,
		);
	}

	checkSegment('name', name);
	return {asked, resource, name};
}

function wordsFor(alsoNodes: boolean): string[] {
	return targetResources
		.filter(({kind}) => alsoNodes || kind !== 'Node')
		.map(({kind, words}) => (kind === 'Node' ? 'node' : words.at(-1)!));
}
