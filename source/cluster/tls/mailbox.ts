/** E-mail addresses as Go's crypto/x509 parses them: a Mailbox of RFC 2821 section 4.1.2. */

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
