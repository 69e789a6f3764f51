/** Name constraints of a CA as Go's crypto/x509 parses them. @see crypto/x509/parser.go parseNameConstraintsExtension */
import {isIP} from 'node:net';
import {CertificateParseError, DerReader, derTag} from './der-reader.ts';

export type Subtrees = {
	dns: readonly string[];
	emails: readonly string[];
	uris: readonly string[];
	addresses: ReadonlyArray<{address: Buffer; mask: Buffer}>;
};

export type NameConstraints = {permitted: Subtrees; excluded: Subtrees};

const noSubtrees: Subtrees = {dns: [], emails: [], uris: [], addresses: []};

export const emptyConstraints: NameConstraints = {permitted: noSubtrees, excluded: noSubtrees};

const invalid = 'x509: invalid NameConstraints extension';

/** `isUnhandled`: Go does not check this kind of name. @throws CertificateParseError */
export function parseNameConstraints(value: Buffer): {constraints: NameConstraints; isUnhandled: boolean} {
	const outer = new DerReader(value);
	const fields = outer.inside(derTag.sequence, invalid);
	const [permitted, excluded] = [fields.optional(0xa0, invalid), fields.optional(0xa1, invalid)];
	if (!outer.isEmpty || !fields.isEmpty) {
		throw new CertificateParseError(invalid);
	}

	if ((permitted?.length ?? 0) === 0 && (excluded?.length ?? 0) === 0) {
		throw new CertificateParseError('x509: empty name constraints extension');
	}

	const [may, mayNot] = [subtrees(permitted), subtrees(excluded)];
	return {constraints: {permitted: may.names, excluded: mayNot.names}, isUnhandled: may.isUnhandled || mayNot.isUnhandled};
}

function subtrees(der: Buffer | null): {names: Subtrees; isUnhandled: boolean} {
	const names = {
		dns: [] as string[],
		emails: [] as string[],
		uris: [] as string[],
		addresses: [] as Array<{address: Buffer; mask: Buffer}>,
	};
	let isUnhandled = false;
	for (const list = new DerReader(der ?? Buffer.alloc(0)); !list.isEmpty;) {
		const {tag, content} = list.inside(derTag.sequence, invalid).any(invalid);
		switch (tag) {
			case 0x81: {
				names.emails.push(email(content));
				break;
			}

			case 0x82: {
				names.dns.push(domain(content, 'dnsName'));
				break;
			}

			case 0x86: {
				if (isIP(content.toString('latin1')) !== 0) {
					throw new CertificateParseError(`x509: failed to parse URI constraint "${content.toString('latin1')}": cannot be IP address`);
				}

				names.uris.push(domain(content, 'URI'));
				break;
			}

			case 0x87: {
				names.addresses.push(range(content));
				break;
			}

			default: {
				isUnhandled = true;
			}
		}
	}

	return {names, isUnhandled};
}

function ascii(content: Buffer): string {
	if (content.some(byte => byte > 0x7f)) {
		throw new CertificateParseError('x509: invalid constraint value: not ASCII');
	}

	return content.toString('latin1');
}

function domain(content: Buffer, what: string): string {
	const name = ascii(content);
	if (!domainNameIsValid(name, true)) {
		throw new CertificateParseError(`x509: failed to parse ${what} constraint ${JSON.stringify(name)}`);
	}

	return name;
}

function email(content: Buffer): string {
	const name = ascii(content);
	if (name.includes('@') ? parseMailbox(name) === null : !domainNameIsValid(name, true)) {
		throw new CertificateParseError(`x509: failed to parse rfc822Name constraint ${JSON.stringify(name)}`);
	}

	return name;
}

function range(content: Buffer): {address: Buffer; mask: Buffer} {
	if (content.length !== 8 && content.length !== 32) {
		throw new CertificateParseError(`x509: IP constraint contained value of length ${content.length}`);
	}

	const half = content.length / 2;
	const mask = content.subarray(half);
	if (!/^1*0*$/.test([...mask].map(byte => byte.toString(2).padStart(8, '0')).join(''))) {
		throw new CertificateParseError(`x509: IP constraint contained invalid mask ${mask.toString('hex')}`);
	}

	return {address: content.subarray(0, half), mask};
}

/** Go's domainNameValid: rejects only empty labels, a final dot and characters outside printable ASCII. */
export function domainNameIsValid(name: string, isConstraint: boolean): boolean {
	return name === '' || (isConstraint ? name.replace(/^\./, '') : name).split('.').every(label => /^[!-~]+$/.test(label));
}

/** As the crypto/x509 of Go parses it (RFC 2821 section 4.1.2). */
export type Mailbox = {local: string; domain: string};

export function parseMailbox(text: string): Mailbox | null {
	const parts = text.startsWith('"') ? quoted(text) : dotAtom(text);
	return parts && isDomain(parts.domain) ? parts : null;
}

function quoted(text: string): Mailbox | null {
	// Go also accepts a space, which the grammar does not.
	const [, local, domain] = /^"((?:[\u0001-\u0008\v\f\u000E-!#-[\]-\u007F]|\\[\u0001-\u0009\v\f\u000E-\u007F])*)"@(.*)$/s.exec(text) ?? [];
	return local === undefined ? null : {local: local.replaceAll(/\\(.)/gs, '$1'), domain: domain!};
}

function dotAtom(text: string): Mailbox | null {
	const [, escaped, domain] = /^((?:[\w!#$%&'*+\-/=?^`{|}~.]|\\.)+)@(.*)$/s.exec(text) ?? [];
	const local = escaped?.replaceAll(/\\(.)/gs, '$1');
	return local === undefined || local.startsWith('.') || local.endsWith('.') || local.includes('..') ? null : {local, domain: domain!};
}

function isDomain(name: string): boolean {
	return name === '' || name.split('.').every(label => /^[!-~]+$/.test(label));
}
