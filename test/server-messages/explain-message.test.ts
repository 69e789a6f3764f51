import test from 'ava';
import {explainMessage, messageRules} from '../../source/server-messages/explain-message.ts';

const status = (code: number, message: string, details: object = {}) =>
	JSON.stringify({kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code, details});
const x509 = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';

type Said = {text: string; status?: number};

/** A Status and its code. */
const said = (code: number, message: string, details: object = {}): Said => ({text: status(code, message, details), status: code});

/** `id`: of the rule. */
type Case = readonly [title: string, said: Said, id: string | null, dialedAddress?: string];

const cases: readonly Case[] = [
	[
		'a log read with a rejected certificate',
		said(500, `Get "https://10.99.0.12:10250/containerLogs/demo/web/c?follow=true": ${x509}`),
		'T3',
		'10.99.0.12:10250',
	],
	[
		'an upgrade with a rejected certificate name',
		said(
			500,
			"error dialing backend: tls: failed to verify certificate: x509: cannot validate certificate for 10.99.0.12 because it doesn't contain any IP SANs",
		),
		'T1',
	],
	[
		'a translated exec, on channel 3',
		{
			text: JSON.stringify({
				metadata: {},
				status: 'Failure',
				message: `Internal error occurred: error sending request: Post "https://10.99.0.14:10250/exec/demo/web/c?command=x": ${x509}`,
				reason: 'InternalError',
				code: 500,
			}),
		},
		'T3',
		'10.99.0.14:10250',
	],
	['a node proxy request with a rejected certificate', said(503, `error trying to reach service: ${x509}`), 'T3'],
	['an upgrade error in kubectl’s wrapper', {text: 'unable to upgrade connection: error dialing backend: No agent available'}, 'G1'],
	['a pending serving CSR', said(500, 'error dialing backend: remote error: tls: internal error'), 'T5'],
	[
		'a certificate for another name',
		said(500, 'error dialing backend: tls: failed to verify certificate: x509: certificate is valid for n1, not n2'),
		'T2',
	],
	[
		'an expired certificate',
		said(
			500,
			'error dialing backend: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-24T00:00:00Z is after 2026-11-23T00:00:00Z',
		),
		'T4',
	],
	['plain HTTP instead of TLS', said(503, 'error trying to reach service: tls: first record does not look like a TLS handshake'), 'T6'],
	['a TLS handshake timeout', said(503, 'error trying to reach service: net/http: TLS handshake timeout'), 'T7'],
	[
		'a reset during the TLS handshake',
		said(500, 'error dialing backend: read tcp 10.0.0.1:5->10.0.0.2:10250: read: connection reset by peer'),
		'T8',
	],
	['a refused port', said(500, 'error dialing backend: dial tcp 10.99.0.11:10250: connect: connection refused'), 'D1', '10.99.0.11:10250'],
	['no route', said(500, 'error dialing backend: dial tcp 10.99.0.11:10250: connect: no route to host'), 'D2'],
	['a connection timeout', said(500, 'error dialing backend: dial tcp 10.99.0.11:10250: i/o timeout'), 'D3'],
	['a name that does not resolve', said(500, 'error dialing backend: dial tcp: lookup n9 on 10.0.0.53:53: no such host'), 'D4'],
	['a name that does not resolve before a connection attempt', said(400, 'lookup n9 on 10.0.0.53:53: no such host'), 'D4'],
	['a node without address', said(500, 'no preferred addresses found; known addresses: []'), 'D5'],
	['a node with a loopback address', said(400, 'address not allowed'), 'D6'],
	['an agent that does not respond', said(500, 'error dialing backend: dial timeout, backstop'), 'G2'],
	[
		'a Konnectivity server that is down',
		said(
			500,
			'error dialing backend: context deadline exceeded: connection error: desc = "transport: Error while dialing: dial unix /run/k.sock: connect: connection refused"',
		),
		'G3',
	],
	[
		'an HTTP CONNECT proxy without an agent',
		said(500, 'error dialing backend: proxy error from /run/k.sock while dialing 10.99.0.11:10250, code 500: 500 Internal Server Error'),
		'H1',
		'10.99.0.11:10250',
	],
	[
		'an HTTP CONNECT target that refuses',
		said(500, 'error dialing backend: proxy error from /run/k.sock while dialing 10.99.0.11:10250, code 502: 502 Bad Gateway'),
		'H2',
	],
	[
		'an HTTP CONNECT target that times out',
		said(500, 'error dialing backend: proxy error from /run/k.sock while dialing 10.99.0.11:10250, code 504: 504 Gateway Timeout'),
		'H3',
	],
	[
		'an HTTP CONNECT proxy that is down',
		said(500, 'error dialing backend: dial unix /run/k.sock: connect: no such file or directory'),
		'H4',
	],
	[
		'k3s’s proxy for a node without a session',
		said(500, 'error dialing backend: proxy error from 127.0.0.1:6443 while dialing 10.99.0.11:10250, code 502: 502 Bad Gateway'),
		'H2',
		'10.99.0.11:10250',
	],
	[
		'RKE2’s proxy that rejects the request',
		said(500, 'error dialing backend: proxy error from 127.0.0.1:9345 while dialing 10.99.0.11:10250, code 400: 400 Bad Request'),
		'H7',
		'10.99.0.11:10250',
	],
	[
		'an HTTP CONNECT proxy that hangs',
		said(500, 'error dialing backend: proxy CONNECT to 10.99.0.11:10250 failed: context deadline exceeded'),
		'H5',
		'10.99.0.11:10250',
	],
	[
		'an HTTP CONNECT proxy that closes the connection',
		said(500, 'error dialing backend: reading HTTP response from CONNECT to 10.99.0.11:10250 via proxy /run/k.sock failed: unexpected EOF'),
		'H6',
		'10.99.0.11:10250',
	],
	[
		'an HTTP CONNECT proxy at a TCP address that breaks off',
		said(
			503,
			'error trying to reach service: reading HTTP response from CONNECT to 10.99.0.11:10250 via proxy konnectivity-server-local:8090 failed: read tcp 10.0.0.2:40312->10.0.0.9:8090: read: connection reset by peer',
		),
		'H6',
		'10.99.0.11:10250',
	],
	[
		'a kubelet’s 401 to a log read',
		said(401, 'the server has asked for the client to provide credentials ( pods/log web)', {kind: 'pods/log', name: 'web'}),
		'K1',
	],
	['a kubelet’s 401 to an exec', {text: 'Unauthorized', status: 401}, 'K2'],
	['a kubelet’s 403', {text: 'Forbidden (user=kube-apiserver, verb=create, resource=nodes, subresource(s)=[proxy])', status: 403}, 'K3'],
	[
		'a kubelet’s 403 to a log read',
		said(403, 'Forbidden (user=kube-apiserver, verb=get, resource=nodes, subresource(s)=[proxy])\n ( pods/log web)', {
			kind: 'pods/log',
		}),
		'K3',
	],
	[
		'a kubelet’s 401 to a translated exec',
		{
			text: JSON.stringify({
				metadata: {},
				status: 'Failure',
				message: 'Internal error occurred: unable to upgrade connection: Unauthorized',
				code: 500,
			}),
		},
		'K4',
	],
	['a server that is not a kubelet', said(500, 'invalid upgrade response: status code 404'), 'K5'],
	['the user’s own 401', said(401, 'Unauthorized'), 'R1'],
	[
		'a missing permission',
		said(403, 'pods "web" is forbidden: User "ada" cannot create resource "pods/exec" in API group "" in the namespace "demo"', {
			kind: 'pods',
		}),
		'R2',
	],
	[
		'a missing permission to impersonate',
		said(
			403,
			'users.authentication.k8s.io "ada" is forbidden: User "bob" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
			{kind: 'users'},
		),
		'R2',
	],
	[
		'a missing permission to act as an impersonated user',
		said(
			403,
			'pods "web" is forbidden: User "bob" cannot impersonate-on:user-info:create resource "pods/exec" in API group "" in the namespace "demo"',
			{kind: 'pods'},
		),
		'R2',
	],
	['get without create', said(403, 'pods "web" is forbidden: ', {kind: 'pods'}), 'R3'],
	['an unsupported subprotocol', {text: '', status: 403}, 'R4'],
	['a wrong container', said(400, 'container x is not valid for pod web'), 'P1'],
	['stripped upgrade headers', said(400, 'Upgrade request required'), 'P2'],
	['a pod on no node', said(400, 'pod web does not have a host assigned'), 'P6'],
	['a service without endpoints', said(503, 'no endpoints available for service "web"'), 'P3'],
	[
		'a port in the pod without a listener',
		{text: 'error forwarding port 9999 to pod 3f2a, uid : failed to execute portforward in network namespace "/x": failed to connect'},
		'P4',
	],
	['plain HTTP to a TLS port', {text: 'Client sent an HTTP request to an HTTPS server.\n', status: 400}, 'P5'],
	['a kubelet’s 403 with an apiserver’s message', said(403, `Get "https://10.99.0.12:10250/containerLogs/demo/web/c": ${x509}`), null],
	['an unknown message', said(500, 'something new'), null],
	['an application that copies a tunnel’s message', {text: 'No agent available', status: 500}, null],
	['the end of spoke’s own socket', {text: 'EOF'}, null],
	['an x509 message without a wrapper', {text: x509, status: 500}, null],
];

