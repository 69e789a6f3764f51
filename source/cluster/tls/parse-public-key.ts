/** Public keys of certificates, with the demands of Go's crypto/x509. */
import {ECDH} from 'node:crypto';
import {CertificateParseError, type DerElement, DerReader, derTag} from './der-reader.ts';

export type CertificateKey = {
	/** `null`: unknown to Go. */
	kind: 'rsa' | 'ecdsa' | 'ed25519' | 'x25519' | 'dsa' | null;
	/** SubjectPublicKeyInfo in DER. */
	spki: Buffer;
	rsa: {bits: number; exponent: bigint} | null;
};

const kinds: Readonly<Record<string, NonNullable<CertificateKey['kind']>>> = {
	'1.2.840.113549.1.1.1': 'rsa',
	'1.2.840.10045.2.1': 'ecdsa',
	'1.3.101.112': 'ed25519',
	'1.3.101.110': 'x25519',
	'1.2.840.10040.4.1': 'dsa',
};

/** The curves that Go supports, by OID: OpenSSL's name, and the length of an uncompressed point in bytes. */
const curves: Readonly<Record<string, {name: string; pointLength: number}>> = {
	'1.3.132.0.33': {name: 'secp224r1', pointLength: 57},
	'1.2.840.10045.3.1.7': {name: 'prime256v1', pointLength: 65},
	'1.3.132.0.34': {name: 'secp384r1', pointLength: 97},
	'1.3.132.0.35': {name: 'secp521r1', pointLength: 133},
};

const nullParameters = Buffer.from([5, 0]);

/** @throws CertificateParseError */
export function parsePublicKey(
	spki: DerElement,
	algorithmOf: (content: Buffer) => {algorithm: string; parameters: Buffer},
): CertificateKey {
	const fields = new DerReader(spki.content);
	const {algorithm, parameters} = algorithmOf(fields.content(derTag.sequence, 'x509: malformed public key algorithm identifier'));
	const {bytes, padding} = fields.bitString('x509: malformed subjectPublicKey');
	const kind = kinds[algorithm] ?? null;
	if (kind !== null && padding !== 0) {
		throw new CertificateParseError('x509: malformed subjectPublicKey');
	}

	return {kind, spki: spki.whole, rsa: kind === null ? null : checkedKey(kind, parameters, bytes)};
}

function checkedKey(kind: NonNullable<CertificateKey['kind']>, parameters: Buffer, key: Buffer): CertificateKey['rsa'] {
	switch (kind) {
		case 'rsa': {
			return rsaKey(parameters, key);
		}

		case 'ecdsa': {
			checkPoint(parameters, key);
			return null;
		}

		case 'ed25519':
		case 'x25519': {
			const name = kind === 'ed25519' ? 'Ed25519' : 'X25519';
			if (parameters.length > 0) {
				throw new CertificateParseError(`x509: ${name} key encoded with illegal parameters`);
			}

			if (key.length !== 32) {
				throw new CertificateParseError(kind === 'ed25519' ? 'x509: wrong Ed25519 public key size' : 'crypto/ecdh: invalid public key');
			}

			return null;
		}

		case 'dsa': {
			checkDsa(parameters, key);
			return null;
		}
	}
}

function rsaKey(parameters: Buffer, key: Buffer): CertificateKey['rsa'] {
	if (!parameters.equals(nullParameters)) {
		throw new CertificateParseError('x509: RSA key missing NULL parameters');
	}

	const fields = new DerReader(key).inside(derTag.sequence, 'x509: invalid RSA public key');
	const modulus = fields.integer('x509: invalid RSA modulus');
	const exponent = BigInt(fields.int64('x509: invalid RSA public exponent'));
	if (modulus <= 0n) {
		throw new CertificateParseError('x509: RSA modulus is not a positive number');
	}

	if (exponent <= 0n) {
		throw new CertificateParseError('x509: RSA public exponent is not a positive number');
	}

	return {bits: modulus.toString(2).length, exponent};
}

function checkPoint(parameters: Buffer, point: Buffer): void {
	const curve = curves[new DerReader(parameters).objectIdentifier('x509: invalid ECDSA parameters')];
	if (!curve) {
		throw new CertificateParseError('x509: unsupported elliptic curve');
	}

	if (point.length !== curve.pointLength || point[0] !== 4) {
		throw new CertificateParseError('x509: invalid ECDSA public key');
	}

	try {
		// Throws for a point that is not on the curve.
		ECDH.convertKey(point, curve.name);
	} catch {
		throw new CertificateParseError('x509: ECDSA point not on curve');
	}
}

function checkDsa(parameters: Buffer, key: Buffer): void {
	const y = new DerReader(key).integer('x509: invalid DSA public key');
	const fields = new DerReader(parameters).inside(derTag.sequence, 'x509: invalid DSA parameters');
	const numbers = [y, ...[1, 2, 3].map(() => fields.integer('x509: invalid DSA parameters'))];
	if (numbers.some(number => number <= 0n)) {
		throw new CertificateParseError('x509: zero or negative DSA parameter');
	}
}
