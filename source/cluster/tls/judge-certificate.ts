/** Whether a server's certificate is accepted for a name, judged and worded as Go's crypto/x509 does. */
import type {X509Certificate} from 'node:crypto';
import {isIP} from 'node:net';

export type Judgement = {
	/** Go's own words: what kubectl would print behind `tls: failed to verify certificate: `. */
	text: string;
	remedy: string;
	/** The certificate's dates do not include our clock's time. */
	dates: boolean;
};

/**
`null` when it is accepted. The order is Go's: the leaf's dates, then the name, then the chain.
@param chainError OpenSSL's verdict on the chain (`CERT_HAS_EXPIRED`…), or `null` when the chain holds
*/
export function judgeCertificate(leaf: X509Certificate, name: string, chainError: string | null, now: Date): Judgement | null {
	return wrongDates(leaf, now) ?? wrongName(leaf, name) ?? wrongChain(chainError, leaf, now);
}

function wrongDates(leaf: X509Certificate, now: Date): Judgement | null {
	const [from, to] = [new Date(leaf.validFrom), new Date(leaf.validTo)];
	if (now < from) {
		return outdated(`current time ${seconds(now)} is before ${seconds(from)}`, 'check this machine’s clock, then the certificate');
	}

	return now > to ? outdated(`current time ${seconds(now)} is after ${seconds(to)}`, 'renew the apiserver’s certificate, or check this machine’s clock') : null;
}

function outdated(detail: string, remedy: string): Judgement {
	return {text: `x509: certificate has expired or is not yet valid: ${detail}`, remedy, dates: true};
}

function wrongName(leaf: X509Certificate, name: string): Judgement | null {
	const address = isIP(name) !== 0;
	// A certificate's common name never counts, as in Go since 1.15; Node alone would still accept it.
	const matches = address ? leaf.checkIP(name) : leaf.checkHost(name.replace(/\.$/, ''), {subject: 'never', partialWildcards: false});
	return matches === undefined ? {text: nameText(leaf, name, address), remedy: nameRemedy(leaf), dates: false} : null;
}

function nameText(leaf: X509Certificate, name: string, address: boolean): string {
	const {dns, ip} = alternativeNames(leaf);
	if (address && ip.length === 0) {
		return `x509: cannot validate certificate for ${name} because it doesn't contain any IP SANs`;
	}

	const valid = address ? ip : dns;
	if (valid.length > 0) {
		return `x509: certificate is valid for ${valid.join(', ')}, not ${name}`;
	}

	return dns.length === 0 && ip.length === 0 && /^CN=/m.test(leaf.subject)
		? 'x509: certificate relies on legacy Common Name field, use SANs instead'
		: `x509: certificate is not valid for any names, but wanted to match ${name}`;
}

function nameRemedy(leaf: X509Certificate): string {
	const {dns, ip} = alternativeNames(leaf);
	const usable = dns[0] ?? ip[0];
	return usable === undefined ? 'the apiserver’s certificate needs this name in its subjectAltName' : `use a server address it is valid for, or --tls-server-name=${usable}`;
}

/** Names for messages only: the decision is OpenSSL's. */
function alternativeNames(leaf: X509Certificate): {dns: string[]; ip: string[]} {
	const parts = (leaf.subjectAltName ?? '').match(/(?:DNS|IP Address):(?:"(?:[^"\\]|\\.)*"|[^,]*)/g) ?? [];
	const of = (kind: string) => parts.filter(part => part.startsWith(kind)).map(part => part.slice(kind.length));
	return {dns: of('DNS:'), ip: of('IP Address:').map(text => shortest(text))};
}

function shortest(address: string): string {
	return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

function wrongChain(error: string | null, leaf: X509Certificate, now: Date): Judgement | null {
	if (error === null) {
		return null;
	}

	const text = chainTexts[error] ?? `x509: ${error.toLowerCase().replaceAll('_', ' ')}`;
	if (error === 'CERT_HAS_EXPIRED' || error === 'CERT_NOT_YET_VALID') {
		return outdated(`current time ${seconds(now)}, for a certificate above "${leaf.issuer.replaceAll('\n', ', ')}"`, 'renew the CA, or check this machine’s clock');
	}

	return {text, remedy: unknownAuthority.has(error) ? 'check certificate-authority of this cluster in the kubeconfig' : 'the apiserver needs another certificate', dates: false};
}

const unknownAuthority: ReadonlySet<string> = new Set([
	'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_SIGNATURE_FAILURE', 'CERT_UNTRUSTED',
]);

const chainTexts: Readonly<Record<string, string>> = {
	...Object.fromEntries([...unknownAuthority].map(code => [code, 'x509: certificate signed by unknown authority'])),
	INVALID_PURPOSE: 'x509: certificate specifies an incompatible key usage',
	INVALID_CA: 'x509: certificate signed by unknown authority',
	PATH_LENGTH_EXCEEDED: 'x509: too many intermediates for path length constraint',
};

/** As Go prints a time: no fraction, UTC. */
function seconds(time: Date): string {
	return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
