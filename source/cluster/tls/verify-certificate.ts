/** Verification of server certificates with Go's rules and messages. */
import type {Buffer} from 'node:buffer';
import {SpokeError} from '../../errors/spoke-error.ts';
import {rsaKeyProblem} from './check-signature.ts';
import {CertificateParseError} from './der-reader.ts';
import {hostText, matchesHost} from './match-host.ts';
import {parseCertificate, type ParsedCertificate} from './parse-certificate.ts';
import {rootsOf} from './root-pool.ts';
import type {Trust} from './trust.ts';
import {addressText} from './name-constraints.ts';
import {leafProblem, verifyChain, type ChainProblem} from './verify-chain.ts';

export type CertificateRejection = {
	/** Go's message, which kubectl prints after `tls: failed to verify certificate: `. */
	text: string;
	remedy: string;
	/** The local time is outside them. */
	dates: boolean;
};

export type VerificationResult =
	{refused: CertificateRejection} | {refused: null; /** From the leaf to the trusted certificate. */ chain: readonly ParsedCertificate[]};

/**
Go rejects a server that sends a certificate it cannot parse, even with `insecure-skip-tls-verify`.
@throws SpokeError ERR_CERTIFICATE_UNUSABLE
*/
export function parsePeerChain(sent: readonly Buffer[], peerName: string): readonly ParsedCertificate[] {
	const unusable = (text: string, remedy?: string) =>
		new SpokeError('ERR_CERTIFICATE_UNUSABLE', `${peerName} sent a certificate that cannot be used: ${text}`, {
			text,
			...(remedy !== undefined && {remedy}),
		});
	const chain = sent.map(der => {
		try {
			return parseCertificate(der);
		} catch (error) {
			if (error instanceof CertificateParseError) {
				throw unusable(`tls: failed to parse certificate from server: ${error.message}`);
			}

			throw error;
		}
	});
	if (chain.some(({key: {rsa}}) => rsa && rsa.bits > maxRsaBits)) {
		throw unusable(`tls: server sent certificate containing RSA key larger than ${maxRsaBits} bits`);
	}

	return chain;
}

const maxRsaBits = 8192;

/** `null` when the key can prove the server's identity. Go checks this with `insecure-skip-tls-verify`, too. */
export function keyProblem(leaf: ParsedCertificate): string | null {
	return ['rsa', 'ecdsa', 'ed25519'].includes(leaf.key.kind ?? '')
		? rsaKeyProblem(leaf)
		: "tls: server's certificate contains an unsupported type of public key";
}

/** In Go's order: leaf, name, chain. */
export function verifyCertificate(sent: readonly ParsedCertificate[], name: string, trust: Trust, now: Date): VerificationResult {
	const leaf = sent[0]!;
	const early = leafProblem(leaf, now);
	if (early) {
		return {refused: refusal(early, 'renew the apiserver’s certificate, or check this machine’s clock')};
	}

	if (!matchesHost(leaf, name)) {
		return {refused: {text: hostText(leaf, name), remedy: nameRemedy(leaf), dates: false}};
	}

	const {chains, problem} = verifyChain(leaf, rootsOf(trust), poolOf(sent.slice(1)), now);
	return problem ? {refused: refusal(problem, 'renew the CA, or check this machine’s clock')} : {refused: null, chain: chains[0]!};
}

function refusal({kind, text}: ChainProblem, datesRemedy: string): CertificateRejection {
	const remedy =
		kind === 'dates'
			? datesRemedy
			: kind === 'authority'
				? 'check certificate-authority of this cluster in the kubeconfig'
				: 'the apiserver needs another certificate';
	return {text, remedy, dates: kind === 'dates'};
}

function nameRemedy({dnsNames, addresses}: ParsedCertificate): string {
	const usable = dnsNames.find(name => /^[\w.-]+$/.test(name)) ?? addresses.map(address => addressText(address))[0];
	return usable === undefined
		? 'the apiserver’s certificate needs this name in its subjectAltName'
		: `use a server address it is valid for, or --tls-server-name=${usable}`;
}

function poolOf(certificates: readonly ParsedCertificate[]) {
	// As in Go's CertPool, the same certificate counts once.
	const distinct = certificates.filter((one, index) => certificates.findIndex(other => other.raw.equals(one.raw)) === index);
	return {
		withSubject: (subject: Buffer) => distinct.filter(one => one.subject.equals(subject)),
		has: (certificate: ParsedCertificate) => distinct.some(one => one.raw.equals(certificate.raw)),
	};
}
