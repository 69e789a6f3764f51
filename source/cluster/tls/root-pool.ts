/** Trusted certificates by subject, parsed on use: a system has more than a hundred. */
import {CertificateParseError, DerReader, derTag} from './der-reader.ts';
import {parseCertificate, type ParsedCertificate} from './parse-certificate.ts';
import {derOf, type Trust} from './trust.ts';
import type {CertificatePool} from './verify-chain.ts';

const pools = new WeakMap<Trust, CertificatePool>();

export function rootsOf(trust: Trust): CertificatePool {
	const pool = pools.get(trust) ?? newPool(trust.pem.map(pem => derOf(pem)));
	pools.set(trust, pool);
	return pool;
}

function newPool(certificates: readonly Buffer[]): CertificatePool {
	const bySubject = new Map<string, Buffer[]>();
	for (const der of new Map(certificates.map(one => [one.toString('latin1'), one])).values()) {
		const subject = subjectOf(der);
		if (subject !== null) {
			bySubject.set(subject, [...(bySubject.get(subject) ?? []), der]);
		}
	}

	const parsed = new Map<Buffer, ParsedCertificate | null>();
	const withSubject = (subject: Buffer) =>
		(bySubject.get(subject.toString('latin1')) ?? []).flatMap(der => {
			const certificate = parsed.has(der) ? parsed.get(der)! : parsedOrNull(der);
			parsed.set(der, certificate);
			return certificate ?? [];
		});
	return {withSubject, has: certificate => withSubject(certificate.subject).some(({raw}) => raw.equals(certificate.raw))};
}

/** As in Go, the pool omits what cannot be parsed. */
function parsedOrNull(der: Buffer): ParsedCertificate | null {
	try {
		return parseCertificate(der);
	} catch (error) {
		if (error instanceof CertificateParseError) {
			return null;
		}

		throw error;
	}
}

function subjectOf(der: Buffer): string | null {
	try {
		const fields = new DerReader(der).inside(derTag.sequence, '').inside(derTag.sequence, '');
		fields.optional(0xa0, '');
		fields.integer('');
		for (let before = 0; before < 3; before++) {
			fields.content(derTag.sequence, '');
		}

		return fields.element(derTag.sequence, '').whole.toString('latin1');
	} catch {
		return null;
	}
}
