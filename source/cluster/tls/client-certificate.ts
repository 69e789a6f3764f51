/** Client certificates. */
import {createPrivateKey, X509Certificate} from 'node:crypto';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {ClientCertificate} from './start-tls.ts';

/** @throws SpokeError ERR_CLIENT_CERTIFICATE */
export function validateCertificatePair(certificate: Buffer, key: Buffer): ClientCertificate {
	try {
		const leaf = new X509Certificate(certificate);
		if (!leaf.checkPrivateKey(createPrivateKey(key))) {
			throw new Error('tls: private key does not match public key');
		}
	} catch (error) {
		throw new SpokeError(
			'ERR_CLIENT_CERTIFICATE',
			`the client certificate cannot be used: ${(error as Error).message.split('\n', 1)[0]!}`,
			{cause: error},
		);
	}

	return {certificate, key};
}

/** The session asks for each selected row, and parsing takes 0.2 ms. */
const fingerprints = new WeakMap<Buffer, string | null>();

/** The SHA-256 fingerprint, in hexadecimal. */
export function certificateFingerprint(pem: Buffer): string | null {
	const known = fingerprints.get(pem);
	if (known !== undefined) {
		return known;
	}

	const fingerprint = readFingerprint(pem);
	fingerprints.set(pem, fingerprint);
	return fingerprint;
}

function readFingerprint(pem: Buffer): string | null {
	try {
		return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
	} catch {
		return null;
	}
}

export function certificateDates(pem: Buffer): {notBefore: Date; notAfter: Date} | null {
	try {
		const {validFrom, validTo} = new X509Certificate(pem);
		return {notBefore: new Date(validFrom), notAfter: new Date(validTo)};
	} catch {
		return null;
	}
}
