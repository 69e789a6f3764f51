/** Server certificates that kubectl and spoke judge. */
import {authority, issue, keyUse, type CertificateOptions, type Issued} from './certificates.ts';

type Served = Pick<Issued, 'certificate' | 'key'>;

export type ServedCertificate = {
	leaf: Served;
	/** Sent after the leaf. */
	above?: readonly Served[];
	/** Becomes certificate-authority-data. */
	trusted: readonly Served[];
};

export type CertificateRow = {
	name: string;
	make: () => Promise<ServedCertificate>;
	/** Default 127.0.0.1. */
	host?: '127.0.0.1' | 'localhost' | '[::1]';
	/** Sets tls-server-name. */
	asked?: string;
	protocol?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
	/** Sets the server's Date header. */
	serverClock?: Date;
	/** kubectl refuses with this text, or accepts without it; so does spoke, if docs/dependencies.md lists no difference. */
	refused?: RegExp;
};

const day = 86_400_000;
const past = (days: number) => new Date(Date.now() - days * day);
const future = (days: number) => new Date(Date.now() + days * day);
const unknownAuthority = /x509: certificate signed by unknown authority/;
const here = {commonName: 'kube-apiserver', ip: ['127.0.0.1', '::1'], dns: ['localhost']} satisfies CertificateOptions;

const byCa =
	(leaf: CertificateOptions, ca: CertificateOptions = {}) =>
	async (): Promise<ServedCertificate> => {
		const root = await authority('test-ca', ca);
		return {leaf: await issue(leaf, root), trusted: [root]};
	};

const byIntermediate =
	({
		leaf = here,
		intermediate = {},
		sent = true,
		trust = 'root',
	}: {leaf?: CertificateOptions; intermediate?: CertificateOptions; sent?: boolean; trust?: 'root' | 'intermediate'} = {}) =>
	async (): Promise<ServedCertificate> => {
		const root = await authority('root-ca');
		const middle = await issue({commonName: 'middle-ca', authority: true, usage: null, ...intermediate}, root);
		return {leaf: await issue(leaf, middle), above: sent ? [middle] : [], trusted: [trust === 'root' ? root : middle]};
	};

const selfSigned = (options: CertificateOptions) => async (): Promise<ServedCertificate> => {
	const leaf = await issue({...here, ...options});
	return {leaf, trusted: [leaf]};
};

const named = (name: string, dns: readonly string[], asked: string, refused?: RegExp): CertificateRow => ({
	name,
	asked,
	make: byCa({commonName: 'kube-apiserver', dns}),
	...(refused && {refused}),
});

