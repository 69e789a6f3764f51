/** URLs as Go's net/url parses them, without canonicalization. */
import {isIP} from 'node:net';
import {percentEncode} from '../../text/percent-encode.ts';

export type GoUrl = {
	/** In lower case; empty if the URL has none. */
	scheme: string;
	login: {username: string; password: string} | null;
	/** With port, percent-decoded. */
	host: string;
	path: string;
	isOpaque: boolean;
};

/**
@param isRequest `#` is an ordinary character (url.ParseRequestURI)
@throws Error with Go's reason, never with the URL, which can hold a password
*/
export function parseGoUrl(text: string, {isRequest = false}: {isRequest?: boolean} = {}): GoUrl {
	const [whole, fragment] = isRequest ? [text] : splitAt(text, '#');
	if (/[\0-\u001F\u007F]/.test(whole)) {
		throw new Error('net/url: invalid control character in URL');
	}

	unescape(fragment ?? '', 'path');
	const [scheme, afterScheme] = splitScheme(whole);
	const [rest] = splitAt(afterScheme, '?');
	if (!rest.startsWith('/')) {
		return rootless(scheme, rest, isRequest);
	}

	const hasAuthority = (scheme !== '' || (!isRequest && !rest.startsWith('///'))) && rest.startsWith('//');
	const [, authority = '', path = rest] = hasAuthority ? /^\/\/([^/]*)(.*)$/s.exec(rest)! : [];
	return {scheme, ...parseAuthority(scheme, authority), path: unescape(path, 'path'), isOpaque: false};
}

/** `port` is digits, or empty. */
export function splitHost(host: string): {name: string; port: string} {
	const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d*))?$/s.exec(host) ?? [];
	return {name: bracketed ?? plain ?? host, port: port ?? ''};
}

export function escapePath(path: string): string {
	return percentEncode(path, /[\w$&+,\-./:;=@~]/);
}

function splitAt(text: string, mark: string): [string, string?] {
	const at = text.indexOf(mark);
	return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function splitScheme(text: string): [string, string] {
	if (text.startsWith(':')) {
		throw new Error('missing protocol scheme');
	}

	const [, scheme, rest] = /^([A-Za-z][A-Za-z\d+\-.]*):(.*)$/s.exec(text) ?? [];
	return scheme === undefined ? ['', text] : [scheme.toLowerCase(), rest!];
}

function rootless(scheme: string, rest: string, isRequest: boolean): GoUrl {
	if (scheme !== '') {
		return {scheme, login: null, host: '', path: '', isOpaque: rest !== ''};
	}

	if (isRequest) {
		throw new Error('invalid URI for request');
	}

	if (splitAt(rest, '/')[0].includes(':')) {
		throw new Error('first path segment in URL cannot contain colon');
	}

	return {scheme, login: null, host: '', path: unescape(rest, 'path'), isOpaque: false};
}

function parseAuthority(scheme: string, authority: string): Pick<GoUrl, 'host' | 'login'> {
	const at = authority.lastIndexOf('@');
	const host = parseHost(scheme, authority.slice(at + 1));
	if (at < 0) {
		return {host, login: null};
	}

	const userinfo = authority.slice(0, at);
	if (!/^[\w\-.:~!$&'()*+,;=%@]*$/.test(userinfo)) {
		throw new Error('net/url: invalid userinfo');
	}

	const [username, password = ''] = splitAt(userinfo, ':');
	return {host, login: {username: unescape(username, 'path'), password: unescape(password, 'path')}};
}

function parseHost(scheme: string, host: string): string {
	if (host.lastIndexOf('[') > 0) {
		throw new Error('invalid IP-literal');
	}

	if (host.startsWith('[')) {
		return parseBracketed(host);
	}

	const first = host.indexOf(':');
	// Only http and https URLs must have one colon.
	const colon = scheme === 'http' || scheme === 'https' ? first : host.lastIndexOf(':');
	if (first >= 0) {
		checkPort(host.slice(colon));
	}

	return unescape(host, 'host');
}

function parseBracketed(host: string): string {
	const end = host.lastIndexOf(']');
	if (end < 0) {
		throw new Error("missing ']' in host");
	}

	const port = host.slice(end + 1);
	checkPort(port);
	const inside = host.slice(1, end);
	const zoneAt = inside.indexOf('%25');
	const address =
		zoneAt < 0 ? unescape(inside, 'host') : unescape(inside.slice(0, zoneAt), 'host') + unescape(inside.slice(zoneAt), 'zone');
	if (isIP(address.replace(/%.+$/s, '')) !== 6) {
		throw new Error('invalid IP-literal');
	}

	return `[${address}]${port}`;
}

function checkPort(port: string): void {
	if (!/^(?::\d*)?$/.test(port)) {
		throw new Error(`invalid port ${JSON.stringify(port)} after host`);
	}
}

function unescape(text: string, where: 'host' | 'zone' | 'path'): string {
	const escapes = text.match(/%.{0,2}/gs) ?? [];
	const wrong = escapes.find(
		escape =>
			!/^%[\da-f]{2}$/i.test(escape) ||
			// A host can percent-encode only bytes beyond ASCII; `%25` begins a zone.
			(where === 'host' && escape !== '%25' && Number.parseInt(escape.slice(1), 16) < 0x80) ||
			(where === 'zone' &&
				escape !== '%25' &&
				escape !== '%20' &&
				!isHostCharacter(String.fromCodePoint(Number.parseInt(escape.slice(1), 16)))),
	);
	if (wrong !== undefined) {
		throw new Error('invalid URL escape');
	}

	if (where !== 'path' && [...text.replaceAll(/%../gs, '')].some(character => character < '\u0080' && !isHostCharacter(character))) {
		throw new Error('invalid character in host name');
	}

	if (escapes.length === 0) {
		return text;
	}

	const bytes = text.split(/(%..)/s).map(part => (/^%..$/s.test(part) ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part)));
	return Buffer.concat(bytes).toString();
}

function isHostCharacter(character: string): boolean {
	return /[\w\-.~!$&'()*+,;=:[\]<>"]/.test(character);
}
