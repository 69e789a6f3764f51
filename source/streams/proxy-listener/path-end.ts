/** Where a request to the apiserver ends. */

/**
Whether the apiserver itself answers the path. Any other path leaves it: an aggregated API is a service, whose certificate may not be
verified (`insecureSkipTLSVerify`). Paths of nodes, pods and services are for RelayedTargets.
*/
export function endsAtApiserver(path: string): boolean {
	const [before, first = '', group = ''] = path.split('?', 1)[0]!.split('/');
	if (before !== '' || (first === '' && group !== '')) {
		return false;
	}

	return first === 'apis' ? group === '' || builtInGroups.has(group) : ownPaths.has(first);
}

const ownPaths: ReadonlySet<string> = new Set([
	'',
	'.well-known',
	'api',
	'configz',
	'debug',
	'flagz',
	'healthz',
	'livez',
	'metrics',
	'openapi',
	'openid',
	'readyz',
	'statusz',
	'version',
]);

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/controlplane/instance.go */
const builtInGroups: ReadonlySet<string> = new Set([
	'admissionregistration.k8s.io',
	'apiextensions.k8s.io',
	'apiregistration.k8s.io',
	'apps',
	'authentication.k8s.io',
	'authorization.k8s.io',
	'autoscaling',
	'batch',
	'certificates.k8s.io',
	'coordination.k8s.io',
	'discovery.k8s.io',
	'events.k8s.io',
	'flowcontrol.apiserver.k8s.io',
	'internal.apiserver.k8s.io',
	'networking.k8s.io',
	'node.k8s.io',
	'policy',
	'rbac.authorization.k8s.io',
	'resource.k8s.io',
	'scheduling.k8s.io',
	'storage.k8s.io',
	'storagemigration.k8s.io',
]);
