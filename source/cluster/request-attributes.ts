/** What a request asks for, in RBAC's words: verb and resource, read off its method and path. */

/** `namespace` is `null` for what stands in none, and for all of them. */
export type RequestAttributes = {verb: string; resource: string; namespace: string | null};

const verbs: Readonly<Record<string, string>> = {POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete'};

/**
`/api/v1/namespaces/demo/pods/web/log` is `get pods/log`; a path outside of the resources, such as `/flagz`, stands for itself.
@see https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
*/
export function requestAttributes(method: string, path: string): RequestAttributes {
	const [plain = '', query = ''] = path.split('?', 2);
	const parts = plain.split('/').filter(part => part !== '');
	const behindVersion = parts[0] === 'api' ? parts.slice(2) : parts[0] === 'apis' ? parts.slice(3) : [];
	// A namespace itself is a resource; what stands below it is found behind its name.
	const isBelow = behindVersion[0] === 'namespaces' && behindVersion.length > 2;
	const own = isBelow ? behindVersion.slice(2) : behindVersion;
	const namespace = isBelow ? decodeURIComponent(behindVersion[1]!) : null;
	const [resource, name, subresource] = own;
	if (resource === undefined) {
		return {verb: method.toLowerCase(), resource: plain, namespace: null};
	}

	const reading = new URLSearchParams(query).has('watch') ? 'watch' : name === undefined ? 'list' : 'get';
	return {verb: verbs[method] ?? reading, resource: subresource === undefined ? resource : `${resource}/${subresource}`, namespace};
}
