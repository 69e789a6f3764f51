/** Facts of a peer's certificate. */
import {hash, type X509Certificate} from 'node:crypto';
import type {TLSSocket} from 'node:tls';
import {formatRfc3339Seconds} from '../../text/formats.ts';
import type {SocketFacts} from '../cluster-client.ts';

export type PeerFacts = NonNullable<NonNullable<SocketFacts['tls']>['peer']>;

/**
The peer's own first. Call once per socket: before Node 26 it takes the certificates off it. Never call `getPeerCertificate`: a key on a
curve without a NIST name crashes the process (Node 24.21).
*/
export function takePeerChain(socket: TLSSocket): readonly X509Certificate[] {
	const found: X509Certificate[] = [];
	for (let next = socket.getPeerX509Certificate(); next; next = next.issuerCertificate) {
		found.push(next);
	}

	return found;
}

/** @param chain from the peer's own certificate to the last one that signed another, or the trusted one */
export function peerFacts(chain: readonly X509Certificate[]): PeerFacts {
	const {subject, issuer, validTo, subjectAltName = ''} = chain[0]!;
	return {
		subject: distinguishedName(subject),
		issuer: distinguishedName(issuer),
		notAfter: formatRfc3339Seconds(new Date(validTo)),
		spkiSha256: spkiSha256(chain[0]!),
		subjectAltName,
		chainSpkiSha256: chain.map(certificate => spkiSha256(certificate)),
	};
}

/** Hash of SubjectPublicKeyInfo, in hexadecimal, as in kubeadm's CA certificate hash. */
export function spkiSha256({publicKey}: X509Certificate): string {
	return hash('sha256', publicKey.export({type: 'spki', format: 'der'}));
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
