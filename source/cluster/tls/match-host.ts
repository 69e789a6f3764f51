/** Names of server certificates, with Go's rules and words: a common name never counts. @see crypto/x509/verify.go VerifyHostname */
import type {X509Certificate} from 'node:crypto';
import {isIP} from 'node:net';

export type CertificateNames = {
	dnsNames: readonly string[];
	/** In their shortest form. */
	addresses: readonly string[];
};

/** Of the subjectAltName. A name with other characters than a name has can be shown, but never matches. */
export function namesOf({subjectAltName = ''}: X509Certificate): CertificateNames {
	// Node quotes what holds a comma, a quote or a control character, so that no name can imitate two.
	const entries = [...subjectAltName.matchAll(/(?:^|, )([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)];
	const valuesOf = (kind: string) => entries.filter(([, found]) => found === kind).map(([, , value]) => value!);
	return {dnsNames: valuesOf('DNS'), addresses: valuesOf('IP Address').map(address => addressIn(address) ?? address)};
}

export function matchesHost({addresses, dnsNames}: CertificateNames, host: string): boolean {
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
export function hostText(certificate: X509Certificate, {addresses, dnsNames}: CertificateNames, host: string): string {
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

const maxNamesShown = 100;

/** The address in its shortest form, or `null` for a name; to Go, an address with a zone is a name. */
function addressIn(host: string): string | null {
	const family = host.includes('%') ? 0 : isIP(host);
	if (family !== 6) {
		return family === 4 ? host : null;
	}

	const shortest = new URL(`http://[${host}]`).hostname.slice(1, -1);
	const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(shortest) ?? [];
	return high === undefined ? shortest : [high, low!].flatMap(part => [parseInt(part, 16) >> 8, parseInt(part, 16) & 255]).join('.');
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
