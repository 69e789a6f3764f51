/** Certificates with missing fields, or with fields that say nothing. */
import {X509Certificate} from 'node:crypto';
import {createServer} from 'node:tls';
import {peerFacts} from '../../../source/cluster/tls/trust.ts';
import {parseCaBundle} from '../../../source/evidence/probes/apiserver-replicas.ts';
import {readKubeletHandshake} from '../../../source/evidence/probes/kubelet.ts';
import {authority, issue, withUnknownKey} from '../../support/certificates.ts';
import {altNames, dnsName, makeCertificate, utcTime} from '../../support/der-certificate.ts';
import {listenOnLoopback} from '../../support/listen-on-loopback.ts';
import test, {type ExecutionContext} from 'ava';

test('a kubelet certificate with DNS names and no subject is observed like any other', async t => {
	const observation = await handshakeWith(t, await issue({dns: ['n1']}, await authority()));
	t.like(observation?.facts, {subject: '', dnsNames: ['n1']});
});

test('a certificate whose end is no time ends no active probe and no connection', async t => {
	const leaf = makeCertificate({
		name: 'kubelet',
		extensions: [altNames(dnsName('n1, DNS:n2'))],
		validity: [utcTime('250101000000Z'), utcTime('991332000000Z')],
	});
	const observation = await handshakeWith(t, leaf);
	t.like(observation?.facts, {notBefore: '2025-01-01T00:00:00Z', notAfter: 'Bad time value', dnsNames: [String.raw`"n1\u002c DNS:n2"`]});
	t.is(peerFacts([new X509Certificate(leaf.certificate)]).notAfter, 'Bad time value');
});

async function handshakeWith(t: ExecutionContext, {certificate, key}: {certificate: string; key: string}) {
	const server = createServer({cert: certificate, key});
	const port = await listenOnLoopback(server);
	t.teardown(() => server.close());
	return (await readKubeletHandshake('127.0.0.1', port, {node: 'n1', nodeAddresses: null})).observation;
}

test('a CA without a name is parsed with the others', async t => {
	const [named, nameless] = await Promise.all([authority('named'), issue({authority: true, usage: null})]);
	const {spkiSha256, subjects} = parseCaBundle(`${named.certificate}${nameless.certificate}`);
	t.is(spkiSha256.length, 2);
	t.deepEqual(subjects, ['CN=named', '']);
});

test('a CA with an unknown kind of key has no key hash, and an unreadable CA is skipped', async t => {
	const [one, odd] = await Promise.all([authority('one'), authority('odd')]);
	const {spkiSha256, subjects} = parseCaBundle(
		`${withUnknownKey(odd)}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${one.certificate}`,
	);
	t.deepEqual(spkiSha256, parseCaBundle(one.certificate).spkiSha256);
	t.deepEqual(subjects, ['CN=odd', 'CN=one']);
});
