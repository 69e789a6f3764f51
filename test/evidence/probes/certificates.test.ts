/** Certificates with missing fields. */
import {createServer} from 'node:tls';
import test from 'ava';
import {parseCaBundle} from '../../../source/evidence/probes/apiserver-replicas.ts';
import {readKubeletHandshake} from '../../../source/evidence/probes/kubelet.ts';
import {authority, issue, withUnknownKey} from '../../support/certificates.ts';
import {listenOnLoopback} from '../../support/listen-on-loopback.ts';

test('a kubelet certificate with DNS names and no subject is observed like any other', async t => {
	const {certificate, key} = await issue({dns: ['n1']}, await authority());
	const server = createServer({cert: certificate, key});
	const port = await listenOnLoopback(server);
	t.teardown(() => server.close());
	const {observation} = await readKubeletHandshake({
		address: '127.0.0.1',
		port,
		node: 'n1',
		nodeAddresses: null,
	});
	t.like(observation?.facts, {subject: '', dnsNames: ['n1']});
});

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
