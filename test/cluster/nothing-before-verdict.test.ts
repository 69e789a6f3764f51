/** A server that is refused receives nothing after the ClientHello: no client certificate, no token. */
import {chmod, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {authority, issue} from '../support/certificates.ts';
import {type CountingServer, startCountingServer} from '../support/counting-server.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

const day = 86_400_000;
const [ca, stranger] = await Promise.all([authority('cluster-ca'), authority('stranger')]);
const own = {commonName: 'kube-apiserver', ip: ['127.0.0.1'], dns: ['kubernetes.default.svc']};
const ada = await issue({commonName: 'ada', usage: 'client'}, ca);
const [apiserver, foreign, kubelet, expired, forClients] = await Promise.all([
	issue(own, ca),
	issue(own, stranger),
	issue({commonName: 'system:node:worker-1', organization: 'system:nodes', dns: ['worker-1'], ip: ['10.0.0.9']}, ca),
	issue({...own, notBefore: new Date(Date.now() - 10 * day), notAfter: new Date(Date.now() - day)}, ca),
	issue({...own, usage: 'client'}, ca),
]);
const encoded = (pem: string) => Buffer.from(pem).toString('base64');
const pair = {'client-certificate-data': encoded(ada.certificate), 'client-key-data': encoded(ada.key)};

const requestForTime = /^HEAD \/ HTTP\/1\.1\r\nHost: apiserver\r\nUser-Agent: \S+\r\nConnection: close\r\n\r\n$/;

type Caller = (t: ExecutionContext, server: CountingServer) => Promise<string>;

const parts = {ca: ca.certificate, user: {...pair, token: 'secret-token'}};

async function command(config: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
	return (await runSpoke(['logs', 'x', '--kubeconfig', config], {env})).stderr;
}

async function messageOf(opening: Promise<{request(options: {path: string}): Promise<unknown>; close(): void}>): Promise<string> {
	try {
		const connection = await opening;
		await connection.request({path: '/api'});
		connection.close();
		return '';
	} catch (error) {
		return (error as Error).message;
	}
}

const callers: Readonly<Record<string, Caller>> = {
	'a command': async (_, server) => command(await server.config(parts)),
	async 'an exec plugin’s certificate'(t, server) {
		const plugin = join(await temporaryDirectory(t), 'plugin');
		const status = {token: 'secret-token', clientCertificateData: ada.certificate, clientKeyData: ada.key};
		const credential = JSON.stringify({kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status});
		await writeFile(plugin, `#!/bin/sh\ncat <<'END'\n${credential}\nEND\n`);
		await chmod(plugin, 0o700);
		const exec = {apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never'};
		return command(await server.config({...parts, user: {exec}}), {PATH: process.env['PATH']});
	},
	'the session’s client': async (_, server) => messageOf((await server.client(parts)).connect({canShare: true})),
	async 'a replica probe'(_, server) {
		const elsewhere = await server.client({...parts, cluster: {server: 'https://127.0.0.1:1'}});
		return messageOf(elsewhere.connectAt(`127.0.0.1:${server.port}`));
	},
};

for (const protocol of ['TLSv1.2', 'TLSv1.3'] as const) {
	for (const [who, call] of Object.entries(callers)) {
		for (const [title, leaf, says] of [
			['of an unknown CA', foreign, /signed by unknown authority/],
			['of a kubelet', kubelet, /x509: certificate is (?:not )?valid for (?:10\.0\.0\.9|worker-1), not/],
			['that has expired', expired, /has expired or is not yet valid/],
			['that only OpenSSL refuses', forClients, /specifies an incompatible key usage/],
		] as const) {
			test(`${protocol}: a server with a certificate ${title} receives nothing from ${who}`, async t => {
				const server = await startCountingServer(t, leaf, protocol);
				t.regex(await call(t, server), says);
				const [first, ...others] = server.connections;
				t.deepEqual(first, {after: 0, client: null, received: ''});
				// Without credentials: to read the server's time, and to have OpenSSL judge the chain in TLS 1.2.
				t.is(others.length, leaf === expired || (leaf === forClients && protocol === 'TLSv1.2') ? 1 : 0);
				for (const {client, received} of others) {
					t.is(client, null);
					t.regex(received, leaf === expired ? requestForTime : /^$/);
				}
			});
		}

		test(`${protocol}: the apiserver receives certificate and token from ${who}`, async t => {
			const server = await startCountingServer(t, apiserver, protocol);
			await call(t, server);
			// In TLS 1.2 OpenSSL judges the chain first, on a connection without the certificate.
			const used = protocol === 'TLSv1.2' ? server.connections.slice(2) : server.connections;
			if (protocol === 'TLSv1.2') {
				const [unjudged, judged] = server.connections;
				t.is(unjudged!.after, 0);
				t.like(judged, {client: null, received: ''});
			}

			t.true(used.length > 0);
			t.true(used.every(({client}) => client === 'ada'));
			t.true(used.some(({received}) => received.includes('Bearer secret-token')));
		});
	}

	test(`${protocol}: a long client certificate leaves no earlier`, async t => {
		const long = [ada.certificate, ...Array.from({length: 60}, () => stranger.certificate)].join('');
		const server = await startCountingServer(t, foreign, protocol);
		const cluster = await server.client({...parts, user: {...parts.user, 'client-certificate-data': encoded(long)}});
		t.regex(await messageOf(cluster.connect()), /signed by unknown authority/);
		t.deepEqual(server.connections, [{after: 0, client: null, received: ''}]);
	});
}
