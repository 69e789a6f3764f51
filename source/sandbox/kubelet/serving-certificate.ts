/** Serving certificates of kubelets: self-signed, signed, expired or pending. */
import type {Issuer, KeyPair} from '../certificates/issuer.ts';

export type KubeletCertificate = 'self-signed' | 'signed' | 'expired' | 'pending';

const day = 86_400_000;

/** `null` while the signing request is pending: the kubelet then fails every handshake with an internal error. */
export async function servingCertificate(kind: KubeletCertificate, node: string, address: string, issuer: Issuer): Promise<KeyPair | null> {
	if (kind === 'pending') {
		return null;
	}

	if (kind === 'self-signed') {
		return issuer.selfSigned(node);
	}

	const subject = `CN=system:node:${node}, O=system:nodes`;
	const validity = kind === 'expired' ? {notBefore: new Date(Date.now() - 366 * day), notAfter: new Date(Date.now() - day)} : {};
	return issuer.issue({subject, use: 'server', names: [node, address], ...validity});
}

/** The TLS record that Go sends without a certificate: fatal alert 80, internal_error (RFC 8446 §6). */
export const internalErrorAlert = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x50]);
