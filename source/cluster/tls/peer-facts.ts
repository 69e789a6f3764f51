/** Facts of a peer's certificate. */
import {hash, X509Certificate} from 'node:crypto';
import type {TLSSocket} from 'node:tls';
import {formatRfc3339Seconds} from '../../text/format-time.ts';
import type {SocketFacts} from '../connection.ts';
import {signatureProblem} from './check-signature.ts';
import type {ParsedCertificate} from './parse-certificate.ts';

export type PeerFacts = NonNullable<NonNullable<SocketFacts['tls']>['peer']>;

/**
In DER, the peer's own first. Call once per socket: Node takes the certificates off it. Never call `getPeerCertificate`: a key on a curve
without a NIST name crashes the process (Node 24.21).
*/
export function peerChain(socket: TLSSocket): readonly Buffer[] {
	const found: Buffer[] = [];
	for (let next = socket.getPeerX509Certificate(); next; next = next.issuerCertificate) {
		found.push(next.raw);
	}

	return found;
}

/** @param chain from `leaf` to the last certificate that signed the previous one, or the trusted one */
export function peerFacts(leaf: ParsedCertificate, chain: readonly ParsedCertificate[]): PeerFacts {
	const known = leafFacts.get(leaf) ?? readLeaf(leaf);
	leafFacts.set(leaf, known);
	return {...known, chainSpkiSha256: chain.map(certificate => spkiSha256(certificate))};
}

/** `parsePeerChain` returns the same object for the same certificate of another connection. */
const leafFacts = new WeakMap<ParsedCertificate, Omit<PeerFacts, 'chainSpkiSha256'>>();

function readLeaf(leaf: ParsedCertificate): Omit<PeerFacts, 'chainSpkiSha256'> {
	const {subject, issuer, validTo, subjectAltName = ''} = new X509Certificate(leaf.raw);
	return {
		subject: distinguishedName(subject),
		issuer: distinguishedName(issuer),
		notAfter: formatRfc3339Seconds(new Date(validTo)),
		spkiSha256: spkiSha256(leaf),
		subjectAltName,
	};
}

/** A peer can send unrelated certificates. */
export function signedPrefix(sent: readonly ParsedCertificate[]): readonly ParsedCertificate[] {
	const end = sent.findIndex((certificate, index) => index > 0 && signatureProblem(sent[index - 1]!, certificate) !== null);
	return end < 0 ? sent : sent.slice(0, end);
}

/** Hash of SubjectPublicKeyInfo, in hexadecimal, as in kubeadm's CA certificate hash. */
export function spkiSha256({key}: ParsedCertificate): string {
	return hash('sha256', key.spki);
}

/** Most specific part first (RFC 4514), from Node's lines. */
export function distinguishedName(lines: string | undefined): string {
	// Node gives no string for an empty name.
	return (lines ?? '')
		.split('\n')
		.filter(line => line !== '')
		.toReversed()
		.join(',');
}
