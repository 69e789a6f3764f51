/** Authorization attributes of a request. */
import {quoteForShell} from '../text/escaping.ts';
import type {ClusterInfo} from './cluster-client.ts';

/** `namespace` is `null` for cluster-scoped resources and all namespaces. */
export type RequestAttributes = {verb: string; resource: string; namespace: string | null};

const verbs: Readonly<Record<string, string>> = {POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete'};

/**
`…/pods/web/log` is `get pods/log`; `/flagz` is its own resource.
@see https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
*/
export function requestAttributes(method: string, path: string): RequestAttributes {
	const [plain = '', query = ''] = path.split('?', 2);
	const parts = plain.split('/').filter(part => part !== '');
	const afterVersion = parts[0] === 'api' ? parts.slice(2) : parts[0] === 'apis' ? parts.slice(3) : [];
	// `/namespaces/NAME` is a resource, not in a namespace.
	const isInNamespace = afterVersion[0] === 'namespaces' && afterVersion.length > 2;
	const segments = isInNamespace ? afterVersion.slice(2) : afterVersion;
	const namespace = isInNamespace ? decodeURIComponent(afterVersion[1]!) : null;
	const [resource, name, subresource] = segments;
	if (resource === undefined) {
		return {verb: method.toLowerCase(), resource: plain, namespace: null};
	}

	const isWatch = query !== '' && new URLSearchParams(query).has('watch');
	const readVerb = isWatch ? 'watch' : name === undefined ? 'list' : 'get';
	return {verb: verbs[method] ?? readVerb, resource: subresource === undefined ? resource : `${resource}/${subresource}`, namespace};
}

export type ImpersonatedIdentity = Pick<ClusterInfo, 'impersonating' | 'impersonatedGroups'>;

const clusterScoped: ReadonlySet<string> = new Set([
	'nodes',
	'namespaces',
	'certificatesigningrequests',
	'clusterroles',
	'clusterrolebindings',
]);

export function canICommand({verb, resource, namespace}: RequestAttributes, identity: ImpersonatedIdentity | undefined): string {
	// `kubectl auth can-i` reads `pods/log` as the pod named log.
	const [plain = '', subresource] = resource.startsWith('/') ? [resource] : resource.split('/', 2);
	const everywhere = !resource.startsWith('/') && !clusterScoped.has(plain);
	return [
		'kubectl auth can-i',
		verb,
		quoteForShell(plain),
		...(subresource === undefined ? [] : [`--subresource=${quoteForShell(subresource)}`]),
		...(namespace === null ? (everywhere ? ['-A'] : []) : ['-n', quoteForShell(namespace)]),
		...(identity?.impersonating ? ['--as', quoteForShell(identity.impersonating)] : []),
		...(identity?.impersonating ? identity.impersonatedGroups.flatMap(group => ['--as-group', quoteForShell(group)]) : []),
	].join(' ');
}
