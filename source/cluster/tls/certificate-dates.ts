/** From when to when is a certificate in order? */
import {X509Certificate} from 'node:crypto';

/** Of the first certificate of a PEM text; `null` where none can be read. */
export function certificateDates(pem: Buffer): {notBefore: Date; notAfter: Date} | null {
	try {
		const {validFrom, validTo} = new X509Certificate(pem);
		return {notBefore: new Date(validFrom), notAfter: new Date(validTo)};
	} catch {
		return null;
	}
}
