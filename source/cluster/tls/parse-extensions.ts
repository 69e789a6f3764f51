/** Certificate extensions as Go's crypto/x509 reads them. @see crypto/x509/parser.go processExtensions */
import {parseGoUrl} from '../transport/go-url.ts';
import {CertificateParseError, DerReader, derTag} from './der-reader.ts';
import {domainNameIsValid, emptyConstraints, parseNameConstraints, type NameConstraints} from './parse-name-constraints.ts';

export type CertificateExtensions = {
	hasUnhandledCritical: boolean;
	basicConstraints: {isAuthority: boolean; /** -1: no limit. */ maxPathLength: number} | null;
	/** Bit 5 is keyCertSign. */
	keyUsage: number;
	/** OIDs. */
	extendedKeyUsage: readonly string[];
	subjectAltName: Buffer | null;
	dnsNames: readonly string[];
	emails: readonly string[];
	addresses: readonly Buffer[];
	uriHosts: readonly string[];
	nameConstraints: NameConstraints;
	hasNameConstraints: boolean;
	subjectKeyId: Buffer;
	authorityKeyId: Buffer;
	/** OIDs in hexadecimal. */
	policies: readonly string[];
	policyMappings: ReadonlyArray<{issuer: string; subject: string}>;
	requireExplicitPolicy: number | null;
	inhibitPolicyMapping: number | null;
	inhibitAnyPolicy: number | null;
};

export const anyPolicy = '551d2000';

type Extension = {critical: boolean; value: Buffer};

/** @throws CertificateParseError */
export function parseExtensions(der: Buffer | null): CertificateExtensions {
	const found: CertificateExtensions = {
		hasUnhandledCritical: false,
		basicConstraints: null,
		keyUsage: 0,
		extendedKeyUsage: [],
		subjectAltName: null,
		dnsNames: [],
		emails: [],
		addresses: [],
		uriHosts: [],
		nameConstraints: emptyConstraints,
		hasNameConstraints: false,
		subjectKeyId: Buffer.alloc(0),
		authorityKeyId: Buffer.alloc(0),
		policies: [],
		policyMappings: [],
		requireExplicitPolicy: null,
		inhibitPolicyMapping: null,
		inhibitAnyPolicy: null,
	};
	for (const [id, extension] of der ? listed(der) : []) {
		const parse = parsers[id];
		const {isUnhandled = false, ...fields} = parse ? parse(extension) : {isUnhandled: true};
		Object.assign(found, fields);
		found.hasUnhandledCritical ||= isUnhandled && extension.critical;
	}

	return found;
}

function listed(der: Buffer): ReadonlyMap<string, Extension> {
	const found = new Map<string, Extension>();
	for (const list = new DerReader(der).inside(derTag.sequence, 'x509: malformed extensions'); !list.isEmpty;) {
		const fields = list.inside(derTag.sequence, 'x509: malformed extension');
		const id = fields.objectIdentifier('x509: malformed extension OID field');
		const critical = fields.isNext(derTag.boolean) && fields.boolean('x509: malformed extension critical field');
		const value = fields.content(derTag.octetString, 'x509: malformed extension value field');
		if (found.has(id)) {
			throw new CertificateParseError(`x509: certificate contains duplicate extension with OID "${id}"`);
		}

		found.set(id, {critical, value});
	}

	return found;
}

type Parsed = Partial<CertificateExtensions> & {isUnhandled?: boolean};

const parsers: Readonly<Record<string, (extension: Extension) => Parsed>> = {
	'2.5.29.14'({critical, value}) {
		refuseCritical(critical, 'subject key identifier');
		return {subjectKeyId: new DerReader(value).content(derTag.octetString, 'x509: invalid subject key identifier')};
	},
	'2.5.29.15'({value}) {
		const {bytes} = new DerReader(value).bitString('x509: invalid key usage');
		const bits = [...bytes]
			.map(byte => byte.toString(2).padStart(8, '0'))
			.join('')
			.slice(0, 9);
		return {keyUsage: [...bits].reduce((sum, bit, index) => sum + (bit === '1' ? 2 ** index : 0), 0)};
	},
	'2.5.29.17'({value}) {
		const names = parseAltNames(value);
		return {...names, subjectAltName: value, isUnhandled: Object.values(names).every(list => list.length === 0)};
	},
	'2.5.29.19': ({value}) => ({basicConstraints: parseBasicConstraints(value)}),
	'2.5.29.30'({value}) {
		const {constraints, isUnhandled} = parseNameConstraints(value);
		return {nameConstraints: constraints, hasNameConstraints: true, isUnhandled};
	},
	'2.5.29.31': ({value}) => checkDistributionPoints(value),
	'2.5.29.32': ({value}) => ({policies: parsePolicies(value)}),
	'2.5.29.33': ({value}) => ({policyMappings: parsePolicyMappings(value)}),
	'2.5.29.35'({critical, value}) {
		refuseCritical(critical, 'authority key identifier');
		const fields = new DerReader(value).inside(derTag.sequence, 'x509: invalid authority key identifier');
		return {authorityKeyId: fields.optional(0x80, 'x509: invalid authority key identifier') ?? Buffer.alloc(0)};
	},
	'2.5.29.36'({value}) {
		const problem = 'x509: invalid policy constraints extension';
		const fields = new DerReader(value).inside(derTag.sequence, problem);
		const requireExplicitPolicy = fields.isNext(0x80) ? fields.int64(problem, 0x80) : null;
		return {requireExplicitPolicy, inhibitPolicyMapping: fields.isNext(0x81) ? fields.int64(problem, 0x81) : null};
	},
	'2.5.29.37'({value}) {
		const problem = 'x509: invalid extended key usages';
		const usages: string[] = [];
		for (const list = new DerReader(value).inside(derTag.sequence, problem); !list.isEmpty;) {
			usages.push(list.objectIdentifier(problem));
		}

		return {extendedKeyUsage: usages};
	},
	'2.5.29.54': ({value}) => ({inhibitAnyPolicy: new DerReader(value).int64('x509: invalid inhibit any policy extension')}),
	'1.3.6.1.5.5.7.1.1'({critical, value}) {
		refuseCritical(critical, 'authority info access');
		const problem = 'x509: invalid authority info access';
		for (const list = new DerReader(value).inside(derTag.sequence, problem); !list.isEmpty;) {
			const fields = list.inside(derTag.sequence, problem);
			fields.objectIdentifier(problem);
			fields.optional(0x86, problem);
		}

		return {};
	},
};

