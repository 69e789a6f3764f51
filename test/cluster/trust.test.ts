import {createHash, X509Certificate} from 'node:crypto';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {Duplex} from 'node:stream';
import type {TLSSocket} from 'node:tls';
import test from 'ava';
import {validateCertificatePair, systemTrust, trustBundle, peerFacts} from '../../source/cluster/tls/trust.ts';
import {clockSkew} from '../../source/cluster/transport/open-socket.ts';
import {serve} from '../support/api-server.ts';
import {authority, issue} from '../support/certificates.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

const [one, two, three, four] = await Promise.all(['one', 'two', 'three', 'four'].map(async name => authority(name)));
const dated = new X509Certificate(
	(await issue({commonName: 'dated', notBefore: new Date('2026-11-01T00:00:00Z'), notAfter: new Date('2026-11-30T00:00:00Z')}, one))
		.certificate,
);

const pemOf = ({certificate}: {certificate: string}) => certificate.trim();
const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';

test('trusts the certificates of a bundle and skips other PEM blocks', t => {
	const {from, pem} = trustBundle(
		Buffer.from(
			`# a comment\n${pemOf(one!)}\n${one!.key}\n${broken}\n-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n${pemOf(two!)}\n`,
		),
	);
	t.deepEqual([from, pem], ['kubeconfig-ca', [pemOf(one!), pemOf(two!)]]);
});

test('trusts a long bundle except for one invalid certificate', async t => {
	const leaf = await issue({ip: ['127.0.0.1']}, four);
	const server = await serve(t, (_, response) => response.end('{}'), {key: leaf.key, cert: leaf.certificate});
	const bundle = [one, two, three].map(each => pemOf(each!)).join('\n');
	const cluster = await server.cluster({
		cluster: {'certificate-authority-data': Buffer.from(`${bundle}\n${broken}\n${pemOf(four!)}\n`).toString('base64')},
	});
	const connection = await cluster.connect();
	t.true(connection.facts.tls?.verified);
	connection.close();
});

