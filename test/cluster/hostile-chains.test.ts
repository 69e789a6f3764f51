/** A server that sends a root of its own beside what a trusted authority has signed. */
import test from 'ava';
import {authority, issue} from '../support/certificates.ts';
import {startCountingServer} from '../support/counting-server.ts';
import {commonName, der, extension, here, makeCertificate, mayIssue, publicKeyOf, sequence, utcTime} from '../support/der-certificate.ts';

const ca = await authority('cluster-ca');
const ada = await issue({commonName: 'ada', usage: 'client'}, ca);
const encoded = (pem: string) => Buffer.from(pem).toString('base64');
const user = {'client-certificate-data': encoded(ada.certificate), 'client-key-data': encoded(ada.key), token: 'secret-token'};

/** RFC 5280 §4.2.1.10: only names below corp.example, and no address. */
const constrained = extension(
	'2.5.29.30',
	sequence(
		der(0xa0, sequence(der(0x82, Buffer.from('corp.example')))),
		der(0xa1, sequence(der(0x87, Buffer.alloc(8))), sequence(der(0x87, Buffer.alloc(32)))),
	),
	true,
);

const root = makeCertificate({name: 'root', extensions: mayIssue});
for (const protocol of ['TLSv1.2', 'TLSv1.3'] as const) {
	for (const [title, limits] of [
		['may issue for other names only', {extensions: [...mayIssue, constrained]}],
		['has expired', {extensions: mayIssue, validity: [utcTime('200101000000Z'), utcTime('210101000000Z')]}],
	] as const) {
		test(`${protocol}: an authority that ${title} gains nothing from a root of its own`, async t => {
			const sub = makeCertificate({name: 'sub', issuer: root, ...limits});
			// To OpenSSL, which compares names without case, it is self-signed. To Node's texts it is not.
			const evil = makeCertificate({name: 'Evil', issuerName: commonName('evil'), extensions: mayIssue});
			const crossed = makeCertificate({name: 'sub', issuer: evil, publicKey: publicKeyOf(sub), extensions: mayIssue});
			const leaf = makeCertificate({name: 'leaf', issuer: sub, extensions: here});
			const sent = [leaf, crossed, evil, sub].map(({certificate}) => certificate).join('');
			const server = await startCountingServer(t, {certificate: sent, key: leaf.key}, protocol);
			const client = await server.client({user, cluster: {'certificate-authority-data': encoded(root.certificate)}});
			await t.throwsAsync(client.connect(), {code: 'ERR_APISERVER_TLS'});
			// After an expired certificate, the server's clock is asked for without credentials.
			t.true(server.connections.every(({client: name, received}) => name === null && !/authorization|secret-token/i.test(received)));
		});
	}
}
