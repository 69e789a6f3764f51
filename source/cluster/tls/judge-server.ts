/**
What spoke itself judges of a server's certificates, before the client's flight leaves: keys that crash Node, dates and name of the server's
own certificate, and authorities that RFC 5280 does not know as such. The chain is OpenSSL's to judge. The words are Go's.
*/
import type {X509Certificate} from 'node:crypto';
import {formatRfc3339Seconds} from '../../base/text/formats.ts';
import {addressIn, anchorsAbove, type CertificateNames, isAnchor, keyProblem, namesOf, type Trust} from './trust.ts';

export type CertificateRefusal = {
	/** Go's message, which kubectl prints after `tls: failed to verify certificate: `. */
	text: string;
	remedy: string;
	dates: boolean;
};

/** A server sends a few; each costs a signature check for each other one. */
const maxCertificates = 32;

const maxNamesShown = 100;

/** Holds with `insecure-skip-tls-verify`, too. `null` if Node can read all keys that the server has sent. */
export function unusableProblem(sent: readonly X509Certificate[]): string | null {
	if (sent.length > maxCertificates) {
		return `tls: server sent more than ${maxCertificates} certificates`;
	}

	const problem = sent.map(certificate => keyProblem(certificate)).find(found => found !== null);
	return problem === undefined ? null : `tls: failed to parse certificate from server: ${problem}`;
}

/** Checks in Go's order: dates and name of the server's own certificate, then the authorities. `null` leaves the verdict to OpenSSL. */
export function earlyRefusal(sent: readonly X509Certificate[], name: string, trust: Trust, now: Date): CertificateRefusal | null {
	const leaf = sent[0]!;
	const expired = dateText(leaf, now);
	if (expired !== null) {
		return {text: expired, remedy: 'renew the apiserver’s certificate, or check this machine’s clock', dates: true};
	}

	const chain = signedChain(sent, trust);
	const names = namesOf(leaf);
	if (!matchesHost(names, name)) {
		return {text: hostText(leaf, names, name), remedy: nameRemedy(chain, trust, now), dates: false};
	}

	// OpenSSL also takes a certificate without basicConstraints for an authority if its keyUsage or its version let it.
	const isKnown = chain.some(certificate => isAnchor(trust, certificate)) && chain.slice(1).every(({ca}) => ca);
	return isKnown ? null : refusalOf(unknownAuthority);
}

/** The server's own certificate, then all that signed another one of the chain, up to the trusted ones. Without trust: of those it sent. */
export function signedChain(sent: readonly X509Certificate[], trust: Trust | null): readonly X509Certificate[] {
	const chain = [sent[0]!];
	for (const below of chain) {
		const candidates = trust && isAnchor(trust, below) ? [] : [...(trust ? anchorsAbove(trust, below) : []), ...sent];
		for (const above of candidates) {
			const isNew = !chain.some(({raw}) => raw.equals(above.raw));
			if (isNew && below.checkIssued(above) && keyProblem(above) === null && below.verify(above.publicKey)) {
				chain.push(above);
			}
		}
	}

	return chain;
}

/**
OpenSSL's refusal in Go's words, if they are known. Node has codes for the usual ones only.
@param chain by `signedChain`
*/
export function chainRefusal(
	{code = '', message}: NodeJS.ErrnoException,
	chain: readonly X509Certificate[],
	now: Date,
): CertificateRefusal {
	const outdated = /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/.test(code) ? outdatedText(chain, now) : null;
	return outdated === null
		? refusalOf(goWords[code] ?? goWords[message] ?? `x509: ${message}`)
		: {text: outdated, remedy: 'renew the CA, or check this machine’s clock', dates: true};
}

function refusalOf(text: string): CertificateRefusal {
	const remedy = text.startsWith(unknownAuthority)
		? 'check certificate-authority of this cluster in the kubeconfig'
		: 'the apiserver needs another certificate';
	return {text, remedy, dates: false};
}

const unknownAuthority = 'x509: certificate signed by unknown authority';
const notAuthorized = 'x509: a root or intermediate certificate is not authorized to sign for this name';

