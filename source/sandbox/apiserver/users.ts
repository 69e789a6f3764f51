/** Users of the sandbox, and what they may do. */
import type {RequestInfo} from './exchange.ts';

/** Without `namespaces`, the rule applies in all namespaces. */
type PolicyRule = {
	verbs: readonly string[];
	resources?: readonly string[];
	nonResourceURLs?: readonly string[];
	namespaces?: readonly string[];
};

type UserSpec = {
	name: string;
	groups: readonly string[];
	credential: 'certificate' | 'token';
	description: string;
	namespace: string;
	rules: readonly PolicyRule[];
};

const everyone: readonly PolicyRule[] = [
	{verbs: ['create'], resources: ['selfsubjectaccessreviews', 'selfsubjectreviews']},
	{
		verbs: ['get'],
		nonResourceURLs: [
			'/api',
			'/api/*',
			'/apis',
			'/apis/*',
			'/healthz',
			'/livez',
			'/openapi',
			'/openapi/*',
			'/readyz',
			'/version',
			'/version/',
		],
	},
];

const reading = ['get', 'list', 'watch'];

type AuthorizationAttributes = Pick<RequestInfo, 'isResource' | 'verb'> &
	Readonly<{path?: string | undefined; resource?: string; subresource?: string; namespace?: string | undefined}>;

const developing = (namespaces: readonly string[]): readonly PolicyRule[] => [
	{
		verbs: reading,
		resources: [
			'pods',
			'services',
			'endpointslices',
			'events',
			'configmaps',
			'deployments',
			'replicasets',
			'statefulsets',
			'daemonsets',
			'jobs',
			'cronjobs',
		],
		namespaces,
	},
	{verbs: ['get'], resources: ['pods/log'], namespaces},
	{
		verbs: ['get', 'create'],
		resources: ['pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy', 'services/proxy'],
		namespaces,
	},
	{verbs: ['patch'], resources: ['pods/ephemeralcontainers'], namespaces},
];

/** @see plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go system:monitoring */
const monitoring: readonly PolicyRule[] = [
	{
		verbs: ['get'],
		nonResourceURLs: ['/healthz', '/livez', '/metrics', '/readyz', '/flagz', '/statusz'],
	},
];

export const users = [
	{
		name: 'admin',
		groups: ['system:masters'],
		credential: 'certificate',
		description: 'can do everything',
		namespace: 'default',
		rules: [
			{verbs: ['*'], resources: ['*']},
			{verbs: ['*'], nonResourceURLs: ['*']},
		],
	},
	{
		name: 'ada',
		groups: ['developers', 'system:monitoring'],
		credential: 'certificate',
		description: 'a developer who can also read metrics, flags and nodes',
		namespace: 'default',
		rules: [...developing(['default', 'shop']), ...monitoring, {verbs: reading, resources: ['nodes', 'namespaces']}],
	},
	{
		name: 'bob',
		groups: ['developers'],
		credential: 'token',
		description: 'a plain developer of one namespace',
		namespace: 'default',
		rules: developing(['default']),
	},
	{
		name: 'cleo',
		groups: ['viewers'],
		credential: 'token',
		description: 'can `get` but not `create` exec and port-forward, like roles from before 1.35',
		namespace: 'default',
		rules: [
			{verbs: reading, resources: ['pods', 'services', 'deployments', 'replicasets'], namespaces: ['default']},
			{verbs: ['get'], resources: ['pods/log', 'pods/exec', 'pods/attach', 'pods/portforward'], namespaces: ['default']},
		],
	},
	{
		name: 'eve',
		groups: ['outsiders'],
		credential: 'token',
		description: 'is authenticated, but has no permissions',
		namespace: 'default',
		rules: [],
	},
] as const satisfies readonly UserSpec[];

export type UserName = (typeof users)[number]['name'];

export type UserInfo = {name: string; groups: readonly string[]; rules: readonly PolicyRule[]; credentialId?: string};

const anonymousRules: readonly PolicyRule[] = [
	{verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/']},
];

export const anonymous: UserInfo = {name: 'system:anonymous', groups: ['system:unauthenticated'], rules: anonymousRules};

/** system:masters and system:monitoring add their permissions. */
export function identify(name: string, groups: readonly string[]): UserInfo {
	const row = users.find(row => row.name === name);
	const rules: PolicyRule[] = [...anonymousRules, ...everyone, ...(row?.rules ?? [])];
	if (groups.includes('system:masters')) {
		rules.push(...users[0].rules);
	}

	if (groups.includes('system:monitoring')) {
		rules.push(...monitoring);
	}

	return {name, groups: [...new Set([...groups, 'system:authenticated'])], rules};
}

export function isAllowed({rules}: UserInfo, attributes: AuthorizationAttributes): boolean {
	return rules.some(rule => (attributes.isResource ? coversResource(rule, attributes) : coversPath(rule, attributes)));
}

function coversResource(
	{verbs, resources, namespaces}: PolicyRule,
	{verb, resource = '*', subresource = '', namespace}: AuthorizationAttributes,
): boolean {
	const resourceName = subresource === '' ? resource : `${resource}/${subresource}`;
	return (
		has(verbs, verb) &&
		has(resources, resourceName) &&
		(namespaces === undefined || (namespace !== undefined && namespaces.includes(namespace)))
	);
}

function coversPath({verbs, nonResourceURLs}: PolicyRule, {verb, path = ''}: AuthorizationAttributes): boolean {
	return (
		has(verbs, verb) &&
		(nonResourceURLs ?? []).some(allowed => allowed === path || (allowed.endsWith('*') && path.startsWith(allowed.slice(0, -1))))
	);
}

function has(allowed: readonly string[] | undefined, value: string): boolean {
	return allowed !== undefined && (allowed.includes('*') || allowed.includes(value));
}