for (const [title, {text, ...context}, id, dialedAddress] of cases) {
	test(id === null ? `returns null for ${title}` : `explains ${title} as ${id}`, t => {
		const explained = explainMessage(text, context);
		t.is(explained?.rule.id ?? null, id);
		if (explained) {
			t.is(explained.text, text);
		}

		if (dialedAddress) {
			t.is(explained?.dialedAddress, dialedAddress);
		}
	});
}

test('the cases above cover every rule except G4', t => {
	const covered = new Set(cases.map(([, , id]) => id));
	t.deepEqual(
		[...new Set(messageRules.map(({id}) => id))].filter(id => !covered.has(id)),
		['G4'],
	);
});

test('the meaning of D6 includes a pod or node without an address', t => {
	const {rule: row} = explainMessage(status(400, 'address not allowed'), {status: 400})!;
	t.regex(row.meaning, /has no address yet, or one/);
	t.regex(row.remedy ?? '', /kubectl get pod -o wide/);
});

test('the remedy of H2 names the agent of a k3s node without a session', t => {
	const text = 'error dialing backend: proxy error from 127.0.0.1:6443 while dialing 10.99.0.11:10250, code 502: 502 Bad Gateway';
	const {rule: row} = explainMessage(status(500, text), {status: 500})!;
	t.notRegex(row.meaning, /reached an agent/);
	t.regex(row.remedy ?? '', /on k3s and RKE2, its k3s-agent or rke2-agent is not connected/);
});

