/** Server URLs. */
import {isIP, BlockList} from 'node:net';
import {posix} from 'node:path';
import {domainToASCII} from 'node:url';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {percentEncode} from '../../base/text/escaping.ts';

export type ServerAddress = {
	scheme: 'https' | 'http';
	/** As typed, without brackets. */
	host: string;
	port: number;
	/** Host and port for the `Host` header and messages. */
	authority: string;
	/** Path without its final slash. */
	prefix: string;
	login: {username: string; password: string} | null;
	shown: string;
};

type GoUrl = {
	/** In lower case; empty if the URL has none. */
	scheme: string;
	login: {username: string; password: string} | null;
	/** With port, percent-decoded. */
	host: string;
	path: string;
	isOpaque: boolean;
};

/**
A bare `host:port` is `http`, whatever the cluster's TLS settings are.
@see client-go rest/url_utils.go DefaultServerURL, tools/clientcmd/client_config.go ClientConfig
@throws SpokeError ERR_KUBECONFIG_INVALID
*/
export function parseServerUrl(text: string): ServerAddress {
	const url = parseAsClientGo(text);
	const {name, port} = splitHost(url?.host ?? '');
	if (!url || (url.scheme !== 'https' && url.scheme !== 'http') || name === '' || Number(port) > 65_535) {
		throw new SpokeError(
			'ERR_KUBECONFIG_INVALID',
			`the server ${JSON.stringify(text.replace(/^.*@/s, '…@'))} is not an https:// or http:// URL`,
			{remedy: 'check `server` of this cluster'},
		);
	}

	const {scheme, login} = url;
	const path = escapePath(posix.normalize(`/${url.path}`));
	const prefix = path.replace(/\/+$/, '');
	const host = asciiHost(name);
	const withPort = (literal: string) => `${isIP(host) === 6 ? `[${literal}]` : host}${port === '' ? '' : `:${port}`}`;
	return {
		scheme,
		host,
		port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port),
		// A zone is meaningful on this machine only.
		authority: withPort(host.replace(/%.*$/s, '')),
		prefix,
		login,
		shown: `${scheme}://${withPort(host.replace('%', '%25'))}${prefix}`,
	};
}

function parseAsClientGo(text: string): GoUrl | null {
	const url = tryParse(text);
	if (url !== null && url.scheme !== '' && url.host !== '') {
		// client-go parses a URL with a path again as one without a fragment.
		const request = tryParse(text, {isRequest: true});
		return request && !request.isOpaque && request.path.length > 1 ? request : url;
	}

	const whole = tryParse(`http://${text}`);
	return whole && (whole.path === '' || whole.path === '/') ? whole : null;
}

function tryParse(text: string, options?: {isRequest: boolean}): GoUrl | null {
	try {
		return parseGoUrl(text, options);
	} catch {
		return null;
	}
}

/** ASCII stays as typed, so that `127.1` is never taken for an address. */
export function asciiHost(name: string): string {
	// The extra label keeps Node from reading digits as an IPv4 address.
	return /^[\0-\u007F]*$/.test(name) ? name : domainToASCII(`${name}.x`).replace(/\.x$/, '') || name;
}

export function joinHostPort(host: string, port: number): string {
	return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

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

function escapePath(path: string): string {
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

/** As Go's net.IP.IsLoopback, or exactly `localhost`. False for any other name, because its address depends on the resolver. */
export function isLoopback(host: string): boolean {
	const address = host.replace(/^\[(.*)\]$/, '$1');
	switch (isIP(address)) {
		case 4: {
			return address.startsWith('127.');
		}

		case 6: {
			return address === '::1' || ipv6Loopback().check(address, 'ipv6');
		}

		default: {
			return host === 'localhost';
		}
	}
}

function ipv6Loopback(): BlockList {
	const list = new BlockList();
	list.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');
	list.addAddress('::1', 'ipv6');
	return list;
}