for (const [title, bundle, words] of [
	['no readable certificate', broken, 'failed to parse certificate: x509: malformed certificate'],
	['a private key only', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', 'no valid certificate authority data seen'],
	['no PEM block', 'none', 'unable to parse bytes as PEM block'],
] as const) {
	test(`rejects a bundle with ${title} in Go’s words`, t => {
		t.throws(() => trustBundle(Buffer.from(bundle)), {
			code: 'ERR_KUBECONFIG_INVALID',
			message: `unable to load root certificates: ${words}`,
		});
	});
}

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('SSL_CERT_FILE and SSL_CERT_DIR say which roots are the system’s, the folders of a list all', async t => {
	const folder = await temporaryDirectory(t);
	const [file, first, second] = ['file.pem', 'first', 'second'].map(name => join(folder, name));
	await writeFile(file!, pemOf(one!));
	for (const [at, certificate] of [
		[first!, two!],
		[second!, three!],
	] as const) {
		await mkdir(at);
		await writeFile(join(at, 'a.pem'), pemOf(certificate));
	}

	const roots = async (environment: NodeJS.ProcessEnv) => (await systemTrust(environment)).pem;
	t.deepEqual(await roots({SSL_CERT_FILE: file}), [pemOf(one!)]);
	t.deepEqual(await roots({SSL_CERT_FILE: file, SSL_CERT_DIR: ''}), [pemOf(one!)]);
	t.deepEqual(await roots({SSL_CERT_FILE: file, SSL_CERT_DIR: `${first}:${join(folder, 'none')}:${second}`}), [
		pemOf(one!),
		pemOf(two!),
		pemOf(three!),
	]);
	t.deepEqual(await roots({SSL_CERT_FILE: join(folder, 'none'), SSL_CERT_DIR: second}), [pemOf(three!)]);
	t.is((await systemTrust({SSL_CERT_FILE: file})).from, 'system-roots');
});

test('accepts a certificate with its key, and rejects another key', t => {
	const [certificate, key] = [Buffer.from(one!.certificate), Buffer.from(one!.key)];
	t.deepEqual(validateCertificatePair(certificate, key), {certificate, key});
	t.throws(() => validateCertificatePair(certificate, Buffer.from(two!.key)), {
		code: 'ERR_CLIENT_CERTIFICATE',
		message: 'the client certificate cannot be used: tls: private key does not match public key',
	});
	t.throws(() => validateCertificatePair(Buffer.from('none'), key), {
		code: 'ERR_CLIENT_CERTIFICATE',
		message: /^the client certificate cannot be used: [^\n]+$/,
	});
});

test('peer facts give names in RFC 4514 order, the last day and the key', async t => {
	const leaf = await issue(
		{
			commonName: 'kube-apiserver',
			organization: 'lab',
			dns: ['kubernetes'],
			notAfter: new Date('2027-01-01T00:00:00Z'),
		},
		one,
	);
	const certificate = new X509Certificate(leaf.certificate);
	const facts = peerFacts([certificate]);
	t.like(facts, {
		issuer: 'CN=one',
		dnsNames: ['kubernetes'],
		notAfter: '2027-01-01T00:00:00Z',
		chainSpkiSha256: [facts.spkiSha256],
	});
	t.is(facts.subject, certificate.subject.split('\n').toReversed().join(','));
	t.is(
		facts.spkiSha256,
		createHash('sha256')
			.update(certificate.publicKey.export({type: 'spki', format: 'der'}))
			.digest('hex'),
	);
	const nameless = new X509Certificate((await issue({commonName: 'x'}, one)).certificate);
	t.deepEqual(peerFacts([nameless]).dnsNames, []);
});

/** A server that sends these words, then ends. */
function answering(words: string, ends = true): {socket: TLSSocket; asked: () => string} {
	let asked = '';
	const socket = new Duplex({
		read() {},
		write(chunk: Buffer, _, done) {
			asked += chunk.toString();
			socket.push(words);
			if (ends) {
				socket.push(null);
				setImmediate(() => socket.destroy());
			}

			done();
		},
	});
	return {socket: socket as TLSSocket, asked: () => asked};
}

const theirs = 'Tue, 24 Nov 2026 12:00:00 GMT';

const answer = (date: string) => `HTTP/1.1 403 Forbidden\r\nDate: ${date}\r\n\r\n`;

for (const [title, now, words, said] of [
	['two minutes behind', '2026-11-24T11:58:00Z', answer(theirs), '2 min behind'],
	['one minute ahead', '2026-11-24T12:01:00Z', answer(theirs), '1 min ahead of'],
	['less than a minute ahead', '2026-11-24T12:00:59Z', answer(theirs), null],
	['almost two hours ahead', '2026-11-24T13:59:00Z', answer(theirs), '119 min ahead of'],
	['two hours ahead', '2026-11-24T14:00:00Z', answer(theirs), '2 h ahead of'],
	['almost two days behind', '2026-11-22T13:00:00Z', answer(theirs), '47 h behind'],
	['two days behind', '2026-11-22T12:00:00Z', answer(theirs), '2 days behind'],
	['a month ahead', '2026-12-24T12:00:00Z', answer(theirs), '30 days ahead of'],
	[
		'a month ahead of a server that also finds its certificate expired',
		'2026-12-24T12:00:00Z',
		answer('Tue, 01 Dec 2026 12:00:00 GMT'),
		null,
	],
	['a month ahead of a server whose certificate is not valid yet', '2026-12-24T12:00:00Z', answer('Sat, 31 Oct 2026 12:00:00 GMT'), null],
	['a month ahead of a server without a Date header', '2026-12-24T12:00:00Z', 'HTTP/1.1 403 Forbidden\r\nX-Date: x\r\n\r\n', null],
	['a month ahead of a server with an invalid Date header', '2026-12-24T12:00:00Z', answer('soon'), null],
	[
		'a month ahead of a server that closes during its response',
		'2026-12-24T12:00:00Z',
		`HTTP/1.1 403 Forbidden\r\ndate:${theirs}\r\n`,
		null,
	],
] as const) {
	test(`a clock that is ${title}: ${said ?? 'no message'}`, async t => {
		const {socket, asked} = answering(words);
		t.is(
			await clockSkew(socket, dated, new Date(now)),
			said && `clock skew: this machine’s clock is ${said} the server’s (2026-11-24T12:00:00Z)`,
		);
		t.regex(
			asked(),
			/^HEAD \/ HTTP\/1\.1\r\nHost: apiserver\r\nUser-Agent: spoke.*\r\nConnection: close\r\n\r\n$/,
			'nothing of the user’s is sent',
		);
	});
}

test('the skew check ends in time when the server is silent or endless', async t => {
	const now = new Date('2026-12-24T12:00:00Z');
	const took = async (words: string) => {
		const started = performance.now();
		const said = await clockSkew(answering(words, false).socket, dated, now);
		return {said: said !== null, ms: performance.now() - started};
	};

	const [open, endless, silent] = await Promise.all([
		took(answer(theirs)),
		took(`HTTP/1.1 200 OK\r\nDate: ${theirs}\r\nX: ${'x'.repeat(17_000)}`),
		took(''),
	]);
	t.deepEqual([open.said, endless.said, silent.said], [true, false, false]);
	t.true(open.ms < silent.ms && silent.ms > 1900 && silent.ms < 20_000 && endless.ms < 20_000, JSON.stringify([open, endless, silent]));
});
