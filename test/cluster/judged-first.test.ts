/** Chains that OpenSSL judges on a connection of their own, before the client certificate leaves, or in another order than it was sent. */
import {writeFile} from 'node:fs/promises';
import test from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import {authority, issue, type Issued} from '../support/certificates.ts';
import {startCountingServer} from '../support/counting-server.ts';
import {basicConstraints, here, keyUsage, makeCertificate, mayIssue, publicKeyOf} from '../support/der-certificate.ts';
import {runSpoke} from '../support/run-spoke.ts';

type Served = Pick<Issued, 'certificate' | 'key'>;

const ca = await authority('cluster-ca');
const ada = await issue({commonName: 'ada', usage: 'client'}, ca);
const encoded = (pem: string) => Buffer.from(pem).toString('base64');
const user = {'client-certificate-data': encoded(ada.certificate), 'client-key-data': encoded(ada.key)};

async function use(client: ClusterClient): Promise<void> {
	const connection = await client.connect();
	await connection.request({path: '/api'});
	connection.close();
}

const trusting = (...certificates: readonly Served[]) => ({
	'certificate-authority-data': encoded(certificates.map(({certificate}) => certificate).join('')),
});

test('TLSv1.2: replicas with certificates of their own are judged one by one, and once', async t => {
	const [one, two] = await Promise.all(['one', 'two'].map(async commonName => issue({commonName, ip: ['127.0.0.1']}, ca)));
	const server = await startCountingServer(t, one!, 'TLSv1.2', {second: two!});
	const client = await server.client({user, cluster: trusting(ca)});
	for (let connection = 0; connection < 3; connection++) {
		await use(client);
	}

	const names = server.connections.map(({client: name}) => name);
	// One after the other: refused unjudged, judged, refused unjudged, both judged.
	t.deepEqual(names, [null, null, null, null, null, 'ada', 'ada', 'ada']);
});

test('TLSv1.2: a server that demands a certificate first is refused', async t => {
	const server = await startCountingServer(t, await issue({ip: ['127.0.0.1']}, ca), 'TLSv1.2', {
		rejectUnauthorized: true,
		ca: ca.certificate,
	});
	const client = await server.client({user, cluster: trusting(ca)});
	await t.throwsAsync(client.connect(), {
		code: 'ERR_APISERVER_TLS',
		message: /before its certificate could be judged$/,
	});
	t.is(server.connections.length, 2);
	t.deepEqual(
		server.connections.map(({client: name}) => name),
		[null, null],
	);
});

for (const protocol of ['TLSv1.2', 'TLSv1.3'] as const) {
	test(`${protocol}: an unverified server gets the certificate with insecure-skip-tls-verify`, async t => {
		const server = await startCountingServer(t, await issue({commonName: 'anyone'}), protocol);
		const client = await server.client({user, cluster: {'insecure-skip-tls-verify': true}});
		await use(client);
		t.deepEqual(
			server.connections.map(({client: name}) => name),
			['ada'],
		);
	});

	for (const [title, limits, accepted] of [
		['is accepted', mayIssue, true],
		['is refused if the old root allows no authority below it', [basicConstraints(true, 0), keyUsage(5)], false],
	] as const) {
		test(`${protocol}: a new root that the old one signed ${title}`, async t => {
			// As `k3s certificate rotate-ca` makes them: the kubeconfig has the old root only.
			const old = makeCertificate({name: 'old', extensions: limits});
			const root = makeCertificate({name: 'new', extensions: mayIssue});
			const crossed = makeCertificate({name: 'new', extensions: mayIssue, issuer: old, publicKey: publicKeyOf(root)});
			const middle = makeCertificate({name: 'middle', extensions: mayIssue, issuer: root});
			const leaf = makeCertificate({name: 'leaf', extensions: here, issuer: middle});
			const sent = [leaf, middle, root, crossed, old].map(({certificate}) => certificate).join('');
			const server = await startCountingServer(t, {certificate: sent, key: leaf.key}, protocol);
			const client = await server.client({user, cluster: trusting(old)});
			if (accepted) {
				await use(client);
				t.is(server.connections.at(-1)!.client, 'ada');
			} else {
				await t.throwsAsync(client.connect(), {message: /too many intermediates for path length constraint/});
				t.true(server.connections.every(({client: name}) => name === null));
			}

			t.is(server.connections[0]!.after, 0);
		});
	}

	test(`${protocol}: a root of this machine on a foreign curve ends no process`, async t => {
		const root = makeCertificate({name: 'root', key: 'brainpoolP256r1', extensions: mayIssue});
		const leaf = makeCertificate({name: 'leaf', issuer: root, extensions: here});
		const server = await startCountingServer(t, leaf, protocol);
		const config = await server.config({user: {token: 'secret-token'}});
		const roots = `${config}-roots`;
		await writeFile(roots, root.certificate);
		const {status, stderr} = await runSpoke(['logs', 'x', '--kubeconfig', config], {env: {SSL_CERT_FILE: roots, SSL_CERT_DIR: ''}});
		t.is(status, 10);
		t.regex(stderr, /x509: certificate signed by unknown authority/);
	});
}
