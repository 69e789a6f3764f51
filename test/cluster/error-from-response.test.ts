import test from 'ava';
import {requestAttributes} from '../../source/cluster/request-attributes.ts';
import {errorFromResponse} from '../../source/cluster/error-from-response.ts';
import type {ErrorCode} from '../../source/errors/error-table.ts';

const status = (code: number, message: string, kind = 'pods') =>
	JSON.stringify({kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code, details: {kind}});

type Row = {
	title: string;
	status: number;
	body: string;
	type?: string;
	asked?: {verb: string; resource: string};
	code: ErrorCode;
	leg: number;
	says: RegExp;
	location?: string;
};

const logs = {verb: 'get', resource: 'pods/log'};
const rows: readonly Row[] = [
	{
		title: '401 by the apiserver',
		status: 401,
		body: status(401, 'Unauthorized'),
		code: 'ERR_CREDENTIALS',
		leg: 1,
		says: /^the apiserver does not accept your credentials: Unauthorized$/,
	},
	{
		title: '401 by the kubelet on a log',
		status: 401,
		body: status(401, 'the server has asked for the client to provide credentials ( pods/log web)', 'pods/log'),
		asked: logs,
		code: 'ERR_SECOND_LEG',
		leg: 2,
		says: /kubelet does not accept the apiserver/,
	},
	{
		title: '401 in plain text on an exec',
		status: 401,
		type: 'text/plain',
		body: 'Unauthorized',
		asked: {verb: 'create', resource: 'pods/exec'},
		code: 'ERR_SECOND_LEG',
		leg: 2,
		says: /kubelet does not accept/,
	},
	{
		title: '401 in plain text on a list, from a gateway',
		status: 401,
		type: 'text/plain',
		body: 'Unauthorized',
		asked: {verb: 'list', resource: 'pods'},
		code: 'ERR_CREDENTIALS',
		leg: 1,
		says: /your credentials/,
	},
	{
		title: '403 with RBAC’s message',
		status: 403,
		body: status(403, 'pods "w" is forbidden: User "ada" cannot get resource "pods/log" in API group "" in the namespace "demo"'),
		asked: logs,
		code: 'ERR_FORBIDDEN',
		leg: 1,
		says: /^pods "w" is forbidden: User "ada" cannot get resource "pods\/log" in API group "" in the namespace "demo"$/,
	},
	{
		title: '403 with an empty reason lacks create',
		status: 403,
		body: status(403, 'pods "w" is forbidden: '),
		asked: {verb: 'get', resource: 'pods/exec'},
		code: 'ERR_FORBIDDEN',
		leg: 1,
		says: /create/,
	},
	{
		title: '403 without a message',
		status: 403,
		body: 'no',
		asked: {verb: 'list', resource: 'nodes'},
		code: 'ERR_FORBIDDEN',
		leg: 1,
		says: /^not allowed to list nodes: no$/,
	},
	{
		title: '403 by the kubelet',
		status: 403,
		type: 'text/plain',
		body: 'Forbidden (user=kube-apiserver, verb=create, resource=nodes, subresource(s)=[proxy])',
		asked: {verb: 'get', resource: 'pods/portforward'},
		code: 'ERR_SECOND_LEG',
		leg: 2,
		says: /kubelet refuses the apiserver/,
	},
	{title: '404', status: 404, body: status(404, 'pods "w" not found'), code: 'ERR_NOT_FOUND', leg: 1, says: /^pods "w" not found$/},
	{
		title: '404 of a server URL that is no apiserver',
		status: 404,
		type: 'text/plain',
		body: '404 page not found\n',
		asked: {verb: 'get', resource: 'pods'},
		code: 'ERR_NOT_FOUND',
		leg: 1,
		says: /^no such API at the server URL: 404 page not found$/,
	},
	{
		title: '404 of a server URL that is no apiserver, as a Status since 1.38',
		status: 404,
		body: '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"404 page not found","reason":"NotFound","code":404}',
		asked: {verb: 'get', resource: 'pods'},
		code: 'ERR_NOT_FOUND',
		leg: 1,
		says: /^no such API at the server URL: 404 page not found$/,
	},
	{
		title: '500 of a log because of the kubelet’s certificate',
		status: 500,
		body: status(
			500,
			'Get "https://10.0.0.1:10250/containerLogs/demo/w/c": tls: failed to verify certificate: x509: certificate signed by unknown authority',
		),
		asked: logs,
		code: 'ERR_SECOND_LEG',
		leg: 2,
		says: /no CA that it trusts signed it/,
	},
	{
		title: '500 with an unknown message',
		status: 500,
		body: status(500, 'etcdserver: leader changed'),
		code: 'ERR_APISERVER_ANSWER',
		leg: 1,
		says: /^the apiserver responded with 500: etcdserver: leader changed$/,
	},
	{
		title: 'a redirect',
		status: 302,
		body: '',
		location: 'https://login.test/',
		code: 'ERR_APISERVER_ANSWER',
		leg: 1,
		says: /redirects to https:\/\/login\.test\/; redirects are not followed/,
	},
	{
		title: 'HTTP to an HTTPS port',
		status: 400,
		type: 'text/plain',
		body: 'Client sent an HTTP request to an HTTPS server.\n',
		code: 'ERR_APISERVER_ANSWER',
		leg: 1,
		says: /requires HTTPS, but the server URL says http/,
	},
	{
		title: 'an HTML page',
		status: 502,
		type: 'text/html',
		body: '<html>\n<h1>Bad\nGateway</h1>\n</html>',
		code: 'ERR_APISERVER_ANSWER',
		leg: 1,
		says: /^the apiserver responded with 502: <html> <h1>Bad Gateway<\/h1> <\/html>$/,
	},
	{title: 'JSON that is not a Status', status: 500, body: 'null', code: 'ERR_APISERVER_ANSWER', leg: 1, says: /responded with 500: null/},
	{title: 'an empty 503', status: 503, body: '', code: 'ERR_APISERVER_ANSWER', leg: 1, says: /responded with 503/},
];

for (const row of rows) {
	test(row.title, t => {
		const error = errorFromResponse(
			{
				status: row.status,
				body: row.body,
				headers: {'content-type': row.type ?? (row.body.startsWith('{') ? 'application/json' : undefined), location: row.location},
			},
			row.asked,
		);
		t.like(error, {code: row.code, leg: row.leg});
		t.regex(error.message, row.says);
		t.notRegex(error.message, /\n/);
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
