/** What a peer's certificate says, as plain facts. */
import {createHash, X509Certificate} from 'node:crypto';
import type {DetailedPeerCertificate, TLSSocket} from 'node:tls';
import {wholeSeconds} from '../../text/whole-seconds.ts';
import type {SocketFacts} from '../connection.ts';

export type PeerFacts = NonNullable<NonNullable<SocketFacts['tls']>['peer']>;

/**
What this handshake's peer showed, in DER: its own certificate first, then up to the anchor that vouched for it; empty when it showed none.
`getPeerX509Certificate` is not used: it can be called only once on a socket, and leaves no certificate for anything else.
*/
export function peerChain(socket: TLSSocket): readonly Buffer[] {
	const seen = new Set<string>();
	const found: Buffer[] = [];
	for (let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true); next?.raw && !seen.has(next.fingerprint256); next = next.issuerCertificate) {
		seen.add(next.fingerprint256);
		found.push(next.raw);
	}

	return found;
}

/** Facts of the peer's own certificate, `leaf`, the first of `chain`, and of what vouches for it. */
export function peerFacts(leaf: X509Certificate, chain: readonly Buffer[]): PeerFacts {
	return {
		subject: distinguishedName(leaf.subject),
		issuer: distinguishedName(leaf.issuer),
		notBefore: wholeSeconds(new Date(leaf.validFrom)),
		notAfter: wholeSeconds(new Date(leaf.validTo)),
		spkiSha256: spkiSha256(leaf),
		subjectAltName: leaf.subjectAltName ?? '',
		chainSpkiSha256: signers(leaf, chain).map(certificate => spkiSha256(certificate)),
	};
}

/** `leaf`, and above it each that signed the one before: Node follows names alone, also to what was only sent along. */
function signers(leaf: X509Certificate, chain: readonly Buffer[]): X509Certificate[] {
	const found = [leaf];
	for (const der of chain.slice(1)) {
		const next = new X509Certificate(der);
		if (!found.at(-1)!.verify(next.publicKey)) {
			break;
		}

		found.push(next);
	}

	return found;
}

/** SHA-256 of the public key's SubjectPublicKeyInfo, in hexadecimal: what kubeadm calls a CA certificate hash. */
export function spkiSha256(certificate: X509Certificate): string {
	return createHash('sha256').update(certificate.publicKey.export({type: 'spki', format: 'der'})).digest('hex');
}

/** `CN=kube-apiserver,O=x`: the most particular part first (RFC 4514); of the lines in which Node gives a subject or an issuer. */
export function distinguishedName(lines: string | undefined): string {
	// Node gives no string at all for an empty name.
	return (lines ?? '').split('\n').filter(line => line !== '').toReversed().join(',');
}