test('a remedy claims no likelihood, because the text is all that is known', t => {
	t.deepEqual(
		messageRules.filter(({remedy}) => (remedy ?? '').includes('likely')).map(({id}) => id),
		[],
	);
});

test('the remedy of a certificate of an unknown CA names the CA file of the apiserver', t => {
	const row = messageRules.find(({id}) => id === 'T3')!;
	t.regex(row.remedy ?? '', /^add its CA to the file of --kubelet-certificate-authority, or /);
});

test('a meaning and its remedy fit three lines of a terminal of 80 columns', t => {
	t.deepEqual(
		messageRules.filter(({meaning, remedy}) => `${meaning}${remedy ?? ''}`.length > 240).map(({id}) => id),
		[],
	);
});

test('a message from a kubelet never blames the user’s credentials or permissions', t => {
	for (const {rule: row} of cases.map(([, {text, ...context}]) => explainMessage(text, context)).filter(explained => explained !== null)) {
		t.false(row.speaker === 'kubelet' && (row.code === 'ERR_CREDENTIALS' || row.code === 'ERR_FORBIDDEN'), row.id);
	}
});

const proves: Readonly<Record<string, object>> = {
	...Object.fromEntries(['T1', 'T2', 'T3', 'T4'].map(id => [id, {tls: 'refused'}])),
	T6: {tls: 'plain'},
	...Object.fromEntries(['K1', 'K3', 'K4'].map(id => [id, {farEndAnswered: true}])),
	...Object.fromEntries(['G1', 'G2', 'G3', 'G4'].map(id => [id, {route: 'konnectivity'}])),
	...Object.fromEntries(['H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'H7'].map(id => [id, {route: 'egress-http-connect'}])),
};

test('each rule proves exactly what the table above allows', t => {
	for (const {id, proves: proven} of messageRules) {
		t.deepEqual(proven, proves[id] ?? {}, id);
	}
});

test('the first letter of an id determines leg and speaker, except for P4, P5, T5 and K5', t => {
	for (const {id, leg, speaker} of messageRules) {
		t.is(leg, id === 'P4' || id === 'P5' ? 3 : /^[TDKGH]/.test(id) ? 2 : 1, id);
		t.is(
			speaker,
			id === 'P4'
				? 'runtime'
				: id === 'P5'
					? 'application'
					: id === 'T5' || /^K[1-4]/.test(id)
						? 'kubelet'
						: /^[GH]/.test(id)
							? 'tunnel'
							: 'apiserver',
			id,
		);
	}
});

for (const [title, {text, ...context}, id] of cases.filter(([, , id]) => id !== null && !['R2', 'R4'].includes(id))) {
	test(`ignores a longer message that contains ${title}`, t => {
		const {message} = explainMessage(text, context)!;
		const inText = (part: string) => (text.trimStart().startsWith('{') ? JSON.stringify(part).slice(1, -1) : part);
		const changed = (to: string) => explainMessage(text.replace(inText(message), inText(to)), context)?.rule.id;
		t.not(changed(`said: ${message}`), id);
		if (!['T1', 'T2', 'T4', 'H2', 'H3', 'H5', 'H6', 'H7', 'D5', 'K1', 'K3', 'K4', 'R2', 'P4'].includes(id!)) {
			t.not(changed(`${message}: said`), id);
		}
	});
}

for (const [id, message] of [
	['D3', 'dial tcp 10.0.0.1:10250: connect: connection timed out'],
	['D4', 'lookup n9: no such host'],
	['G2', 'dial timeout, context'],
	['G4', 'dial closed'],
	['G4', 'tunnel closed'],
	['G4', 'timed out waiting for backend dial'],
	[
		'G3',
		'context deadline exceeded: connection error: desc = "transport: Error while dialing: dial unix /run/k.sock: connect: no such file or directory"',
	],
	['H4', 'dial unix /run/k.sock: connect: connection refused'],
	['H5', 'proxy CONNECT to 10.99.0.12:10250 failed: context canceled'],
	['H6', 'writing CONNECT to 10.99.0.12:10250 via proxy /run/k.sock failed: write unix @->/run/k.sock: write: broken pipe'],
	['H6', 'unexpected 12 bytes of buffered data from CONNECT proxy "/run/k.sock"'],
	['T6', 'http: server gave HTTP response to HTTPS client'],
	['T8', 'EOF'],
] as const) {
	test(`explains ${message.slice(0, 50)} as ${id} in every wrapper`, t => {
		t.is(explainMessage(status(500, `Get "https://10.99.0.12:10250/containerLogs/demo/web/c": ${message}`), {status: 500})?.rule.id, id);
		t.is(explainMessage(status(500, `error dialing backend: ${message}`), {status: 500})?.rule.id, id);
		t.is(explainMessage(status(503, `error trying to reach service: ${message}`), {status: 503})?.rule.id, id);
		t.is(
			explainMessage(
				status(500, `Internal error occurred: error sending request: Post "https://10.99.0.12:10250/exec/demo/web/c": ${message}`),
			)?.rule.id,
			id,
		);
		t.is(explainMessage(status(500, `error sending request: Post "https://10.99.0.12:10250/exec/demo/web/c": ${message}`))?.rule.id, id);
	});
}

test('the meaning of EOF mentions TLS for an upgrade and not for a proxy request', t => {
	const {rule: row} = explainMessage(status(503, 'error trying to reach service: EOF'), {status: 503})!;
	t.is(row.id, 'T8');
	t.notRegex(row.meaning, /TLS/);
	t.regex(explainMessage(status(500, 'error dialing backend: EOF'), {status: 500})!.rule.meaning, /TLS/);
});

test('returns null for look-alikes of a wrapper', t => {
	t.is(explainMessage(status(500, `Get "https://10.99.0.12:10250/other/demo": ${x509}`), {status: 500}), null);
	t.is(explainMessage(`Get "https://10.99.0.12:10250/containerLogs/demo/web/c": ${x509}`)?.rule.id, 'T3');
	t.is(explainMessage(status(500, `it said: error dialing backend: ${x509}`), {status: 500}), null);
	t.is(explainMessage(status(503, `it said: error trying to reach service: ${x509}`), {status: 503}), null);
	t.is(explainMessage(status(500, `it said: error sending request: Post "https://10.99.0.12:10250/exec/demo/web/c": ${x509}`)), null);
	t.is(explainMessage(JSON.stringify({kind: 'Other', message: `error dialing backend: ${x509}`}), {status: 500}), null);
});

test('reports an IPv6 address that the apiserver dialed', t => {
	t.is(
		explainMessage(status(500, 'error dialing backend: dial tcp [fd00::12]:10250: connect: connection refused'), {status: 500})
			?.dialedAddress,
		'[fd00::12]:10250',
	);
});
