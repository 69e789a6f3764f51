import test from 'ava';
import {requestAttributes} from '../../source/cluster/request-attributes.ts';
import {errorFromResponse} from '../../source/cluster/error-from-response.ts';
import type {ErrorCode} from '../../source/errors/error-table.ts';

const status = (code: number, message: string, kind = 'pods') =>
	JSON.stringify({kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code, details: {kind}});

type Row = readonly [
	title: string,
	status: number,
	body: string,
	error: `${ErrorCode} on leg ${number}`,
	says: RegExp,
	more?: {type?: string; asked?: {verb: string; resource: string}; location?: string},
];

const logs = {verb: 'get', resource: 'pods/log'};
const rows: readonly Row[] = [
	[
		'401 by the apiserver',
		401,
		status(401, 'Unauthorized'),
		'ERR_CREDENTIALS on leg 1',
		/^the apiserver does not accept your credentials: Unauthorized$/,
	],
	[
		'401 by the kubelet on a log',
		401,
		status(401, 'the server has asked for the client to provide credentials ( pods/log web)', 'pods/log'),
		'ERR_SECOND_LEG on leg 2',
		/kubelet does not accept the apiserver/,
		{asked: logs},
	],
	[
		'401 in plain text on an exec',
		401,
		'Unauthorized',
		'ERR_SECOND_LEG on leg 2',
		/kubelet does not accept/,
		{type: 'text/plain', asked: {verb: 'create', resource: 'pods/exec'}},
	],
	[
		'401 in plain text on a list, from a gateway',
		401,
		'Unauthorized',
		'ERR_CREDENTIALS on leg 1',
		/your credentials/,
		{type: 'text/plain', asked: {verb: 'list', resource: 'pods'}},
	],
	[
		'403 with RBAC’s message',
		403,
		status(403, 'pods "w" is forbidden: User "ada" cannot get resource "pods/log" in API group "" in the namespace "demo"'),
		'ERR_FORBIDDEN on leg 1',
		/^pods "w" is forbidden: User "ada" cannot get resource "pods\/log" in API group "" in the namespace "demo"$/,
		{asked: logs},
	],
	[
		'403 with an empty reason lacks create',
		403,
		status(403, 'pods "w" is forbidden: '),
		'ERR_FORBIDDEN on leg 1',
		/create/,
		{asked: {verb: 'get', resource: 'pods/exec'}},
	],
	[
		'403 without a message',
		403,
		'no',
		'ERR_FORBIDDEN on leg 1',
		/^not allowed to list nodes: no$/,
		{asked: {verb: 'list', resource: 'nodes'}},
	],
	[
		'403 by the kubelet',
		403,
		'Forbidden (user=kube-apiserver, verb=create, resource=nodes, subresource(s)=[proxy])',
		'ERR_SECOND_LEG on leg 2',
		/kubelet refuses the apiserver/,
		{type: 'text/plain', asked: {verb: 'get', resource: 'pods/portforward'}},
	],
	['404', 404, status(404, 'pods "w" not found'), 'ERR_NOT_FOUND on leg 1', /^pods "w" not found$/],
	[
		'404 of a server URL that is no apiserver',
		404,
		'404 page not found\n',
		'ERR_NOT_FOUND on leg 1',
		/^no such API at the server URL: 404 page not found$/,
		{type: 'text/plain', asked: {verb: 'get', resource: 'pods'}},
	],
	[
		'404 of a server URL that is no apiserver, as a Status since 1.38',
		404,
		'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"404 page not found","reason":"NotFound","code":404}',
		'ERR_NOT_FOUND on leg 1',
		/^no such API at the server URL: 404 page not found$/,
		{asked: {verb: 'get', resource: 'pods'}},
	],
	[
		'500 of a log because of the kubelet’s certificate',
		500,
		status(
			500,
			'Get "https://10.0.0.1:10250/containerLogs/demo/w/c": tls: failed to verify certificate: x509: certificate signed by unknown authority',
		),
		'ERR_SECOND_LEG on leg 2',
		/no CA that it trusts signed it/,
		{asked: logs},
	],
	[
		'500 with an unknown message',
		500,
		status(500, 'etcdserver: leader changed'),
		'ERR_APISERVER_ANSWER on leg 1',
		/^the apiserver responded with 500: etcdserver: leader changed$/,
	],
	[
		'a redirect',
		302,
		'',
		'ERR_APISERVER_ANSWER on leg 1',
		/redirects to https:\/\/login\.test\/; redirects are not followed/,
		{location: 'https://login.test/'},
	],
	[
		'HTTP to an HTTPS port',
		400,
		'Client sent an HTTP request to an HTTPS server.\n',
		'ERR_APISERVER_ANSWER on leg 1',
		/requires HTTPS, but the server URL says http/,
		{type: 'text/plain'},
	],
	[
		'an HTML page',
		502,
		'<html>\n<h1>Bad\nGateway</h1>\n</html>',
		'ERR_APISERVER_ANSWER on leg 1',
		/^the apiserver responded with 502: <html> <h1>Bad Gateway<\/h1> <\/html>$/,
		{type: 'text/html'},
	],
	['JSON that is not a Status', 500, 'null', 'ERR_APISERVER_ANSWER on leg 1', /responded with 500: null/],
	['an empty 503', 503, '', 'ERR_APISERVER_ANSWER on leg 1', /responded with 503/],
];

for (const [title, status, body, expected, says, {type, asked, location} = {}] of rows) {
	test(title, t => {
		const headers = {'content-type': type ?? (body.startsWith('{') ? 'application/json' : undefined), location};
		const {code, leg, message} = errorFromResponse({status, body, headers}, asked);
		t.is(`${code} on leg ${leg}`, expected);
		t.regex(message, says);
		t.notRegex(message, /\n/);
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
