/** Users of the sandbox, who sent a request, and what they may do. */
import {createHash, type X509Certificate} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import type {TLSSocket} from 'node:tls';
import {certificateIdentity} from '../certificates/issuer.ts';
import {ApiFailure, type RequestInfo} from './exchange.ts';

/** In all namespaces without `namespaces`. */
type PolicyRule = {
	verbs: readonly string[];
	resources?: readonly string[];
	nonResourceURLs?: readonly string[];
	namespaces?: readonly string[];
};

type UserSpec = {
	name: string;
	description: string;
	groups: readonly string[];
	credential: 'certificate' | 'token';
	rules: readonly PolicyRule[];
};

type AuthorizationAttributes = Pick<RequestInfo, 'isResource' | 'verb'> &
	Readonly<{path?: string | undefined; resource?: string; subresource?: string; namespace?: string | undefined}>;

const reading = ['get', 'list', 'watch'];
const readable = ['pods', 'services', 'endpointslices', 'events', 'configmaps'];
const workloads = ['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'jobs', 'cronjobs'];

const developing = (namespaces: readonly string[]): readonly PolicyRule[] => [
	{verbs: reading, resources: [...readable, ...workloads], namespaces},
	{verbs: ['get'], resources: ['pods/log'], namespaces},
	{verbs: ['get', 'create'], resources: ['pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy', 'services/proxy'], namespaces},
	{verbs: ['patch'], resources: ['pods/ephemeralcontainers'], namespaces},
];

export const users = [
	{name: 'admin', description: 'can do everything', groups: ['system:masters'], credential: 'certificate', rules: []},
	{
		name: 'ada',
		description: 'a developer who can also read metrics, flags and nodes',
		groups: ['developers', 'system:monitoring'],
		credential: 'certificate',
		rules: [...developing(['default', 'shop']), {verbs: reading, resources: ['nodes', 'namespaces']}],
	},
	{
		name: 'bob',
		description: 'a plain developer of one namespace',
		groups: ['developers'],
		credential: 'token',
		rules: developing(['default']),
	},
	{
		name: 'cleo',
		description: 'can `get` but not `create` exec and port-forward, like roles from before 1.35',
		groups: ['viewers'],
		credential: 'token',
		rules: [
			{verbs: reading, resources: ['pods', 'services', 'deployments', 'replicasets'], namespaces: ['default']},
			{verbs: ['get'], resources: ['pods/log', 'pods/exec', 'pods/attach', 'pods/portforward'], namespaces: ['default']},
		],
	},
	{name: 'eve', description: 'is authenticated, but has no permissions', groups: ['outsiders'], credential: 'token', rules: []},
] as const satisfies readonly UserSpec[];

export type UserName = (typeof users)[number]['name'];

const publicURLs = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

/** @see plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go */
const rulesOfGroups: Readonly<Record<string, readonly PolicyRule[]>> = {
	'system:unauthenticated': [{verbs: ['get'], nonResourceURLs: publicURLs}],
	'system:authenticated': [
		{verbs: ['create'], resources: ['selfsubjectaccessreviews', 'selfsubjectreviews']},
		{verbs: ['get'], nonResourceURLs: [...publicURLs, '/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*']},
	],
	'system:masters': [
		{verbs: ['*'], resources: ['*']},
		{verbs: ['*'], nonResourceURLs: ['*']},
	],
	'system:monitoring': [{verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/metrics', '/readyz', '/flagz', '/statusz']}],
};

export type UserInfo = {name: string; groups: readonly string[]; rules: readonly PolicyRule[]; credentialId?: string};

/** `tokens`: user names. @throws ApiFailure 401 for unknown credentials, 403 for impersonation */
export function authenticate(request: IncomingMessage, authority: X509Certificate, tokens: ReadonlyMap<string, string>): UserInfo {
	const identity = identityFromCertificate(request.socket as TLSSocket, authority) ?? identityFromToken(request, tokens);
	const as = request.headers['impersonate-user'];
	if (typeof as !== 'string') {
		return identity;
	}

	if (!isAllowed(identity, {isResource: true, verb: 'impersonate', resource: 'users'})) {
		throw new ApiFailure(
			403,
			'Forbidden',
			`users "${as}" is forbidden: User "${identity.name}" cannot impersonate resource "users" in API group "" at the cluster scope`,
			{details: {name: as, kind: 'users'}},
		);
	}

	const groups = request.headers['impersonate-group'];
	return identify(as, groups === undefined ? undefined : [groups].flat().flatMap(group => group.split(',').map(name => name.trim())));
}

function identityFromCertificate(socket: TLSSocket, authority: X509Certificate): UserInfo | undefined {
	const certificate = socket.getPeerX509Certificate();
	if (!certificate?.verify(authority.publicKey) || new Date(certificate.validTo) < new Date()) {
		return undefined;
	}

	const {user, groups} = certificateIdentity(certificate);
	return {...identify(user, groups), credentialId: `X509SHA256=${createHash('sha256').update(certificate.raw).digest('hex')}`};
}

function identityFromToken({headers: {authorization}}: IncomingMessage, tokens: ReadonlyMap<string, string>): UserInfo {
	if (authorization === undefined) {
		return {name: 'system:anonymous', groups: ['system:unauthenticated'], rules: rulesOfGroups['system:unauthenticated']!};
	}

	const name = tokens.get(/^bearer (.+)$/i.exec(authorization)?.[1] ?? '');
	if (name === undefined) {
		throw new ApiFailure(401, 'Unauthorized', 'Unauthorized');
	}

	return identify(name);
}

/** By default with the groups of its spec. */
function identify(name: string, given?: readonly string[]): UserInfo {
	const spec: UserSpec | undefined = users.find(user => user.name === name);
	const groups = [...new Set([...(given ?? spec?.groups ?? []), 'system:authenticated'])];
	return {name, groups, rules: [...(spec?.rules ?? []), ...groups.flatMap(group => rulesOfGroups[group] ?? [])]};
}

export function isAllowed({rules}: UserInfo, attributes: AuthorizationAttributes): boolean {
	return rules.some(rule => (attributes.isResource ? coversResource(rule, attributes) : coversPath(rule, attributes)));
}

function coversResource(
	{verbs, resources, namespaces}: PolicyRule,
	{verb, resource = '*', subresource = '', namespace}: AuthorizationAttributes,
): boolean {
	return (
		has(verbs, verb) &&
		has(resources, subresource === '' ? resource : `${resource}/${subresource}`) &&
		(namespaces === undefined || (namespace !== undefined && namespaces.includes(namespace)))
	);
}

function coversPath({verbs, nonResourceURLs = []}: PolicyRule, {verb, path = ''}: AuthorizationAttributes): boolean {
	return (
		has(verbs, verb) &&
		nonResourceURLs.some(allowed => allowed === path || (allowed.endsWith('*') && path.startsWith(allowed.slice(0, -1))))
	);
}

function has(allowed: readonly string[] = [], value: string): boolean {
	return allowed.includes('*') || allowed.includes(value);
}
