/** Host name verification as Go's VerifyHostname. @see crypto/x509/verify.go */
import {isIP} from 'node:net';
import {addressText} from './name-constraints.ts';
import type {ParsedCertificate} from './parse-certificate.ts';

/** A common name never counts. */
export function matchesHost({addresses, dnsNames}: ParsedCertificate, host: string): boolean {
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

export function hostText(leaf: ParsedCertificate, host: string): string {
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

/** In the shortest form, `null` for a name; an address with a zone is a name to Go. */
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
