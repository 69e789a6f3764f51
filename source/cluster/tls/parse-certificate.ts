/** DER certificates as Go's crypto/x509 parses them. @see crypto/x509/parser.go */
import {CertificateParseError, DerReader, derTag} from './der-reader.ts';
import {parseExtensions, type CertificateExtensions} from './parse-extensions.ts';
import {parsePublicKey, type CertificateKey} from './parse-public-key.ts';

export type ParsedCertificate = CertificateExtensions & {
	raw: Buffer;
	tbs: Buffer;
	version: number;
	serial: bigint;
	/** DER. */
	issuer: Buffer;
	/** DER. */
	subject: Buffer;
	commonName: string;
	organization: string;
	notBefore: Date;
	notAfter: Date;
	key: CertificateKey;
	/** DER of the AlgorithmIdentifier's content. */
	signatureAlgorithm: Buffer;
	signature: Buffer;
};

const versionTag = 0xa0;
const extensionsTag = 0xa3;
const [issuerIdTag, subjectIdTag] = [0x81, 0x82];

/** Enough for the chains of a few apiservers and their CAs. */
const maxRecentCertificates = 8;

/** Least recently used first. */
const recentCertificates: ParsedCertificate[] = [];

/**
Returns the same object for the same DER while it is among the last 8 used, so that neither the parsing nor the check of signatures is
repeated; all other checks are. An apiserver sends the same chain on each connection, and `kube-root-ca.crt` usually has the CA of the
kubeconfig.
@throws CertificateParseError
*/
export function parseCertificate(der: Buffer): ParsedCertificate {
	const index = recentCertificates.findIndex(({raw}) => raw.equals(der));
	const certificate = index < 0 ? parseDer(Buffer.from(der)) : recentCertificates.splice(index, 1)[0]!;
	recentCertificates.push(certificate);
	if (recentCertificates.length > maxRecentCertificates) {
		recentCertificates.shift();
	}

	return certificate;
}

function parseDer(der: Buffer): ParsedCertificate {
	const raw = new DerReader(der).element(derTag.sequence, 'x509: malformed certificate');
	if (raw.whole.length !== der.length) {
		throw new CertificateParseError('x509: trailing data');
	}

	const certificate = new DerReader(raw.content);
	const tbs = certificate.element(derTag.sequence, 'x509: malformed tbs certificate');
	const fields = new DerReader(tbs.content);
	const version = versionOf(fields);
	const serial = fields.integer('x509: malformed serial number');
	if (serial < 0n) {
		throw new CertificateParseError('x509: negative serial number');
	}

	const signatureAlgorithm = fields.content(derTag.sequence, 'x509: malformed signature algorithm identifier');
	if (!certificate.content(derTag.sequence, 'x509: malformed algorithm identifier').equals(signatureAlgorithm)) {
		throw new CertificateParseError("x509: inner and outer signature algorithm identifiers don't match");
	}

	algorithmOf(signatureAlgorithm);
	const issuer = fields.element(derTag.sequence, 'x509: malformed issuer');
	nameOf(issuer.content);
	const validity = fields.inside(derTag.sequence, 'x509: malformed validity');
	const [notBefore, notAfter] = [timeOf(validity), timeOf(validity)];
	// Go reports a malformed subject by this text, too.
	const subject = fields.element(derTag.sequence, 'x509: malformed issuer');
	const {commonName, organization} = nameOf(subject.content);
	const key = parsePublicKey(fields.element(derTag.sequence, 'x509: malformed spki'), algorithmOf);
	const extensions = parseExtensions(version > 1 ? extensionsOf(fields, version) : null);
	const {bytes: signature, padding} = certificate.bitString('x509: malformed signature');
	return {
		raw: raw.whole,
		tbs: tbs.whole,
		version,
		serial,
		issuer: issuer.whole,
		subject: subject.whole,
		commonName,
		organization,
		notBefore,
		notAfter,
		key,
		signatureAlgorithm,
		// A signature with padding bits is invalid.
		signature: padding === 0 ? signature : Buffer.alloc(0),
		...extensions,
	};
}

function versionOf(fields: DerReader): number {
	const content = fields.optional(versionTag, 'x509: malformed version');
	if (!content) {
		return 1;
	}

	const inner = new DerReader(content);
	const version = inner.int64('x509: malformed version') + 1;
	if (version < 1 || !inner.isEmpty) {
		throw new CertificateParseError('x509: malformed version');
	}

	if (version > 3) {
		throw new CertificateParseError('x509: invalid version');
	}

	return version;
}

function algorithmOf(content: Buffer): {algorithm: string; parameters: Buffer} {
	const fields = new DerReader(content);
	const algorithm = fields.objectIdentifier('x509: malformed OID');
	return {algorithm, parameters: fields.isEmpty ? Buffer.alloc(0) : fields.any('x509: malformed parameters').whole};
}

