/** Whether a server's certificate is accepted for a name, judged and worded as Go's crypto/x509 does. */
import type {X509Certificate} from 'node:crypto';
import {isIP} from 'node:net';
import {wholeSeconds} from '../../text/whole-seconds.ts';

export type Judgement = {
	/** Go's own words: what kubectl would print behind `tls: failed to verify certificate: `. */
	text: string;
	remedy: string;
	/** The certificate's dates do not include our clock's time. */
	dates: boolean;
};

/**
`null` when it is accepted. The order is Go's: the leaf's dates, then the name, then the chain.
@param leaf the server's own certificate
@param name what it must be for: a DNS name or an address
@param chainError OpenSSL's verdict on the chain (`CERT_HAS_EXPIRED`…), or `null` when the chain holds
@param now our clock
*/
export function judgeCertificate(leaf: X509Certificate, name: string, chainError: string | null, now: Date): Judgement | null {
	return wrongDates(leaf, now) ?? wrongName(leaf, name) ?? wrongChain(chainError, leaf, now);
}

function wrongDates(leaf: X509Certificate, now: Date): Judgement | null {
	const [from, to] = [new Date(leaf.validFrom), new Date(leaf.validTo)];
	if (now < from) {
		return outdated(`current time ${wholeSeconds(now)} is before ${wholeSeconds(from)}`, 'check this machine’s clock, then the certificate');
	}

	return now > to
		? outdated(`current time ${wholeSeconds(now)} is after ${wholeSeconds(to)}`, 'renew the apiserver’s certificate, or check this machine’s clock')
		: null;
}

function outdated(detail: string, remedy: string): Judgement {
	return {text: `x509: certificate has expired or is not yet valid: ${detail}`, remedy, dates: true};
}

function wrongName(leaf: X509Certificate, name: string): Judgement | null {
	return matchesName(leaf, name) ? null : {text: nameText(leaf, name), remedy: nameRemedy(leaf), dates: false};
}

/** A certificate's common name never counts, as in Go since 1.15; Node alone would still accept it. */
function matchesName(leaf: X509Certificate, name: string): boolean {
	if (isIP(name) !== 0) {
		return leaf.checkIP(name) !== undefined;
	}

	const host = name.replace(/\.$/, '').toLowerCase();
	// OpenSSL wants two labels behind a wildcard; Go takes `*.test` for `api.test`.
	return leaf.checkHost(host, {subject: 'never', partialWildcards: false}) !== undefined
		|| (/^[^.]+\.[^.]+$/.test(host) && alternativeNames(leaf).dns.some(one => one.toLowerCase() === host.replace(/^[^.]+/, '*')));
}

/** In the order of Go's HostnameError. */
function nameText(leaf: X509Certificate, name: string): string {
	const {dns, ip} = alternativeNames(leaf);
	if (leaf.subjectAltName === undefined && commonName(leaf)?.toLowerCase() === name.toLowerCase()) {
		return 'x509: certificate relies on legacy Common Name field, use SANs instead';
	}

	if (isIP(name) !== 0 && ip.length === 0) {
		return `x509: cannot validate certificate for ${name} because it doesn't contain any IP SANs`;
	}

	const valid = isIP(name) === 0 ? dns : ip;
	return valid.length > 0
		? `x509: certificate is valid for ${valid.join(', ')}, not ${name}`
		: `x509: certificate is not valid for any names, but wanted to match ${name}`;
}

function commonName(leaf: X509Certificate): string | undefined {
	return /^CN=(.*)$/m.exec(leaf.subject ?? '')?.[1];
}

function nameRemedy(leaf: X509Certificate): string {
	const {dns, ip} = alternativeNames(leaf);
	const usable = dns[0] ?? ip[0];
	return usable === undefined
		? 'the apiserver’s certificate needs this name in its subjectAltName'
		: `use a server address it is valid for, or --tls-server-name=${usable}`;
}

/** Node quotes every value that could be taken for more than one; such a value is no name that we use. */
function alternativeNames(leaf: X509Certificate): {dns: string[]; ip: string[]} {
	const entry = /([a-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/iy;
	const found: Array<[string, string]> = [];
	const text = leaf.subjectAltName ?? '';
	for (let match = entry.exec(text); match; match = entry.lastIndex < text.length ? entry.exec(text) : null) {
		found.push([match[1]!, match[2]!]);
	}

	const of = (kind: string) => found.filter(([one, value]) => one === kind && !value.startsWith('"')).map(([, value]) => value);
	return {dns: of('DNS'), ip: of('IP Address').map(address => shortest(address))};
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
		return outdated(
			`current time ${wholeSeconds(now)}, for "${(leaf.issuer ?? '').replaceAll('\n', ', ')}" or a certificate above it`,
			'renew the CA, or check this machine’s clock',
		);
	}

	const remedy = unknownAuthority.has(error)
		? 'check certificate-authority of this cluster in the kubeconfig'
		: 'the apiserver needs another certificate';
	return {text, remedy, dates: false};
}

const unknownAuthority: ReadonlySet<string> = new Set([
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_GET_ISSUER_CERT',
	'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
	'CERT_SIGNATURE_FAILURE',
	'CERT_UNTRUSTED',
]);

const chainTexts: Readonly<Record<string, string>> = {
	...Object.fromEntries([...unknownAuthority].map(code => [code, 'x509: certificate signed by unknown authority'])),
	INVALID_PURPOSE: 'x509: certificate specifies an incompatible key usage',
	INVALID_CA: 'x509: certificate signed by unknown authority',
	PATH_LENGTH_EXCEEDED: 'x509: too many intermediates for path length constraint',
	// Node has one word for all of these.
	UNSPECIFIED: 'x509: the certificate or its chain breaks a rule: a name constraint, a critical extension that nobody knows, or a weak key or signature (SHA-1)',
};
