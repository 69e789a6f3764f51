/** What spoke offers in TLS: as Go's crypto/tls, and nothing weaker. */
import type {TLSSocket} from 'node:tls';
import test from 'ava';
import {serve} from '../support/api-server.ts';
import {authority, issue} from '../support/certificates.ts';

const ca = await authority('cluster-ca');
const [rsa, ec] = await Promise.all([issue({ip: ['127.0.0.1'], key: 'rsa-2048'}, ca), issue({ip: ['127.0.0.1']}, ca)]);
const trusted = {cluster: {'certificate-authority-data': Buffer.from(ca.certificate).toString('base64')}};

const overTls12 = ({certificate, key}: typeof rsa) => ({cert: certificate, key, maxVersion: 'TLSv1.2'}) as const;

for (const [ciphers, leaf, accepted] of [
	['ECDHE-ECDSA-AES128-GCM-SHA256', ec, true],
	['ECDHE-RSA-AES256-GCM-SHA384', rsa, true],
	['ECDHE-RSA-CHACHA20-POLY1305', rsa, true],
	['ECDHE-RSA-AES128-SHA', rsa, true],
	['ECDHE-ECDSA-AES256-SHA', ec, true],
	['AES256-SHA', rsa, false],
	['AES128-GCM-SHA256', rsa, false],
	['ECDHE-RSA-AES128-SHA256', rsa, false],
	['ECDHE-ECDSA-AES256-SHA384', ec, false],
	['ECDHE-ECDSA-AES128-CCM', ec, false],
	['DHE-RSA-AES256-GCM-SHA384', rsa, false],
] as const) {
	test(`${accepted ? 'speaks' : 'does not speak'} ${ciphers}`, async t => {
		const server = await serve(t, {'*': '{}'}, {...overTls12(leaf), ciphers: `${ciphers}:@SECLEVEL=0`, dhparam: 'auto'});
		const connection = (await server.cluster(trusted)).connect();
		if (accepted) {
			(await connection).close();
			t.pass();
		} else {
			await t.throwsAsync(connection, {code: 'ERR_APISERVER_TLS', message: /handshake failure/});
			t.is(server.connections(), 0);
		}
	});
}

test('refuses to renegotiate', async t => {
	const {promise: ended, resolve} = Promise.withResolvers<string>();
	const server = await serve(
		t,
		({socket}) => {
			(socket as TLSSocket).renegotiate({}, error => {
				resolve(error?.message ?? 'renegotiated');
			});
			socket.once('error', ({message}) => {
				resolve(message);
			});
		},
		overTls12(rsa),
	);
	const connection = await (await server.cluster(trusted)).connect();
	const response = connection.request({path: '/api'}).catch(() => null);
	t.regex(await ended, /no renegotiation/);
	connection.close();
	await response;
});
