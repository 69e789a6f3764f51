/** Verification of server certificates with Go's rules and messages. */
import {isIP} from 'node:net';
import {SpokeError} from '../../errors/spoke-error.ts';
import {rsaKeyProblem} from './check-signature.ts';
import {CertificateParseError, DerReader, derTag} from './der-reader.ts';
import {addressText} from './name-constraints.ts';
import {parseCertificate, type ParsedCertificate} from './parse-certificate.ts';
import {derOf, type Trust} from './trust.ts';
import {type CertificatePool, type ChainProblem, leafProblem, verifyChain} from './verify-chain.ts';

export type CertificateRejection = {
	/** Go's message, which kubectl prints after `tls: failed to verify certificate: `. */
	text: string;
	remedy: string;
	dates: boolean;
};

export type VerificationResult = {refused: CertificateRejection} | {refused: null; chain: readonly ParsedCertificate[]};

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

/** Checks in Go's order: leaf, name, chain. */
export function verifyCertificate(sent: readonly ParsedCertificate[], name: string, trust: Trust, now: Date): VerificationResult {
	const leaf = sent[0]!;
	const early = leafProblem(leaf, now);
	if (early) {
		return {refused: refusal(early, 'renew the apiserver’s certificate, or check this machine’s clock')};
	}

	const {chains, problem} = verifyChain(leaf, rootsOf(trust), poolOf(sent.slice(1)), now);
	if (!matchesHost(leaf, name)) {
		return {refused: {text: hostText(leaf, name), remedy: problem ? foreignRemedy(problem, trust) : nameRemedy(leaf, trust), dates: false}};
	}

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

/** Offers no name: a certificate that no trusted CA signed can have any name. */
function foreignRemedy({kind, text}: ChainProblem, {from}: Trust): string {
	const why =
		kind === 'authority'
			? `is not from ${from === 'kubeconfig-ca' ? 'the kubeconfig’s CA' : 'a CA that this machine trusts'}`
			: `is not trusted either: ${text}`;
	return `check the server address: this server’s certificate ${why}`;
}

function nameRemedy({dnsNames, addresses}: ParsedCertificate, {from}: Trust): string {
	if (from === 'system-roots') {
		// Their CAs sign certificates for any server, not only for this cluster's.
		return 'check the server address: this server’s certificate is for another name';
	}

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

/** Trusted certificates by subject. Those of a system are parsed on use: it has more than a hundred. */
const pools = new WeakMap<Trust, CertificatePool>();

function rootsOf(trust: Trust): CertificatePool {
	const pool = pools.get(trust) ?? (trust.certificates ? poolOf(trust.certificates) : newPool(trust.pem.map(pem => derOf(pem))));
	pools.set(trust, pool);
	return pool;
}

function newPool(certificates: readonly Buffer[]): CertificatePool {
	const bySubject = new Map<string, Buffer[]>();
	for (const der of new Map(certificates.map(one => [one.toString('latin1'), one])).values()) {
		const subject = subjectOf(der);
		if (subject !== null) {
			bySubject.set(subject, [...(bySubject.get(subject) ?? []), der]);
		}
	}

	const parsed = new Map<Buffer, ParsedCertificate | null>();
	const withSubject = (subject: Buffer) =>
		(bySubject.get(subject.toString('latin1')) ?? []).flatMap(der => {
			const certificate = parsed.has(der) ? parsed.get(der)! : parsedOrNull(der);
			parsed.set(der, certificate);
			return certificate ?? [];
		});
	return {withSubject, has: certificate => withSubject(certificate.subject).some(({raw}) => raw.equals(certificate.raw))};
}

/** As in Go, the pool omits what cannot be parsed. */
function parsedOrNull(der: Buffer): ParsedCertificate | null {
	try {
		return parseCertificate(der);
	} catch (error) {
		if (error instanceof CertificateParseError) {
			return null;
		}

		throw error;
	}
}

function subjectOf(der: Buffer): string | null {
	try {
		const fields = new DerReader(der).inside(derTag.sequence, '').inside(derTag.sequence, '');
		fields.optional(0xa0, '');
		fields.integer('');
		for (let before = 0; before < 3; before++) {
			fields.content(derTag.sequence, '');
		}

		return fields.element(derTag.sequence, '').whole.toString('latin1');
	} catch {
		return null;
	}
}

/** As the VerifyHostname of Go: a common name never counts. @see crypto/x509/verify.go */
function matchesHost({addresses, dnsNames}: ParsedCertificate, host: string): boolean {
	const address = addressIn(host.replace(/^\[(.+)\]$/, '$1'));
	if (address !== null) {
		return addresses.some(one => addressText(one) === address);
	}

	const name = lowerAscii(host);
	return dnsNames.some(pattern =>
		isHostName(name.replace(/\.$/, '')) && isHostName(pattern.replace(/^\*(?=\.)/, 'x'))
			? matchesPattern(pattern, name)
			: // Names that are not host names match exactly.
				name !== '' && name !== '.' && lowerAscii(pattern) === name,
	);
}

function hostText(leaf: ParsedCertificate, host: string): string {
	const {addresses, dnsNames, subjectAltName, commonName} = leaf;
	if (subjectAltName === null && matchesPattern(commonName, lowerAscii(host))) {
		return 'x509: certificate relies on legacy Common Name field, use SANs instead';
	}

	const isAddress = addressIn(host) !== null;
	if (isAddress && addresses.length === 0) {
		return `x509: cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
	}

	const valid = isAddress ? addresses.map(address => addressText(address)) : dnsNames;
	if (valid.length >= maxNamesShown) {
		return `x509: certificate is valid for ${valid.length} ${isAddress ? 'IP SANs' : 'names'}, but none matched ${host}`;
	}

	return valid.join('') === ''
		? `x509: certificate is not valid for any names, but wanted to match ${host}`
		: `x509: certificate is valid for ${valid.join(', ')}, not ${host}`;
}

const maxNamesShown = 100;

/** The address in its shortest form, or `null` for a name; to Go, an address with a zone is a name. */
function addressIn(host: string): string | null {
	const family = host.includes('%') ? 0 : isIP(host);
	if (family !== 6) {
		return family === 4 ? host : null;
	}

	const shortest = new URL(`http://[${host}]`).hostname.slice(1, -1);
	const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(shortest) ?? [];
	return high === undefined ? shortest : addressText(Buffer.from(high.padStart(4, '0') + low!.padStart(4, '0'), 'hex'));
}

function isHostName(name: string): boolean {
	return name.split('.').every(label => /^\w[\w-]*$/.test(label));
}

function matchesPattern(pattern: string, host: string): boolean {
	const [labels, wanted] = [lowerAscii(pattern).split('.'), host.replace(/\.$/, '').split('.')];
	return (
		pattern !== '' &&
		labels.length === wanted.length &&
		labels.every((label, index) => (index === 0 && label === '*') || label === wanted[index])
	);
}

function lowerAscii(text: string): string {
	return text.replaceAll(/[A-Z]/g, letter => letter.toLowerCase());
}
