/** Authorization by RBAC rules. */
import type {RequestInfo} from './request-info.ts';
import type {UserInfo, PolicyRule} from './users.ts';

export type AuthorizationAttributes = Pick<
	RequestInfo,
	'isResource' | 'verb' | 'path' | 'group' | 'resource' | 'subresource' | 'namespace'
>;

export function isAllowed({rules}: UserInfo, attributes: AuthorizationAttributes): boolean {
	return rules.some(rule => (attributes.isResource ? coversResource(rule, attributes) : coversPath(rule, attributes)));
}

function coversResource(
	{verbs, apiGroups, resources, namespaces}: PolicyRule,
	{verb, group, resource, subresource, namespace}: AuthorizationAttributes,
): boolean {
	const resourceName = subresource === '' ? resource : `${resource}/${subresource}`;
	return (
		has(verbs, verb) &&
		has(apiGroups, group) &&
		has(resources, resourceName) &&
		(namespaces === undefined || (namespace !== undefined && namespaces.includes(namespace)))
	);
}

function coversPath({verbs, nonResourceURLs}: PolicyRule, {verb, path}: AuthorizationAttributes): boolean {
	return (
		has(verbs, verb) &&
		(nonResourceURLs ?? []).some(allowed => allowed === path || (allowed.endsWith('*') && path.startsWith(allowed.slice(0, -1))))
	);
}

function has(allowed: readonly string[] | undefined, value: string): boolean {
	return allowed !== undefined && (allowed.includes('*') || allowed.includes(value));
}
