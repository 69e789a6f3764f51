/** May this user do this? */
import type {RequestInfo} from './request-info.ts';
import type {UserInfo, PolicyRule} from './users.ts';

export type AuthorizationAttributes = Pick<
	RequestInfo,
	'isResource' | 'verb' | 'path' | 'group' | 'resource' | 'subresource' | 'namespace'
>;

export function isAllowed({rules}: UserInfo, asked: AuthorizationAttributes): boolean {
	return rules.some(rule => (asked.isResource ? coversResource(rule, asked) : coversPath(rule, asked)));
}

/** The rules that hold in a namespace, in the shape of a SelfSubjectRulesReview. */
export function rulesIn({rules}: UserInfo, namespace: string) {
	const resourceRules = rules
		.filter(rule => rule.resources && (rule.namespaces?.includes(namespace) ?? true))
		.map(({verbs, apiGroups, resources}) => ({verbs, apiGroups, resources}));
	const nonResourceRules = rules.filter(rule => rule.nonResourceURLs).map(({verbs, nonResourceURLs}) => ({verbs, nonResourceURLs}));
	return {resourceRules, nonResourceRules, incomplete: false};
}

function coversResource(
	{verbs, apiGroups, resources, namespaces}: PolicyRule,
	{verb, group, resource, subresource, namespace}: AuthorizationAttributes,
): boolean {
	const what = subresource === '' ? resource : `${resource}/${subresource}`;
	return (
		has(verbs, verb) &&
		has(apiGroups, group) &&
		has(resources, what) &&
		(namespaces === undefined || (namespace !== undefined && namespaces.includes(namespace)))
	);
}

function coversPath({verbs, nonResourceURLs}: PolicyRule, {verb, path}: AuthorizationAttributes): boolean {
	return (
		has(verbs, verb) &&
		(nonResourceURLs ?? []).some(allowed => allowed === path || (allowed.endsWith('*') && path.startsWith(allowed.slice(0, -1))))
	);
}

function has(allowed: readonly string[] | undefined, asked: string): boolean {
	return allowed !== undefined && (allowed.includes('*') || allowed.includes(asked));
}
