/** API paths of objects and lists, safe against any name or namespace. */
import {SpokeError} from '../errors/spoke-error.ts';
import type {TargetResource} from './resource-names.ts';

/**
@throws SpokeError ERR_USAGE
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/api/validate/content/path.go
*/
export function validateSegment(part: 'name' | 'namespace', text: string): string {
	if (text === '' || text === '.' || text === '..' || /[/%]/.test(text)) {
		throw new SpokeError('ERR_USAGE', `invalid ${part} ${JSON.stringify(text)}: it must not be empty, "." or "..", nor contain "/" or "%"`);
	}

	return text;
}

type ResourcePath = Pick<TargetResource, 'api' | 'namespaced'> & {plural: string};

/** Ignores the namespace for cluster-scoped resources. */
export function objectPath(resource: ResourcePath, namespace: string, name: string, subresource?: string): string {
	const path = `${listPath(resource, namespace)}/${encodeURIComponent(validateSegment('name', name))}`;
	return subresource === undefined ? path : `${path}/${subresource}`;
}

/** `null`: all namespaces. */
export function listPath(resource: ResourcePath, namespace: string | null): string {
	return resource.namespaced && namespace !== null
		? `${resource.api}/namespaces/${encodeURIComponent(validateSegment('namespace', namespace))}/${resource.plural}`
		: `${resource.api}/${resource.plural}`;
}
