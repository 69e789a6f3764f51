/** Certificates that no library issues. */
import type {CertificateRow} from './certificate-rows.ts';
import {
	address,
	altNames,
	basicConstraints,
	type CertificateParts,
	commonName,
	der,
	dnsName,
	excluded,
	extendedKeyUsage,
	extension,
	here,
	keyUsage,
	makeCertificate,
	type MadeCertificate,
	mayIssue,
	nameConstraints,
	objectIdentifier,
	permitted,
	publicKeyOf,
	sequence,
	serverAuth,
	utcTime,
} from './der-certificate.ts';

const integer = (value: number, tag = 2) => der(tag, Buffer.from([value]));
const policies = (...ids: readonly string[]) => extension('2.5.29.32', sequence(...ids.map(id => sequence(objectIdentifier(id)))));
const policyConstraints = (...fields: readonly Buffer[]) => extension('2.5.29.36', sequence(...fields), true);
const requireExplicit = (skip: number) => policyConstraints(integer(skip, 0x80));
const uri = (text: string) => der(0x86, Buffer.from(text));
const mail = (text: string) => der(0x81, Buffer.from(text));
const loopback = address(127, 0, 0, 1);
const namesOf = (...names: readonly Buffer[]) => [altNames(...names), extendedKeyUsage(serverAuth)];

type Served = {leaf: MadeCertificate; above?: readonly MadeCertificate[]; trusted: readonly MadeCertificate[]};

const row = (name: string, make: () => Served, refused?: RegExp, rest: Partial<CertificateRow> = {}): CertificateRow => ({
	name,
	make: async () => make(),
	...(refused && {refused}),
	...rest,
});

const byRoot =
	(leaf: CertificateParts, root: CertificateParts = {}) =>
	(): Served => {
		const ca = makeCertificate({name: 'root', extensions: mayIssue, ...root});
		return {leaf: makeCertificate({name: 'leaf', extensions: here, issuer: ca, ...leaf}), trusted: [ca]};
	};

const byMiddle =
	(middle: CertificateParts, leaf: CertificateParts = {}, root: CertificateParts = {}) =>
	(): Served => {
		const ca = makeCertificate({name: 'root', extensions: mayIssue, ...root});
		const issuer = makeCertificate({name: 'middle', extensions: mayIssue, issuer: ca, ...middle});
		return {leaf: makeCertificate({name: 'leaf', extensions: here, issuer, ...leaf}), above: [issuer], trusted: [ca]};
	};

const leafWith = (...extensions: readonly Buffer[]) => byRoot({extensions: [...here, ...extensions]});
const leafFor = (...names: readonly Buffer[]) => byRoot({extensions: namesOf(...names)});
/** A root that limits the names of what it signs, and a leaf with these names. */
const limited = (limits: readonly Buffer[], ...names: readonly Buffer[]) =>
	byRoot({extensions: namesOf(...names)}, {extensions: [...mayIssue, nameConstraints(...limits)]});
/** An intermediate that requires the policy 1.2.3, and a leaf with these policies. */
const requiring = (...ids: readonly string[]) =>
	byMiddle(
		{extensions: [...mayIssue, requireExplicit(0), policies('1.2.3')]},
		{extensions: [...here, ...(ids.length > 0 ? [policies(...ids)] : [])]},
	);
const unknown = /x509: certificate signed by unknown authority/;
const unparsed = /tls: failed to parse certificate from server: x509: /;
const noChains = /x509: no valid chains built/;
const notAuthorized = /x509: a root or intermediate certificate is not authorized to sign for this name/;

