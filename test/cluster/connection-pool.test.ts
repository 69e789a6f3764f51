/** A 401, the credential plugin and the request that is sent again. */
import {readFile, writeFile} from 'node:fs/promises';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {join} from 'node:path';
import process from 'node:process';
import {text} from 'node:stream/consumers';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import {serve} from '../support/api-server.ts';
import {authority, issue} from '../support/certificates.ts';

const unauthorized = {kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401};
const kubeletRefusal = {
	...unauthorized,
	message: 'the server has asked for the client to provide credentials ( pods/log web)',
	details: {name: 'web', kind: 'pods/log'},
};
const pod = '/api/v1/namespaces/default/pods/web';

/** A server whose first token is outdated, and a user whose plugin issues t1, t2… */
async function given(t: ExecutionContext, answer: (response: ServerResponse, request: IncomingMessage) => void) {
	const seen: string[] = [];
	const server = await serve(t, (request, response) => {
		request.resume();
		seen.push(`${request.method} ${request.headers.authorization}`);
		if (request.headers.authorization === 'Bearer t1') {
			answer(response, request);
		} else {
			response.end('{}');
		}
	});
	const runsFile = join(server.folder, 'runs');
	const script = `echo run >> "${runsFile}"
n=$(wc -l < "${runsFile}" | tr -d ' ')
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t'$n'"}}'`;
	const cluster = await server.cluster({
		user: {exec: {apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script], interactiveMode: 'Never'}},
		environment: {PATH: process.env['PATH']},
	});
	return {cluster, seen, runs: async () => (await readFile(runsFile, 'utf8')).split('\n').length - 1};
}

function json(object: object) {
	return (response: ServerResponse) => {
		response.writeHead(401, {'Content-Type': 'application/json'}).end(JSON.stringify(object));
	};
}

function plain(response: ServerResponse): void {
	response.writeHead(401, {'Content-Type': 'text/plain'}).end('Unauthorized');
}

async function statusOf(cluster: ClusterClient, method: string, path: string): Promise<number> {
	const {status, body} = await cluster.request({method, path});
	await text(body);
	return status;
}

for (const [title, method, path, answer] of [
	['a backend’s 401 to a POST', 'POST', `${pod}/proxy/login`, plain],
	['a backend’s 401 to a GET', 'GET', `${pod}:8080/proxy`, plain],
	['a backend that imitates the apiserver', 'GET', '/api/v1/namespaces/default/services/web/proxy/?a=b', json(unauthorized)],
	['a kubelet’s 401 to the apiserver proxy', 'GET', '/api/v1/nodes/n1/proxy/configz', plain],
	['a kubelet’s 401 to a log read', 'GET', `${pod}/log?follow=true`, json(kubeletRefusal)],
	['a kubelet’s 401 to an attach', 'GET', `${pod}/attach`, plain],
] as const) {
	test(`${title} neither reruns the plugin nor repeats the request`, async t => {
		const {cluster, seen, runs} = await given(t, answer);
		const {status, body} = await cluster.request({method, path});
		t.is(status, 401);
		t.regex(await text(body), /Unauthorized|provide credentials/);
		t.deepEqual([await runs(), seen], [1, [`${method} Bearer t1`]]);
	});
}

test('after a 401 through /proxy, the next request first finds out whose it was', async t => {
	const login = `${pod}/proxy/login`;
	const ofApiserver = await given(t, json(unauthorized));
	t.is(await statusOf(ofApiserver.cluster, 'POST', login), 401);
	t.is(await statusOf(ofApiserver.cluster, 'POST', login), 200);
	t.deepEqual([await ofApiserver.runs(), ofApiserver.seen], [2, ['POST Bearer t1', 'GET Bearer t1', 'GET Bearer t2', 'POST Bearer t2']]);
	const ofBackend = await given(t, (response, request) => {
		response.writeHead(request.url === '/api' ? 200 : 401).end('{}');
	});
	t.is(await statusOf(ofBackend.cluster, 'POST', login), 401);
	t.is(await statusOf(ofBackend.cluster, 'POST', login), 401);
	t.deepEqual([await ofBackend.runs(), ofBackend.seen], [1, ['POST Bearer t1', 'GET Bearer t1', 'POST Bearer t1']]);
});

for (const [title, path, answer, method = 'GET'] of [
	['a review', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', json(unauthorized), 'POST'],
	['a list', '/api/v1/namespaces/proxy/pods', json(unauthorized)],
	['a list, in plain text', '/api/v1/namespaces/log/pods', plain],
	['a log read', `${pod}/log?container=proxy`, json(unauthorized)],
] as const) {
	test(`the apiserver’s 401 to ${title} reruns the plugin and repeats the request`, async t => {
		const {cluster, seen, runs} = await given(t, answer);
		t.is(await statusOf(cluster, method, path), 200);
		t.deepEqual([await runs(), seen], [2, [`${method} Bearer t1`, `${method} Bearer t2`]]);
	});
}

test('the apiserver’s 401 to an upgrade reruns the plugin and repeats the request', async t => {
	const {cluster, seen} = await given(t, json(unauthorized));
	const connection = await cluster.connect();
	const outcome = await connection.upgrade({method: 'POST', path: `${pod}/attach`, upgrade: 'SPDY/3.1', protocols: ['v4.channel.k8s.io']});
	connection.close();
	t.is(outcome.upgraded ? null : outcome.status, 200);
	t.deepEqual(seen, ['POST Bearer t1', 'POST Bearer t2']);
});

for (const method of ['POST', 'PATCH', 'DELETE']) {
	test(`the apiserver’s 401 to a ${method} reruns the plugin for the next request only`, async t => {
		const {cluster, seen, runs} = await given(t, json(unauthorized));
		t.is(await statusOf(cluster, method, pod), 401);
		t.deepEqual([await runs(), seen], [2, [`${method} Bearer t1`]]);
		t.is(await statusOf(cluster, method, pod), 200);
	});
}

test('the body of a backend’s 401 arrives although it does not end', async t => {
	const {cluster} = await given(t, response => {
		response.writeHead(401).write('a'.repeat(2 * 1024 * 1024));
	});
	const connection = await cluster.connect();
	const {status, body} = await connection.request({path: `${pod}/proxy/`});
	let bytes = 0;
	for await (const chunk of body as AsyncIterable<Buffer>) {
		bytes += chunk.length;
		if (bytes === 2 * 1024 * 1024) {
			break;
		}
	}

	t.deepEqual([status, bytes], [401, 2 * 1024 * 1024]);
	connection.close();
});

test('a backend’s 401 to a POST is not repeated with a renewed client certificate', async t => {
	const root = await authority('client-ca');
	const [first, second] = await Promise.all([
		issue({commonName: 'one', usage: 'client'}, root),
		issue({commonName: 'two', usage: 'client'}, root),
	]);
	const seen: string[] = [];
	const server = await serve(
		t,
		async ({method}, response) => {
			seen.push(method!);
			await put(second);
			// Files are reread at most once a second.
			await delay(1100);
			plain(response);
		},
		{requestCert: true, rejectUnauthorized: false},
	);
	const [certificate, key] = [join(server.folder, 'c'), join(server.folder, 'k')];
	const put = async (pair: typeof first) => Promise.all([writeFile(certificate, pair.certificate), writeFile(key, pair.key)]);
	await put(first);
	const cluster = await server.cluster({user: {'client-certificate': certificate, 'client-key': key}});
	t.is(await statusOf(cluster, 'POST', `${pod}/proxy/login`), 401);
	t.deepEqual(seen, ['POST']);
});
