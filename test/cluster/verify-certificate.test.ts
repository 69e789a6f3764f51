import test from 'ava';
import {verifyCertificate} from '../../source/cluster/tls/verify-certificate.ts';
import {parseCertificate} from '../../source/cluster/tls/parse-certificate.ts';
import {derOf, trustBundle} from '../../source/cluster/tls/trust.ts';
import {authority, issue, type CertificateOptions} from '../support/certificates.ts';

const from = new Date('2026-01-01T00:00:00Z');
const to = new Date('2027-01-01T00:00:00Z');
const now = new Date('2026-06-01T00:00:00Z');
const ca = await authority('test-ca', {notBefore: new Date('2025-01-01T00:00:00Z'), notAfter: new Date('2028-01-01T00:00:00Z')});
const trust = trustBundle(Buffer.from(ca.certificate));
const leafOf = async (options: CertificateOptions) =>
	parseCertificate(derOf((await issue({notBefore: from, notAfter: to, ...options}, ca)).certificate));

test('accepts a certificate from its first second to its last', async t => {
	const leaf = await leafOf({dns: ['api.test']});
	const at = (time: number) => verifyCertificate([leaf], 'api.test', trust, new Date(time)).refused;
	t.is(at(from.getTime()), null);
	t.is(at(to.getTime()), null);
	t.like(at(from.getTime() - 1000), {
		dates: true,
		text: 'x509: certificate has expired or is not yet valid: current time 2025-12-31T23:59:59Z is before 2026-01-01T00:00:00Z',
	});
	t.like(at(to.getTime() + 1000), {
		dates: true,
		text: 'x509: certificate has expired or is not yet valid: current time 2027-01-01T00:00:01Z is after 2027-01-01T00:00:00Z',
	});
});

const names: ReadonlyArray<[options: CertificateOptions, name: string, accepted: boolean]> = [
	[{dns: ['api.test']}, 'API.test.', true],
	[{dns: ['API.test']}, 'api.TEST', true],
	[{dns: ['api.test']}, 'api.test2', false],
	[{dns: ['*.test', 'other.example']}, 'api.test', true],
	[{dns: ['*.TEST']}, 'api.test', true],
	[{dns: ['*.test']}, 'a.b.test', false],
	[{dns: ['*.test']}, 'test', false],
	[{dns: ['*.b.test']}, 'a.b.test', true],
	[{dns: ['*']}, 'test', false],
	[{commonName: 'api.test'}, 'api.test', false],
	[{commonName: 'API.test'}, 'api.test', false],
	[{commonName: 'api.test', dns: ['other.test']}, 'api.test', false],
	[{}, 'api.test', false],
	[{ip: ['10.0.0.1']}, '10.0.0.1', true],
	[{ip: ['10.0.0.1']}, '10.0.0.2', false],
	[{dns: ['10.0.0.1']}, '10.0.0.1', false],
	[{ip: ['fd00::1']}, 'fd00:0::1', true],
];

for (const [options, name, accepted] of names) {
	test(`a certificate for ${JSON.stringify(options)} ${accepted ? 'matches' : 'does not match'} ${name}`, async t => {
		const judged = verifyCertificate([await leafOf(options)], name, trust, now).refused;
		t.is(judged === null, accepted, judged?.text);
		t.not(judged?.dates, true);
		t.is(judged?.text.includes('legacy Common Name'), accepted ? undefined : options.commonName !== undefined && options.dns === undefined);
	});
}
