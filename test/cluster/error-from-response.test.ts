import {readFileSync} from 'node:fs';
import test from 'ava';
import {parse} from 'yaml';
import {requestAttributes, errorFromResponse} from '../../source/cluster/error-from-response.ts';

const status = (code: number, message: string, kind = 'pods') =>
	JSON.stringify({kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code, details: {kind}});

/** A row of error-responses.yaml. */
type Row = Record<'title' | 'error' | 'says', string> & {status: number} & Partial<
		Record<'message' | 'kind' | 'body' | 'type' | 'asked' | 'location', string>
	>;

const rows = parse(readFileSync(new URL('error-responses.yaml', import.meta.url), 'utf8')) as readonly Row[];

for (const {title, status: code, message, kind, body = status(code, message!, kind), type, asked, location, error, says} of rows) {
	test(title, t => {
		const headers = {'content-type': type ?? (body.startsWith('{') ? 'application/json' : undefined), location};
		const [verb = '', resource = ''] = asked?.split(' ') ?? [];
		const thrown = errorFromResponse({status: code, body, headers}, asked === undefined ? undefined : {verb, resource});
		t.is(`${thrown.code} on leg ${thrown.leg}`, error);
		t.regex(thrown.message, new RegExp(says));
		t.notRegex(thrown.message, /\n/);
	});
}

test('derives verb and resource from method and path as RBAC does', t => {
	const told = (method: string, path: string) => {
		const {verb, resource, namespace} = requestAttributes(method, path);
		return `${verb} ${resource}${namespace === null ? '' : ` in ${namespace}`}`;
	};

	t.is(told('GET', '/api/v1/pods?limit=5'), 'list pods');
	t.is(told('GET', '/api/v1/pods?watch=true'), 'watch pods');
	t.is(told('GET', '/api/v1/namespaces/demo/pods/w/log?follow=true'), 'get pods/log in demo');
	t.is(told('POST', '/api/v1/namespaces/demo/pods/w/exec'), 'create pods/exec in demo');
	t.is(told('GET', '/api/v1/namespaces/demo'), 'get namespaces');
	t.is(told('GET', '/api/v1/namespaces'), 'list namespaces');
	t.is(told('DELETE', '/apis/apps/v1/namespaces/demo/deployments/web'), 'delete deployments in demo');
	t.is(told('GET', '/api/v1/nodes/n1/proxy/configz'), 'get nodes/proxy');
	t.is(told('GET', '/flagz'), 'get /flagz');
});

const ada = {impersonating: 'ada lovelace', impersonatedGroups: ['dev', 'ops']};
const nobodyElse = {impersonating: null, impersonatedGroups: []};
for (const [asked, by, line] of [
	[requestAttributes('GET', '/api/v1/namespaces/demo/pods/w'), nobodyElse, 'get pods -n demo'],
	[
		requestAttributes('GET', '/api/v1/namespaces/demo/pods/w/log'),
		ada,
		"get pods --subresource=log -n demo --as 'ada lovelace' --as-group dev --as-group ops",
	],
	[requestAttributes('GET', '/api/v1/pods'), nobodyElse, 'list pods -A'],
	[requestAttributes('GET', '/api/v1/nodes'), nobodyElse, 'list nodes'],
	[requestAttributes('GET', '/flagz'), nobodyElse, 'get /flagz'],
] as const) {
	test(`suggests the permission check for namespace and identity: ${line}`, t => {
		t.is(
			errorFromResponse({status: 403, body: 'no', headers: {}}, {...asked, identity: by}).remedy,
			`request permission; check with \`kubectl auth can-i ${line}\``,
		);
	});
}

test('a 403 for system:anonymous asks for credentials unless it was impersonated', t => {
	const body = status(
		403,
		'pods "w" is forbidden: User "system:anonymous" cannot get resource "pods" in API group "" in the namespace "demo"',
	);
	const remedy = (by: {impersonating: string | null; impersonatedGroups: string[]}) =>
		errorFromResponse({status: 403, body, headers: {}}, {...requestAttributes('GET', '/api/v1/namespaces/demo/pods/w'), identity: by})
			.remedy;
	t.is(remedy(nobodyElse), 'the apiserver recognized no credentials in the request: log in, or check the user of this context');
	t.regex(remedy({impersonating: 'system:anonymous', impersonatedGroups: []}) ?? '', /^request permission/);
});

const shown = {facts: {clientCertificateDates: {notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2026-11-25T00:00:00Z')}}};
for (const [title, date, says] of [
	[
		'names its expiry',
		'Thu, 26 Nov 2026 12:00:00 GMT',
		'the apiserver does not accept your credentials: Unauthorized; your client certificate expired at 2026-11-25T00:00:00Z',
	],
	[
		'names its start when not yet valid',
		'Wed, 31 Dec 2025 12:00:00 GMT',
		'the apiserver does not accept your credentials: Unauthorized; your client certificate is not valid before 2026-01-01T00:00:00Z',
	],
	[
		'adds nothing when it is valid by the apiserver’s clock',
		'Tue, 24 Nov 2026 12:00:00 GMT',
		'the apiserver does not accept your credentials: Unauthorized',
	],
] as const) {
	test(`a 401 for a client certificate ${title}`, t => {
		const error = errorFromResponse({status: 401, body: status(401, 'Unauthorized'), headers: {date}, connection: shown});
		t.is(error.message, says);
		t.is(error.code, 'ERR_CREDENTIALS');
		t.is(error.text, status(401, 'Unauthorized'));
	});
}

test('a kubelet’s 401 does not mention the client certificate', t => {
	t.notRegex(
		errorFromResponse(
			{status: 401, body: 'Unauthorized', headers: {date: 'Thu, 26 Nov 2026 12:00:00 GMT'}, connection: shown},
			{verb: 'create', resource: 'pods/exec'},
		).message,
		/ended/,
	);
});

test('a refused impersonation names its own permission, without the impersonated user', t => {
	const remedy = (message: string) =>
		errorFromResponse(
			{status: 403, body: status(403, message, 'users'), headers: {}},
			{verb: 'list', resource: 'pods', namespace: 'demo', identity: {impersonating: 'ada', impersonatedGroups: []}},
		).remedy;
	t.is(
		remedy('users "ada" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope'),
		'request permission to impersonate, or omit it; check with `kubectl auth can-i impersonate users`',
	);
	t.is(
		remedy(
			'users.authentication.k8s.io "ada" is forbidden: User "bob" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
		),
		'request permission to impersonate, or omit it; check with `kubectl auth can-i impersonate:user-info users.authentication.k8s.io`',
	);
});
