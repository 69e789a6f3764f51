/** Public keys of certificates, with the demands of Go's crypto/x509. */
import {createPublicKey} from 'node:crypto';
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

/** Length of an uncompressed point, for the curves that Go knows. */
const pointLengths: Readonly<Record<string, number>> = {
	'1.3.132.0.33': 57,
	'1.2.840.10045.3.1.7': 65,
	'1.3.132.0.34': 97,
	'1.3.132.0.35': 133,
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

	const rsa = kind === null ? null : checkedKey(kind, parameters, bytes);
	if (kind === 'ecdsa' && !isOnCurve(spki.whole)) {
		throw new CertificateParseError('x509: ECDSA point not on curve');
	}

	return {kind, spki: spki.whole, rsa};
}

/** OpenSSL knows all of Go's curves. */
function isOnCurve(spki: Buffer): boolean {
	try {
		return createPublicKey({key: spki, format: 'der', type: 'spki'}).asymmetricKeyType === 'ec';
	} catch {
		return false;
	}
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
	const curve = new DerReader(parameters).objectIdentifier('x509: invalid ECDSA parameters');
	const length = pointLengths[curve];
	if (length === undefined) {
		throw new CertificateParseError('x509: unsupported elliptic curve');
	}

	if (point.length !== length || point[0] !== 4) {
		throw new CertificateParseError('x509: invalid ECDSA public key');
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
