import {X509Certificate} from 'node:crypto';
import test from 'ava';
import {spkiSha256} from '../../source/cluster/tls/trust.ts';
import {serve} from '../support/api-server.ts';
import {authority, issue} from '../support/certificates.ts';

test('the peer chain contains only certificates that signed the previous one', async t => {
	const [own, namesake] = [await authority('kubernetes'), await authority('kubernetes')];
	const leaf = await issue({commonName: 'gateway', ip: ['127.0.0.1'], dns: ['kubernetes'], namesNoKey: true}, own);
	const [signed, named] = [own, namesake].map(({certificate}) => spkiSha256(new X509Certificate(certificate)));
	for (const [sent, above] of [
		['', [signed]],
		[own.certificate, [signed]],
		[namesake.certificate, [signed]],
	] as const) {
		const server = await serve(t, {}, {key: leaf.key, cert: `${leaf.certificate}\n${sent}`});
		const cluster = await server.cluster({cluster: {'certificate-authority-data': Buffer.from(own.certificate).toString('base64')}});
		const connection = await cluster.connect();
		const chain = connection.facts.tls?.peer?.chainSpkiSha256 ?? [];
		t.deepEqual(chain.slice(1), above);
		t.false(chain.includes(named!));
		connection.close();
	}
});
