/** Which certificate is it? */
import {X509Certificate} from 'node:crypto';

/** SHA-256 of the first certificate of a PEM text, which is the one that a handshake shows for us, in hexadecimal; `null` where none can be read. */
export function certificateFingerprint(pem: Buffer): string | null {
	try {
		return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
	} catch {
		return null;
	}
}