export const madeCertificateRows: readonly CertificateRow[] = [
	// CAs.
	row('a CA without basicConstraints', byRoot({}, {extensions: [keyUsage(5)]}), unknown),
	row('a CA without any extension', byRoot({}, {extensions: []}), unknown),
	row('a CA of version 1', byRoot({}, {version: 1}), undefined),
	row('a CA of version 1 as an intermediate', byMiddle({version: 1}), /x509: /),
	row('a CA whose basicConstraints say no', byRoot({}, {extensions: [basicConstraints(false), keyUsage(5)]}), unknown),
	row('a CA with keyUsage and without keyCertSign', byRoot({}, {extensions: [basicConstraints(true), keyUsage(0, 6)]}), unknown),
	row('a CA without keyUsage', byRoot({}, {extensions: [basicConstraints(true)]})),
	row('an intermediate without basicConstraints', byMiddle({extensions: [keyUsage(5)]}), unknown),
	row('an intermediate without keyUsage', byMiddle({extensions: [basicConstraints(true)]})),
	row('an intermediate with a path length of 0', byMiddle({extensions: [basicConstraints(true, 0), keyUsage(5)]})),
	row(
		'a root with a path length of 0 and an intermediate',
		byMiddle({}, {}, {extensions: [basicConstraints(true, 0), keyUsage(5)]}),
		/too many intermediates/,
	),
	row('a forged signature on the leaf', byRoot({isForged: true}), unknown),
	row('a forged signature on the intermediate', byMiddle({isForged: true}), unknown),
	row('a forged signature of a root by itself', byRoot({}, {isForged: true})),
	row('a leaf that names another issuer', byRoot({issuerName: commonName('other')}), unknown),
	row('the issuer’s name in another string type', byRoot({issuerName: commonName('root', 19)}), unknown),
	row('two certificates of one authority, the first one expired', () => {
		const old = makeCertificate({name: 'root', extensions: mayIssue, validity: [utcTime('200101000000Z'), utcTime('210101000000Z')]});
		const now = makeCertificate({name: 'root', extensions: mayIssue});
		return {leaf: makeCertificate({name: 'leaf', extensions: here, issuer: now}), trusted: [old, now]};
	}),
	row('a cross-signed authority whose new root is not trusted', () => {
		const [oldRoot, newRoot] = [makeCertificate({name: 'old', extensions: mayIssue}), makeCertificate({name: 'new', extensions: mayIssue})];
		const crossed = makeCertificate({name: 'new', extensions: mayIssue, issuer: oldRoot, publicKey: publicKeyOf(newRoot)});
		return {leaf: makeCertificate({name: 'leaf', extensions: here, issuer: newRoot}), above: [newRoot, crossed], trusted: [oldRoot]};
	}),
	row('certificates in the wrong order', () => {
		const root = makeCertificate({name: 'root', extensions: mayIssue});
		const upper = makeCertificate({name: 'upper', extensions: mayIssue, issuer: root});
		const lower = makeCertificate({name: 'lower', extensions: mayIssue, issuer: upper});
		return {leaf: makeCertificate({name: 'leaf', extensions: here, issuer: lower}), above: [root, upper, lower], trusted: [root]};
	}),
	// Uses.
	row('keyUsage without digitalSignature', leafWith(keyUsage(2))),
	row('keyUsage of keyAgreement alone', leafWith(keyUsage(4))),
	row('keyUsage of keyCertSign alone in a leaf', leafWith(keyUsage(5))),
	row('keyUsage without a bit', leafWith(extension('2.5.29.15', der(3, Buffer.from([0])), true))),
	// Policies.
	row('a leaf that requires an explicit policy', leafWith(requireExplicit(0)), noChains),
	row('a leaf that requires an explicit policy later', leafWith(requireExplicit(1))),
	row('a leaf that requires a policy and has any', leafWith(requireExplicit(0), policies('2.5.29.32.0'))),
	row('a leaf with policyConstraints of mapping alone', leafWith(policyConstraints(integer(0, 0x81)))),
	row('empty policyConstraints', leafWith(policyConstraints())),
	row('an intermediate that requires a policy, and a leaf without', requiring(), noChains),
	row('an intermediate that requires a policy, and a leaf with it', requiring('1.2.3')),
	row('an intermediate that requires a policy, and a leaf with another', requiring('1.2.4'), noChains),
	row('a policy twice', leafWith(policies('1.2.3', '1.2.3')), unparsed),
	row('critical inhibitAnyPolicy', leafWith(extension('2.5.29.54', integer(0), true))),
	// Critical extensions.
	row(
		'a critical extension that nobody knows in a root',
		byRoot({}, {extensions: [...mayIssue, extension('1.2.3.4', der(5), true)]}),
		/x509: (?:unhandled critical extension|certificate signed by unknown authority)/,
	),
	row('an extension that nobody knows', leafWith(extension('1.2.3.4', der(5)))),
	row('a critical subject key identifier', leafWith(extension('2.5.29.14', der(4, Buffer.from([1])), true)), unparsed),
	row('a critical authority key identifier', leafWith(extension('2.5.29.35', sequence(der(0x80, Buffer.from([1]))), true)), unparsed),
	row('an extension twice', leafWith(keyUsage(0), keyUsage(0)), unparsed),
	row('an authority key identifier that is another’s', leafWith(extension('2.5.29.35', sequence(der(0x80, Buffer.from([1, 2, 3])))))),
	// Names.
	row('a name beyond ASCII in the certificate', leafFor(dnsName('bücher.test'), loopback), unparsed),
	row('an address of five bytes', leafFor(address(127, 0, 0, 1, 1), loopback), unparsed),
	row('an IPv4 address as IPv6', leafFor(address(...Array.from({length: 10}, () => 0), 255, 255, 127, 0, 0, 1))),
	row('a URI that is none', leafFor(uri('https://[::1'), loopback), unparsed),
	row('no names in the extension', leafFor(), /doesn't contain any IP SANs/),
	// Name constraints.
	row('an address that the root may sign', limited([permitted(address(127, 0, 0, 0, 255, 0, 0, 0))], loopback)),
	row('an address that the root may not sign', limited([permitted(address(10, 0, 0, 0, 255, 0, 0, 0))], loopback), notAuthorized),
	row('an address that the root is forbidden', limited([excluded(address(127, 0, 0, 1, 255, 255, 255, 255))], loopback), notAuthorized),
	row('a mask with a hole', limited([permitted(address(127, 0, 0, 0, 255, 0, 255, 0))], loopback), /./),
	row('names of DNS only are constrained, and the leaf has an address', limited([permitted(dnsName('foo.test'))], loopback)),
	row('a directory name is constrained', limited([permitted(der(0xa4, commonName('x')))], loopback), /x509: /),
	row('an e-mail address that the root may not sign', limited([permitted(mail('c.test'))], mail('a@b.test'), loopback), notAuthorized),
	row('empty name constraints', limited([], loopback), /./),
	// Keys and algorithms.
	row('an RSA algorithm without parameters', byRoot({algorithm: sequence(objectIdentifier('1.2.840.113549.1.1.11'))}, {key: 'rsa-2048'})),
	row('an ECDSA algorithm with NULL parameters', byRoot({algorithm: sequence(objectIdentifier('1.2.840.10045.4.3.2'), der(5))})),
	// Encodings.
	row('a negative serial number', byRoot({serial: der(2, Buffer.from([0x80, 1]))}), unparsed),
	row('a serial number of 0', byRoot({serial: integer(0)})),
	row('a serial number of 30 bytes', byRoot({serial: der(2, Buffer.alloc(30, 1))})),
	row('a date with an offset', byRoot({validity: [utcTime('250101000000+0100'), utcTime('490101000000Z')]})),
	row('a date that does not exist', byRoot({validity: [utcTime('250230000000Z'), utcTime('490101000000Z')]}), unparsed),
	row(
		'a date with a fraction of a second',
		byRoot({validity: [der(0x18, Buffer.from('20250101000000.5Z')), utcTime('490101000000Z')]}),
		unparsed,
	),
	row('a date in the year 9999', byRoot({validity: [utcTime('250101000000Z'), der(0x18, Buffer.from('99991231235959Z'))]})),
	row('a subject with a character that PrintableString lacks', byRoot({subject: commonName('a_b', 19)}), unparsed),
	row(
		'a subject in Teletex with a byte beyond ASCII',
		byRoot({subject: sequence(der(0x31, sequence(objectIdentifier('2.5.4.3'), der(20, Buffer.from([0xe9])))))}),
	),
	row('an empty subject', byRoot({subject: sequence()})),
];