export const issuedCertificateRows: readonly CertificateRow[] = [
	// Names.
	{name: 'an address that the certificate holds', make: byCa(here)},
	{name: 'an IPv6 address that the certificate holds', make: byCa(here), host: '[::1]'},
	{name: 'a name that the certificate holds', make: byCa(here), host: 'localhost'},
	{
		name: 'another address',
		make: byCa({ip: ['10.0.0.1', '10.0.0.2'], dns: ['localhost']}),
		refused: /x509: certificate is valid for 10\.0\.0\.1, 10\.0\.0\.2, not 127\.0\.0\.1/,
	},
	{
		name: 'an address, and only names in the certificate',
		make: byCa({dns: ['localhost']}),
		refused: /x509: cannot validate certificate for 127\.0\.0\.1 because it doesn't contain any IP SANs/,
	},
	{
		name: 'an address written as a name in the certificate',
		make: byCa({dns: ['127.0.0.1']}),
		refused: /x509: cannot validate certificate for 127\.0\.0\.1 because it doesn't contain any IP SANs/,
	},
	{
		name: 'a name, and only addresses in the certificate',
		make: byCa({ip: ['127.0.0.1']}),
		host: 'localhost',
		refused: /x509: certificate is not valid for any names, but wanted to match localhost/,
	},
	{
		name: 'only a common name',
		make: byCa({commonName: 'localhost'}),
		host: 'localhost',
		refused: /x509: certificate relies on legacy Common Name field, use SANs instead/,
	},
	{
		name: 'only a common name that is another one',
		make: byCa({commonName: 'kube-apiserver'}),
		host: 'localhost',
		refused: /x509: (certificate relies on legacy Common Name field|certificate is not valid for any names)/,
	},
	{
		name: 'an address as the common name',
		make: byCa({commonName: '127.0.0.1'}),
		refused: /x509: certificate relies on legacy Common Name field/,
	},
	{
		name: 'no name at all',
		make: byCa({}),
		host: 'localhost',
		refused: /x509: certificate is not valid for any names, but wanted to match localhost/,
	},
	{
		name: 'only a URI',
		make: byCa({commonName: 'x', uri: ['https://localhost/']}),
		host: 'localhost',
		refused: /x509: certificate is not valid for any names, but wanted to match localhost/,
	},
	{
		name: 'only an e-mail address',
		make: byCa({commonName: 'x', email: ['ada@localhost']}),
		host: 'localhost',
		refused: /x509: certificate is not valid for any names, but wanted to match localhost/,
	},
	named(
		'another name',
		['a.example.test', 'b.example.test'],
		'c.example.test',
		/x509: certificate is valid for a\.example\.test, b\.example\.test, not c\.example\.test/,
	),
	named('a name in capitals', ['API.Example.Test'], 'api.example.test'),
	named('a name with a final dot', ['api.example.test'], 'api.example.test.'),
	named('a wildcard', ['*.example.test'], 'api.example.test'),
	named('a wildcard right below the root', ['*.test'], 'example.test'),
	named('a wildcard is one label', ['*.example.test'], 'a.b.example.test', /is valid for \*\.example\.test, not a\.b\.example\.test/),
	named('a wildcard is not its parent', ['*.example.test'], 'example.test', /is valid for \*\.example\.test, not example\.test/),
	named(
		'half a label as a wildcard',
		['a*.example.test'],
		'api.example.test',
		/x509: certificate is valid for a\*\.example\.test, not api\.example\.test/,
	),
	named(
		'a wildcard behind the first label',
		['api.*.test'],
		'api.example.test',
		/x509: certificate is valid for api\.\*\.test, not api\.example\.test/,
	),
	named('a wildcard alone', ['*'], 'localhost', /x509: certificate is valid for \*, not localhost/),
	named('a name with an underscore', ['api_server.example.test'], 'api_server.example.test'),
	named('a name that holds a comma and another name', ['evil.test, DNS:api.example.test'], 'api.example.test', /x509: /),
	// Dates.
	{
		name: 'expired',
		make: byCa({...here, notBefore: past(10), notAfter: past(1)}),
		refused: /x509: certificate has expired or is not yet valid: current time \S+ is after \S+/,
	},
	{
		name: 'not yet valid',
		make: byCa({...here, notBefore: future(1)}),
		refused: /x509: certificate has expired or is not yet valid: current time \S+ is before \S+/,
	},
	{
		name: 'expired, with another name',
		make: byCa({dns: ['x'], notBefore: past(10), notAfter: past(1)}),
		refused: /x509: certificate has expired or is not yet valid/,
	},
	{
		name: 'an expired CA',
		make: byCa(here, {notBefore: past(10), notAfter: past(1)}),
		refused: /x509: certificate has expired or is not yet valid/,
	},
	{
		name: 'an expired intermediate',
		make: byIntermediate({intermediate: {notBefore: past(10), notAfter: past(1)}}),
		refused: /x509: certificate has expired or is not yet valid/,
	},
	// Chains.
	{
		name: 'another CA',
		async make() {
			const [root, other] = await Promise.all([authority('test-ca'), authority('other-ca')]);
			return {leaf: await issue(here, root), trusted: [other]};
		},
		refused: unknownAuthority,
	},
	{
		name: 'another CA of the same name',
		async make() {
			const [root, other] = await Promise.all([authority('test-ca'), authority('test-ca')]);
			return {leaf: await issue(here, root), trusted: [other]};
		},
		refused: unknownAuthority,
	},
	{
		name: 'another CA, and another name',
		async make() {
			const [root, other] = await Promise.all([authority('test-ca'), authority('other-ca')]);
			return {leaf: await issue({dns: ['x']}, root), trusted: [other]};
		},
		refused: /because it doesn't contain any IP SANs/,
	},
	{
		name: 'two CAs are trusted, one signed',
		async make() {
			const [root, other] = await Promise.all([authority('test-ca'), authority('other-ca')]);
			return {leaf: await issue(here, root), trusted: [other, root]};
		},
	},
	{name: 'an intermediate that is sent', make: byIntermediate()},
	{name: 'an intermediate that is not sent', make: byIntermediate({sent: false}), refused: unknownAuthority},
	{name: 'an intermediate is the only anchor', make: byIntermediate({sent: false, trust: 'intermediate'})},
	{name: 'self-signed, and trusted itself', make: selfSigned({})},
	{
		name: 'a self-signed authority, and trusted itself',
		make: selfSigned({authority: true, keyUsage: keyUse.keyCertSign | keyUse.digitalSignature}),
	},
	{
		name: 'self-signed, and not trusted',
		async make() {
			return {leaf: await issue(here), trusted: [await authority()]};
		},
		refused: unknownAuthority,
	},
	{
		name: 'a leaf is the only anchor',
		async make() {
			const leaf = await issue(here, await authority());
			return {leaf, trusted: [leaf]};
		},
	},
	{
		name: 'signed by a certificate that is no authority',
		make: byIntermediate({intermediate: {authority: false, usage: 'server'}}),
		refused: /x509: /,
	},
	{
		name: 'a path that is longer than its authority allows',
		async make() {
			const root = await authority('root-ca', {pathLength: 0});
			const middle = await issue({commonName: 'middle-ca', authority: true, usage: null}, root);
			return {leaf: await issue(here, middle), above: [middle], trusted: [root]};
		},
		refused: /x509: /,
	},
	{name: 'an authority without the right to sign', make: byCa(here, {keyUsage: keyUse.digitalSignature}), refused: /x509: /},
	// Uses.
	{name: 'for clients only', make: byCa({...here, usage: 'client'}), refused: /x509: certificate specifies an incompatible key usage/},
	{name: 'for signing code only', make: byCa({...here, usage: 'code'}), refused: /x509: certificate specifies an incompatible key usage/},
	{name: 'for any use', make: byCa({...here, usage: 'any'})},
	{name: 'for no stated use', make: byCa({...here, usage: null})},
	{
		name: 'by an intermediate for clients only',
		make: byIntermediate({intermediate: {usage: 'client'}}),
		refused: /x509: certificate specifies an incompatible key usage/,
	},
	{name: 'a critical extension that nobody knows', make: byCa({...here, unknownCritical: true}), refused: /x509: .*critical extension/},
	// Name constraints.
	{
		name: 'a name that the authority may sign',
		make: byCa({dns: ['api.example.test']}, {permits: 'example.test'}),
		asked: 'api.example.test',
	},
	{
		name: 'a name that the authority may not sign',
		make: byCa({dns: ['api.elsewhere.test']}, {permits: 'example.test'}),
		asked: 'api.elsewhere.test',
		refused: /x509: .*name.constraint|x509: .*not authorized/,
	},
	{
		name: 'a name that the authority is forbidden',
		make: byCa({dns: ['api.example.test']}, {forbids: 'example.test'}),
		asked: 'api.example.test',
		refused: /x509: .*name.constraint|x509: .*not authorized/,
	},
	// Algorithms and protocols.
	{name: 'a leaf signed with SHA-1', make: byCa(here, {key: 'rsa-2048', hash: 'SHA-1'}), refused: /x509: .*(SHA-?1|insecure algorithm)/},
	{name: 'an authority that signed itself with SHA-1', make: byCa(here, {hash: 'SHA-1'})},
	{name: 'a leaf with an RSA key of 1024 bits', make: byCa({...here, key: 'rsa-1024'})},
	{name: 'an authority with an RSA key of 1024 bits', make: byCa(here, {key: 'rsa-1024'})},
	{name: 'RSA of 2048 bits', make: byCa({...here, key: 'rsa-2048'}, {key: 'rsa-2048'})},
	{name: 'Ed25519', make: byCa({...here, key: 'ed25519'})},
	{name: 'TLS 1.3 only', make: byCa(here), protocol: 'TLSv1.3'},
	{name: 'TLS 1.2 only', make: byCa({...here, key: 'rsa-2048'}), protocol: 'TLSv1.2'},
	{name: 'TLS 1.1 only', make: byCa({...here, key: 'rsa-2048'}), protocol: 'TLSv1.1', refused: /protocol version not supported/},
	{name: 'TLS 1.0 only', make: byCa({...here, key: 'rsa-2048'}), protocol: 'TLSv1', refused: /protocol version not supported/},
];
