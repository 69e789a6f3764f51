/** What a peer's certificate says, as plain facts. */
import {createHash, type X509Certificate} from 'node:crypto';
import type {SocketFacts} from '../connection.ts';

export type PeerFacts = NonNullable<NonNullable<SocketFacts['tls']>['peer']>;

export function peerFacts(certificate: X509Certificate): PeerFacts {
	return {
		subject: distinguishedName(certificate.subject),
		issuer: distinguishedName(certificate.issuer),
		notBefore: new Date(certificate.validFrom).toISOString(),
		notAfter: new Date(certificate.validTo).toISOString(),
		spkiSha256: spkiSha256(certificate),
		subjectAltName: certificate.subjectAltName ?? '',
		chainSpkiSha256: chain(certificate).map(one => spkiSha256(one)),
	};
}

/** SHA-256 of the public key's SubjectPublicKeyInfo, in hexadecimal: what kubeadm calls a CA certificate hash. */
export function spkiSha256(certificate: X509Certificate): string {
	return createHash('sha256').update(certificate.publicKey.export({type: 'spki', format: 'der'})).digest('hex');
}

/** `CN=kube-apiserver,O=x`: the most particular part first (RFC 4514). */
function distinguishedName(lines: string): string {
	return lines.split('\n').filter(line => line !== '').reverse().join(',');
}

function chain(leaf: X509Certificate): X509Certificate[] {
	const found = [leaf];
	for (let next = leaf.issuerCertificate; next && found.length < 10 && !found.some(one => one.fingerprint256 === next!.fingerprint256); next = next.issuerCertificate) {
		found.push(next);
	}

	return found;
}
