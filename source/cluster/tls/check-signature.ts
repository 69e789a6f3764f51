/** Verification of one certificate's signature by another, with the algorithms of Go's crypto/x509. */
import {constants, verify} from 'node:crypto';
import {DerReader} from './der-reader.ts';
import type {ParsedCertificate} from './parse-certificate.ts';

type Algorithm = {key: 'rsa' | 'ecdsa' | 'ed25519'; hash: string | null; isPss?: boolean} | {insecure: string};

const keyCertSign = 2 ** 5;
const rsaPss = '1.2.840.113549.1.1.10';
const algorithms: Readonly<Record<string, Algorithm>> = {
	'1.2.840.113549.1.1.4': {insecure: 'MD5-RSA'},
	'1.2.840.113549.1.1.5': {insecure: 'SHA1-RSA'},
	'1.3.14.3.2.29': {insecure: 'SHA1-RSA'},
	'1.2.840.10045.4.1': {insecure: 'ECDSA-SHA1'},
	'1.2.840.113549.1.1.11': {key: 'rsa', hash: 'sha256'},
	'1.2.840.113549.1.1.12': {key: 'rsa', hash: 'sha384'},
	'1.2.840.113549.1.1.13': {key: 'rsa', hash: 'sha512'},
	'1.2.840.10045.4.3.2': {key: 'ecdsa', hash: 'sha256'},
	'1.2.840.10045.4.3.3': {key: 'ecdsa', hash: 'sha384'},
	'1.2.840.10045.4.3.4': {key: 'ecdsa', hash: 'sha512'},
	'1.3.101.112': {key: 'ed25519', hash: null},
};

/** Hashes of RSA-PSS by the last byte of their OID; the salt must be as long as the hash. */
const pssHashes: Readonly<Record<string, {hash: string; salt: string}>> = {
	'01': {hash: 'sha256', salt: '20'},
	'02': {hash: 'sha384', salt: '30'},
	'03': {hash: 'sha512', salt: '40'},
};

/**
`null`, or the reason in Go's words.
@see crypto/x509 Certificate.CheckSignatureFrom
*/
export function signatureProblem(child: ParsedCertificate, parent: ParsedCertificate): string | null {
	const isAuthority = parent.basicConstraints ? parent.basicConstraints.isAuthority : parent.version < 3;
	if (!isAuthority || (parent.keyUsage !== 0 && Math.floor(parent.keyUsage / keyCertSign) % 2 === 0)) {
		return 'x509: invalid signature: parent certificate cannot sign this kind of certificate';
	}

	const algorithm = algorithmOf(child.signatureAlgorithm);
	if (!algorithm || parent.key.kind === null) {
		return 'x509: cannot verify signature: algorithm unimplemented';
	}

	if ('insecure' in algorithm) {
		return `x509: cannot verify signature: insecure algorithm ${algorithm.insecure}`;
	}

	if (parent.key.kind !== algorithm.key) {
		return `x509: signature algorithm specifies an ${algorithm.key.toUpperCase()} public key, but have public key of another type`;
	}

	return rsaKeyProblem(parent) ?? (isSignedBy(child, parent, algorithm) ? null : wrongSignature[algorithm.key]);
}

/** Go's reason to reject the key, or `null`. */
export function rsaKeyProblem({key: {rsa}}: ParsedCertificate): string | null {
	if (rsa && rsa.bits < 1024) {
		return `crypto/rsa: ${rsa.bits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)`;
	}

	return rsa && (rsa.exponent < 2n || rsa.exponent % 2n === 0n || rsa.exponent >= 2n ** 31n)
		? 'crypto/rsa: public exponent is not usable'
		: null;
}

const wrongSignature = {
	rsa: 'crypto/rsa: verification error',
	ecdsa: 'x509: ECDSA verification failure',
	ed25519: 'x509: Ed25519 verification failure',
} as const;

/** Results by child and parent, which are not changed after they were parsed. */
const checked = new WeakMap<ParsedCertificate, WeakMap<ParsedCertificate, boolean>>();

function isSignedBy(
	child: ParsedCertificate,
	parent: ParsedCertificate,
	{key, hash, isPss}: Exclude<Algorithm, {insecure: string}>,
): boolean {
	const byParent = checked.get(child) ?? new WeakMap<ParsedCertificate, boolean>();
	const known = byParent.get(parent);
	if (known !== undefined) {
		return known;
	}

	try {
		const padding = key === 'rsa' && {
			padding: isPss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING,
			saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
		};
		const isValid = verify(hash, child.tbs, {key: parent.key.spki, format: 'der', type: 'spki', ...padding}, child.signature);
		checked.set(child, byParent.set(parent, isValid));
		return isValid;
	} catch {
		return false;
	}
}

function algorithmOf(der: Buffer): Algorithm | null {
	const fields = new DerReader(der);
	const id = fields.objectIdentifier('');
	const parameters = fields.isEmpty ? '' : fields.any('').whole.toString('hex');
	if (id !== rsaPss) {
		const algorithm = algorithms[id] ?? null;
		return algorithm && 'hash' in algorithm && algorithm.hash === null && parameters !== '' ? null : algorithm;
	}

	const [, hash, mask, salt] = pssParameters.exec(parameters) ?? [];
	const known = pssHashes[hash ?? ''];
	return known && mask === hash && salt === known.salt ? {key: 'rsa', hash: known.hash, isPss: true} : null;
}

/** RFC 4055: [0] hash, [1] mask generation function 1 of a hash, [2] salt length, [3] trailer 1. OpenSSL checks the lengths. */
const pssParameters = new RegExp(
	[
		'^30..',
		'a0..30..06096086480165030402(..)(?:0500)?',
		'a1..30..06092a864886f70d010108',
		'30..06096086480165030402(..)(?:0500)?',
		'a2030201(..)',
		'(?:a303020101)?$',
	].join(''),
);