function refuseCritical(critical: boolean, name: string): void {
	if (critical) {
		throw new CertificateParseError(`x509: ${name} incorrectly marked critical`);
	}
}

function parseBasicConstraints(value: Buffer): CertificateExtensions['basicConstraints'] {
	const problem = 'x509: invalid basic constraints';
	const fields = new DerReader(value).inside(derTag.sequence, problem);
	const isAuthority = fields.isNext(derTag.boolean) && fields.boolean(problem);
	const maxPathLength = fields.isNext(derTag.integer) ? fields.int64(problem) : -1;
	if (maxPathLength < -1) {
		throw new CertificateParseError(problem);
	}

	return {isAuthority, maxPathLength};
}

function parseAltNames(value: Buffer): Pick<CertificateExtensions, 'dnsNames' | 'emails' | 'addresses' | 'uriHosts'> {
	const found = {dnsNames: [] as string[], emails: [] as string[], addresses: [] as Buffer[], uriHosts: [] as string[]};
	for (const list = new DerReader(value).inside(derTag.sequence, 'x509: invalid subject alternative names'); !list.isEmpty;) {
		const {tag, content} = list.any('x509: invalid subject alternative name');
		switch (tag) {
			case 0x81: {
				found.emails.push(asciiText(content, 'x509: SAN rfc822Name is malformed'));
				break;
			}

			case 0x82: {
				found.dnsNames.push(asciiText(content, 'x509: SAN dNSName is malformed'));
				break;
			}

			case 0x86: {
				found.uriHosts.push(uriHost(asciiText(content, 'x509: SAN uniformResourceIdentifier is malformed')));
				break;
			}

			case 0x87: {
				if (content.length !== 4 && content.length !== 16) {
					throw new CertificateParseError(`x509: cannot parse IP address of length ${content.length}`);
				}

				found.addresses.push(content);
				break;
			}

			default:
		}
	}

	return found;
}

/** @throws CertificateParseError */
function asciiText(content: Buffer, problem: string): string {
	if (content.some(byte => byte > 0x7f)) {
		throw new CertificateParseError(problem);
	}

	return content.toString('latin1');
}

function uriHost(uri: string): string {
	const wrong = (why: string) => new CertificateParseError(`x509: cannot parse URI ${JSON.stringify(uri)}: ${why}`);
	let host: string;
	try {
		({host} = parseGoUrl(uri));
	} catch (error) {
		throw wrong((error as Error).message);
	}

	if (host !== '' && !domainNameIsValid(host, false)) {
		throw wrong('invalid domain');
	}

	return host;
}

function checkDistributionPoints(value: Buffer): Parsed {
	const problem = 'x509: invalid CRL distribution point';
	for (const points = new DerReader(value).inside(derTag.sequence, `${problem}s`); !points.isEmpty;) {
		const name = points.inside(derTag.sequence, problem).optional(0xa0, problem);
		for (const names = name && new DerReader(name).inside(0xa0, problem); names?.isNext(0x86);) {
			names.content(0x86, problem);
		}
	}

	return {};
}

function parsePolicies(value: Buffer): readonly string[] {
	const problem = 'x509: invalid certificate policies';
	const found = new Set<string>();
	for (const list = new DerReader(value).inside(derTag.sequence, problem); !list.isEmpty;) {
		const id = list.inside(derTag.sequence, problem).content(derTag.objectIdentifier, problem);
		const isWhole = id.length > 0 && id.at(-1)! < 0x80 && id.every((byte, index) => byte !== 0x80 || (index > 0 && id[index - 1]! >= 0x80));
		if (!isWhole || found.has(id.toString('hex'))) {
			throw new CertificateParseError(problem);
		}

		found.add(id.toString('hex'));
	}

	return [...found];
}

function parsePolicyMappings(value: Buffer): CertificateExtensions['policyMappings'] {
	const problem = 'x509: invalid policy mappings extension';
	const found: Array<{issuer: string; subject: string}> = [];
	for (const list = new DerReader(value).inside(derTag.sequence, problem); !list.isEmpty;) {
		const fields = list.inside(derTag.sequence, problem);
		const issuer = fields.content(derTag.objectIdentifier, problem).toString('hex');
		found.push({issuer, subject: fields.content(derTag.objectIdentifier, problem).toString('hex')});
	}

	return found;
}