function extensionsOf(fields: DerReader, version: number): Buffer | null {
	fields.optional(issuerIdTag, 'x509: malformed issuerUniqueID');
	fields.optional(subjectIdTag, 'x509: malformed subjectUniqueID');
	return version === 3 ? fields.optional(extensionsTag, 'x509: malformed extensions') : null;
}

/** The last common name and the first organization. */
function nameOf(content: Buffer): {commonName: string; organization: string} {
	const named = {commonName: '', organization: ''};
	for (const sets = new DerReader(content); !sets.isEmpty;) {
		for (const set = sets.inside(derTag.set, 'x509: invalid RDNSequence'); !set.isEmpty;) {
			const attribute = set.inside(derTag.sequence, 'x509: invalid RDNSequence: invalid attribute');
			const type = attribute.objectIdentifier('x509: invalid RDNSequence: invalid attribute type');
			const {tag, content: value} = attribute.any('x509: invalid RDNSequence: invalid attribute value');
			const text = stringOf(tag, value);
			if (type === '2.5.4.3') {
				named.commonName = text;
			} else if (type === '2.5.4.10') {
				named.organization ||= text;
			}
		}
	}

	return named;
}

function stringOf(tag: number, value: Buffer): string {
	const wrong = (what: string) => new CertificateParseError(`x509: invalid RDNSequence: invalid attribute value: ${what}`);
	const checked = (pattern: RegExp, what: string) => {
		const text = value.toString('latin1');
		if (!pattern.test(text)) {
			throw wrong(what);
		}

		return text;
	};

	switch (tag) {
		case derTag.t61String: {
			return value.toString('latin1');
		}

		case derTag.printableString: {
			return checked(/^[A-Za-z\d'()+,\-./ :=?*&]*$/, 'invalid PrintableString');
		}

		case derTag.ia5String: {
			return checked(/^[\0-\u007F]*$/, 'invalid IA5String');
		}

		case derTag.numericString: {
			return checked(/^[\d ]*$/, 'invalid NumericString');
		}

		case derTag.utf8String: {
			try {
				return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(value);
			} catch {
				throw wrong('invalid UTF-8 string');
			}
		}

		case derTag.bmpString: {
			return (
				bmpString(value) ??
				(() => {
					throw wrong('invalid BMPString');
				})()
			);
		}

		default: {
			throw wrong(`unsupported string type: ${tag}`);
		}
	}
}

function bmpString(value: Buffer): string | null {
	const text = value.length % 2 === 0 ? Buffer.from(value).swap16().toString('utf16le').replace(/\0$/, '') : null;
	return text === null || /[\uD800-\uDFFF\uFDD0-\uFDEF\uFFFE\uFFFF]/.test(text) ? null : text;
}

function timeOf(validity: DerReader): Date {
	if (validity.isNext(derTag.utcTime)) {
		const [, year, rest, second, zone] =
			/^(\d\d)(\d{8})(\d\d)?(Z|[+-]\d{4})$/.exec(validity.content(derTag.utcTime, 'x509: malformed UTCTime').toString('latin1')) ?? [];
		return dateOf(year && `${Number(year) < 50 ? 20 : 19}${year}`, `${rest}${second ?? '00'}`, zone, 'x509: malformed UTCTime');
	}

	if (validity.isNext(derTag.generalizedTime)) {
		const [, year, rest, zone] =
			/^(\d{4})(\d{10})(Z|[+-]\d{4})$/.exec(
				validity.content(derTag.generalizedTime, 'x509: malformed GeneralizedTime').toString('latin1'),
			) ?? [];
		return dateOf(year, rest, zone, 'x509: malformed GeneralizedTime');
	}

	throw new CertificateParseError('x509: unsupported time format');
}

function dateOf(year: string | undefined, rest: string | undefined, zone: string | undefined, problem: string): Date {
	const [month, day, hour, minute, second] = rest?.match(/\d\d/g) ?? [];
	const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`);
	const offset = zone === 'Z' ? 0 : offsetMinutes(zone ?? '');
	// `Date.parse` carries 31 February and hour 24 over to the next day; Go rejects them.
	if (Number.isNaN(time) || new Date(time).getUTCDate() !== Number(day) || offset === null) {
		throw new CertificateParseError(problem);
	}

	return new Date(time - offset * 60_000);
}

/** `null` for what Go rejects: it allows up to 24 h, and compares the formatted time, which excludes `+0000` and 60 minutes. */
function offsetMinutes(zone: string): number | null {
	const [, sign, hours, minutes] = /^([+-])(?!0000)([01]\d|2[0-4])([0-5]\d)$/.exec(zone) ?? [];
	return sign === undefined ? null : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
}
