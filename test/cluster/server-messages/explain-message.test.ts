import {readFileSync} from 'node:fs';
import test from 'ava';
import {parse} from 'yaml';
import {explainMessage, messageRules} from '../../../source/cluster/server-messages/explain-message.ts';

const status = (code: number, message: string, details: object = {}) =>
	JSON.stringify({kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code, details});
const x509 = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';

/** A row of messages.yaml. */
type Row = {title: string; status?: number; message?: string; details?: object; text?: string; rule: string | null; dialed?: string};

const rows = parse(readFileSync(new URL('messages.yaml', import.meta.url), 'utf8')) as readonly Row[];
const cases = rows.map(({title, rule: id, dialed, status: code, message, details, text}) => ({
	title,
	id,
	dialed,
	text: text ?? status(code!, message!, details),
	context: {...(code !== undefined && {status: code})},
}));

for (const {title, text, context, id, dialed} of cases) {
	test(id === null ? `returns null for ${title}` : `explains ${title} as ${id}`, t => {
		const explained = explainMessage(text, context);
		t.is(explained?.rule.id ?? null, id);
		if (explained) {
			t.is(explained.text, text);
		}

		if (dialed !== undefined) {
			t.is(explained?.dialedAddress, dialed);
		}
	});
}

test('the cases above cover every rule except G4', t => {
	const covered = new Set(cases.map(({id}) => id));
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
	for (const {rule: row} of cases.map(({text, context}) => explainMessage(text, context)).filter(explained => explained !== null)) {
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

for (const {title, text, context, id} of cases.filter(({id}) => id !== null && !['R2', 'R4'].includes(id))) {
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
