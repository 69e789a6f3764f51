/** Facts of a peer's certificate. */
import {createHash, type X509Certificate} from 'node:crypto';
import type {TLSSocket} from 'node:tls';
import {formatRfc3339Seconds} from '../../text/format-time.ts';
import type {SocketFacts} from '../connection.ts';
import {signatureProblem} from './check-signature.ts';
import type {ParsedCertificate} from './parse-certificate.ts';

export type PeerFacts = NonNullable<NonNullable<SocketFacts['tls']>['peer']>;

/**
The certificates that this handshake's peer sent, in DER, its own first; empty when it sent none.
Call it once for a socket: Node takes the certificates off it. `getPeerCertificate` is never called, because it crashes the process
at a key on a curve without a NIST name (Node 24.21).
*/
export function peerChain(socket: TLSSocket): readonly Buffer[] {
	const found: Buffer[] = [];
	for (let next = socket.getPeerX509Certificate(); next; next = next.issuerCertificate) {
		found.push(next.raw);
	}

	return found;
}

/**
Facts of the peer's own certificate.
@param chain begins with it; each further one signed the one before, up to the trusted one where the peer was verified
*/
export function peerFacts(leaf: X509Certificate, chain: readonly ParsedCertificate[]): PeerFacts {
	return {
		subject: distinguishedName(leaf.subject),
		issuer: distinguishedName(leaf.issuer),
		notBefore: formatRfc3339Seconds(new Date(leaf.validFrom)),
		notAfter: formatRfc3339Seconds(new Date(leaf.validTo)),
		spkiSha256: spkiSha256(leaf),
		subjectAltName: leaf.subjectAltName ?? '',
		chainSpkiSha256: chain.map(({key}) => createHash('sha256').update(key.spki).digest('hex')),
	};
}

/** The first certificate, followed by each that signed the previous one: a peer can send unrelated certificates. */
export function signedPrefix(sent: readonly ParsedCertificate[]): readonly ParsedCertificate[] {
	const end = sent.findIndex((certificate, index) => index > 0 && signatureProblem(sent[index - 1]!, certificate) !== null);
	return end < 0 ? sent : sent.slice(0, end);
}

/** SHA-256 of the public key's SubjectPublicKeyInfo, in hexadecimal: what kubeadm calls a CA certificate hash. */
export function spkiSha256(certificate: X509Certificate): string {
	return createHash('sha256')
		.update(certificate.publicKey.export({type: 'spki', format: 'der'}))
		.digest('hex');
}

/** `CN=kube-apiserver,O=x`: the most particular part first (RFC 4514); of the lines in which Node gives a subject or an issuer. */
export function distinguishedName(lines: string | undefined): string {
	// Node gives no string at all for an empty name.
	return (lines ?? '')
		.split('\n')
		.filter(line => line !== '')
		.toReversed()
		.join(',');
}
