/** Name constraints along a chain. @see crypto/x509/constraints.go */
import {isIP} from 'node:net';
import {domainNameIsValid, type Mailbox, type NameConstraints, parseMailbox, type Subtrees} from './parse-name-constraints.ts';
import type {ParsedCertificate} from './parse-certificate.ts';

/** `null`, or Go's message. `chain` is leaf first. */
export function constraintProblem(chain: readonly ParsedCertificate[]): string | null {
	for (const [index, certificate] of chain.entries()) {
		const above = chain.slice(index + 1).filter(({hasNameConstraints}) => hasNameConstraints);
		const problem = certificate.subjectAltName === null || above.length === 0 ? null : namesProblem(certificate, above);
		if (problem !== null) {
			return problem;
		}
	}

	return null;
}

function namesProblem(certificate: ParsedCertificate, above: readonly ParsedCertificate[]): string | null {
	const hosts = certificate.uriHosts.map(host => uriDomain(host));
	const mailboxes = certificate.emails.map(email => parseMailbox(email));
	if (hosts.includes(null)) {
		return 'a URI without a host name cannot be matched against constraints';
	}

	if (mailboxes.includes(null)) {
		return `cannot parse rfc822Name ${JSON.stringify(certificate.emails[mailboxes.indexOf(null)])}`;
	}

	const names = {
		addresses: certificate.addresses,
		dns: certificate.dnsNames,
		uris: hosts as string[],
		mailboxes: (mailboxes as Mailbox[]).map(({local, domain}) => ({local, domain: domain.toLowerCase()})),
	};
	return above.reduce<string | null>((problem, {nameConstraints}) => problem ?? firstProblem(names, nameConstraints), null);
}

type Names = {addresses: readonly Buffer[]; dns: readonly string[]; uris: readonly string[]; mailboxes: readonly Mailbox[]};

function firstProblem(names: Names, constraints: NameConstraints): string | null {
	const domainProblem = (what: string, domain: string, kind: 'dns' | 'uris') =>
		domainNameIsValid(domain, false)
			? refusal(what, domain, kind, constraints, (subtrees, isPermitted) => matchesDomain(domain, subtrees[kind], isPermitted))
			: `cannot parse ${what} ${JSON.stringify(domain)}`;
	return firstOf([
		...names.addresses.map(
			address => () =>
				refusal('IP address', addressText(address), 'addresses', constraints, ({addresses}) =>
					addresses.some(range => contains(range, address)),
				),
		),
		...names.dns.map(name => () => domainProblem('DNS name', name, 'dns')),
		...names.uris.map(host => () => domainProblem('URI', host, 'uris')),
		...names.mailboxes.map(
			mailbox => () =>
				domainNameIsValid(mailbox.domain, false)
					? refusal('email address', `${mailbox.local}@${mailbox.domain}`, 'emails', constraints, ({emails}, isPermitted) =>
							matchesMailbox(mailbox, emails, isPermitted),
						)
					: `cannot parse rfc822Name ${JSON.stringify(`${mailbox.local}@${mailbox.domain}`)}`,
		),
	]);
}

function firstOf(checks: ReadonlyArray<() => string | null>): string | null {
	for (const check of checks) {
		const problem = check();
		if (problem !== null) {
			return problem;
		}
	}

	return null;
}

function refusal(
	what: string,
	name: string,
	kind: keyof Subtrees,
	{permitted, excluded}: NameConstraints,
	matches: (subtrees: Subtrees, isPermitted: boolean) => boolean,
): string | null {
	if (permitted[kind].length > 0 && !matches(permitted, true)) {
		return `${what} ${JSON.stringify(name)} is not permitted by any constraint`;
	}

	return matches(excluded, false) ? `${what} ${JSON.stringify(name)} is excluded by a constraint` : null;
}

function matchesDomain(name: string, constraints: readonly string[], isPermitted: boolean): boolean {
	const lower = name.toLowerCase();
	return constraints
		.map(constraint => constraint.toLowerCase())
		.some(
			constraint =>
				constraint === '' ||
				constraint === lower ||
				lower.endsWith(constraint.startsWith('.') ? constraint : `.${constraint}`) ||
				// A wildcard also stands for the excluded name.
				(!isPermitted && lower.startsWith('*') && parentOf(constraint) !== '' && parentOf(constraint) === parentOf(lower)),
		);
}

function parentOf(name: string): string {
	return name.includes('.') ? name.slice(name.indexOf('.')) : '';
}

function matchesMailbox(mailbox: Mailbox, constraints: readonly string[], isPermitted: boolean): boolean {
	const isWhole = constraints
		.filter(constraint => constraint.includes('@'))
		.map(constraint => parseMailbox(constraint))
		.some(one => one?.local === mailbox.local && one.domain.toLowerCase() === mailbox.domain);
	return (
		isWhole ||
		matchesDomain(
			mailbox.domain,
			constraints.filter(constraint => !constraint.includes('@')),
			isPermitted,
		)
	);
}

/** Families never contain each other; an IPv4-mapped address is IPv4. */
function contains({address: network, mask}: {address: Buffer; mask: Buffer}, address: Buffer): boolean {
	// Go compares only ranges of the address's own length, mapped or not.
	if (network.length !== address.length) {
		return false;
	}

	const [start, tested] = [unmapped(network), unmapped(address)];
	const bits = mask.subarray(mask.length - start.length);
	return start.length === tested.length && tested.every((byte, index) => (byte & bits[index]!) === (start[index]! & bits[index]!));
}

function unmapped(address: Buffer): Buffer {
	return address.length === 16 && address.subarray(0, 12).equals(mappedPrefix) ? address.subarray(12) : address;
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

export function addressText(address: Buffer): string {
	const plain = unmapped(address);
	return plain.length === 4
		? plain.join('.')
		: new URL(`http://[${plain.toString('hex').match(/.{4}/g)!.join(':')}]`).hostname.slice(1, -1);
}

function uriDomain(host: string): string | null {
	const name = host.toLowerCase().replace(/:\d*$/, '');
	return name === '' || name.startsWith('[') || isIP(name) !== 0 ? null : name;
}
