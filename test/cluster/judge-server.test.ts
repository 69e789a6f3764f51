import {X509Certificate} from 'node:crypto';
import test from 'ava';
import {earlyRefusal} from '../../source/cluster/tls/judge-server.ts';
import {type Trust, trustBundle} from '../../source/cluster/tls/trust.ts';
import {authority, issue, type CertificateOptions} from '../support/certificates.ts';

const from = new Date('2026-01-01T00:00:00Z');
const to = new Date('2027-01-01T00:00:00Z');
const now = new Date('2026-06-01T00:00:00Z');
const ca = await authority('test-ca', {notBefore: new Date('2025-01-01T00:00:00Z'), notAfter: new Date('2028-01-01T00:00:00Z')});
const trust = trustBundle(Buffer.from(ca.certificate));
const leafOf = async (options: CertificateOptions) =>
	new X509Certificate((await issue({notBefore: from, notAfter: to, ...options}, ca)).certificate);

const stranger = await authority('stranger-ca', {notBefore: from, notAfter: to});
const foreign = new X509Certificate((await issue({notBefore: from, notAfter: to, dns: ['archive.test']}, stranger)).certificate);
const strangerTrust = trustBundle(Buffer.from(stranger.certificate));
const ownLeaf = await leafOf({dns: ['api.test']});
const withoutNames = await leafOf({});
const notMatching = (name: string) => `x509: certificate is valid for ${name}, not elsewhere.test`;
const afterShortCa = new Date('2026-12-01T00:00:00Z');
const shortCa = await authority('short-ca', {notBefore: from, notAfter: now});
const ofShortCa = new X509Certificate((await issue({notBefore: from, notAfter: to, dns: ['api.test']}, shortCa)).certificate);

test('accepts a certificate from its first second to its last', async t => {
	const leaf = await leafOf({dns: ['api.test']});
	const at = (time: number) => earlyRefusal([leaf], 'api.test', trust, new Date(time));
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
		const judged = earlyRefusal([await leafOf(options)], name, trust, now);
		t.is(judged === null, accepted, judged?.text);
		t.not(judged?.dates, true);
		t.is(judged?.text.includes('legacy Common Name'), accepted ? undefined : options.commonName !== undefined && options.dns === undefined);
	});
}

const nameRemedies: ReadonlyArray<[title: string, leaf: typeof foreign, trusted: Trust, text: string, remedy: string]> = [
	[
		'offers a name that the kubeconfig’s CA has signed',
		ownLeaf,
		trust,
		notMatching('api.test'),
		'use a server address it is valid for, or --tls-server-name=api.test',
	],
	[
		'asks for a name in a certificate of the kubeconfig’s CA that has none',
		withoutNames,
		trust,
		'x509: certificate is not valid for any names, but wanted to match elsewhere.test',
		'the apiserver’s certificate needs this name in its subjectAltName',
	],
	[
		'offers no name of a certificate that the kubeconfig’s CA did not sign',
		foreign,
		trust,
		notMatching('archive.test'),
		'check the server address: this server’s certificate is not from the kubeconfig’s CA',
	],
	[
		'offers no name of a certificate that no CA of this machine signed',
		foreign,
		{...trust, from: 'system-roots'},
		notMatching('archive.test'),
		'check the server address: this server’s certificate is not from a CA that this machine trusts',
	],
	[
		'offers no name of a certificate from a CA of this machine',
		foreign,
		{...strangerTrust, from: 'system-roots'},
		notMatching('archive.test'),
		'check the server address: this server’s certificate is for another name',
	],
	[
		'offers no name of a certificate from an expired CA',
		ofShortCa,
		trustBundle(Buffer.from(shortCa.certificate)),
		notMatching('api.test'),
		'check the server address: this server’s certificate is not trusted either: x509: certificate has expired or is not yet valid: current time 2026-12-01T00:00:00Z is after 2026-06-01T00:00:00Z',
	],
];

for (const [title, leaf, trusted, text, remedy] of nameRemedies) {
	test(title, t => {
		t.deepEqual(earlyRefusal([leaf], 'elsewhere.test', trusted, afterShortCa), {text, remedy, dates: false});
	});
}