/** @see include/openssl/x509_vfy.h, crypto/x509/x509_txt.c */
const goWords: Readonly<Record<string, string>> = {
	INVALID_PURPOSE: 'x509: certificate specifies an incompatible key usage',
	PATH_LENGTH_EXCEEDED: 'x509: too many intermediates for path length constraint',
	'permitted subtree violation': notAuthorized,
	'excluded subtree violation': notAuthorized,
	'CA signature digest algorithm too weak': `${unknownAuthority} (possibly because of "x509: cannot verify signature: insecure algorithm")`,
};

function outdatedText(certificates: readonly X509Certificate[], now: Date): string | null {
	return certificates.map(certificate => dateText(certificate, now)).find(text => text !== null) ?? null;
}

function dateText({validFrom, validTo}: X509Certificate, now: Date): string | null {
	const [notBefore, notAfter] = [new Date(validFrom), new Date(validTo)];
	const expired = 'x509: certificate has expired or is not yet valid: current time';
	if (now < notBefore) {
		return `${expired} ${formatRfc3339Seconds(now)} is before ${formatRfc3339Seconds(notBefore)}`;
	}

	return now > notAfter ? `${expired} ${formatRfc3339Seconds(now)} is after ${formatRfc3339Seconds(notAfter)}` : null;
}

/** Offers a name of the certificate only if a trusted CA signed it: another one can have any name. */
function nameRemedy(chain: readonly X509Certificate[], trust: Trust, now: Date): string {
	const isSigned = chain.some(certificate => isAnchor(trust, certificate));
	const outdated = outdatedText(chain, now);
	if (!isSigned || outdated !== null) {
		const from = trust.from === 'kubeconfig-ca' ? 'the kubeconfig’s CA' : 'a CA that this machine trusts';
		return `check the server address: this server’s certificate ${isSigned ? `is not trusted either: ${outdated}` : `is not from ${from}`}`;
	}

	if (trust.from === 'system-roots') {
		// Their CAs sign certificates for any server, not only for this cluster's.
		return 'check the server address: this server’s certificate is for another name';
	}

	const {dnsNames, addresses} = namesOf(chain[0]!);
	const usable = dnsNames.find(name => /^[\w.-]+$/.test(name)) ?? addresses[0];
	return usable === undefined
		? 'the apiserver’s certificate needs this name in its subjectAltName'
		: `use a server address it is valid for, or --tls-server-name=${usable}`;
}

function matchesHost({addresses, dnsNames}: CertificateNames, host: string): boolean {
	const address = addressIn(host.replace(/^\[(.+)\]$/, '$1'));
	if (address !== null) {
		return addresses.includes(address);
	}

	const name = host.toLowerCase();
	return dnsNames.some(pattern =>
		isHostName(name.replace(/\.$/, '')) && isHostName(pattern.replace(/^\*(?=\.)/, 'x'))
			? matchesPattern(pattern, name)
			: // Names that are not host names match exactly.
				name !== '' && name !== '.' && !pattern.startsWith('"') && pattern.toLowerCase() === name,
	);
}

/** Why `host` does not match. */
function hostText(certificate: X509Certificate, {addresses, dnsNames}: CertificateNames, host: string): string {
	const commonName = /^CN=(.*)$/m.exec(certificate.subject ?? '')?.[1] ?? '';
	if (certificate.subjectAltName === undefined && matchesPattern(commonName, host.toLowerCase())) {
		return 'x509: certificate relies on legacy Common Name field, use SANs instead';
	}

	const isAddress = addressIn(host) !== null;
	if (isAddress && addresses.length === 0) {
		return `x509: cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
	}

	const valid = isAddress ? addresses : dnsNames;
	if (valid.length >= maxNamesShown) {
		return `x509: certificate is valid for ${valid.length} ${isAddress ? 'IP SANs' : 'names'}, but none matched ${host}`;
	}

	return valid.join('') === ''
		? `x509: certificate is not valid for any names, but wanted to match ${host}`
		: `x509: certificate is valid for ${valid.join(', ')}, not ${host}`;
}

function isHostName(name: string): boolean {
	return name.split('.').every(label => /^\w[\w-]*$/.test(label));
}

function matchesPattern(pattern: string, host: string): boolean {
	const [labels, wanted] = [pattern.toLowerCase().split('.'), host.replace(/\.$/, '').split('.')];
	return (
		pattern !== '' &&
		labels.length === wanted.length &&
		labels.every((label, index) => (index === 0 && label === '*') || label === wanted[index])
	);
}
