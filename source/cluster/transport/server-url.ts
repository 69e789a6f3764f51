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

/** Parts that are percent-decoded. */
type GoUrl = Pick<ServerAddress, 'login'> & {
	/** In lower case; empty if the URL has none. */
	scheme: string;
	/** Without brackets. */
	name: string;
	/** Digits, or empty. */
	port: string;
	path: string;
};

/**
A bare `host:port` is `http`, whatever the cluster's TLS settings are.
@see client-go rest/url_utils.go DefaultServerURL, tools/clientcmd/client_config.go ClientConfig
@throws SpokeError ERR_KUBECONFIG_INVALID
*/
export function parseServerUrl(text: string): ServerAddress {
	const url = parseAsClientGo(text);
	if (!url || (url.scheme !== 'https' && url.scheme !== 'http') || url.name === '' || Number(url.port) > 65_535) {
		throw new SpokeError(
			'ERR_KUBECONFIG_INVALID',
			`the server ${JSON.stringify(text.replace(/^.*@/s, '…@'))} is not an https:// or http:// URL`,
			{remedy: 'check `server` of this cluster'},
		);
	}

	const {scheme, login, port} = url;
	const path = percentEncode(posix.normalize(`/${url.path}`), /[\w$&+,\-./:;=@~]/);
	const prefix = path.replace(/\/+$/, '');
	const host = asciiHost(url.name);
	return {
		scheme,
		host,
		port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port),
		// A zone is meaningful on this machine only.
		authority: joinAuthority(host.replace(/%.*$/s, ''), port),
		prefix,
		login,
		shown: `${scheme}://${joinAuthority(host.replace('%', '%25'), port)}${prefix}`,
	};
}

function parseAsClientGo(text: string): GoUrl | null {
	const url = tryParse(withoutFragment(text));
	if (url !== null && url.scheme !== '' && url.name !== '') {
		// client-go parses a URL with a path again as one without a fragment.
		const request = tryParse(text);
		return request && request.path.length > 1 ? request : url;
	}

	const whole = tryParse(`http://${text}`);
	return whole && (whole.path === '' || whole.path === '/') ? whole : null;
}

function tryParse(text: string): GoUrl | null {
	try {
		return parseGoUrl(text);
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
	return joinAuthority(host, String(port));
}

/** `port`: empty for none. */
export function joinAuthority(host: string, port: string): string {
	return `${isIP(host) === 6 ? `[${host}]` : host}${port === '' ? '' : `:${port}`}`;
}

export function withoutFragment(url: string): string {
	return url.replace(/#.*$/s, '');
}

/**
`#` is an ordinary character, as in url.ParseRequestURI.
@throws Error with Go's reason, never with the URL, which can hold a password
*/
export function parseGoUrl(text: string): GoUrl {
	if (/[\0-\u001F\u007F]/.test(text)) {
		throw new Error('net/url: invalid control character in URL');
	}

	const [, colon, scheme = '', authority, path = ''] = /^(?:(:)|([a-z][a-z\d+\-.]*):)?(?:\/\/([^/?]*))?([^?]*)/is.exec(text)!;
	if (colon) {
		throw new Error('missing protocol scheme');
	}

	if (scheme === '' && authority === undefined && /^[^/]*:/.test(path)) {
		throw new Error('first path segment in URL cannot contain colon');
	}

	const [, userinfo, host = ''] = /^(?:(.*)@)?(.*)$/s.exec(authority ?? '')!;
	return {
		scheme: scheme.toLowerCase(),
		login: userinfo === undefined ? null : parseLogin(userinfo),
		...parseHost(host),
		path: unescape(path),
	};
}

function parseLogin(userinfo: string): GoUrl['login'] {
	if (!/^[\w\-.:~!$&'()*+,;=%@]*$/.test(userinfo)) {
		throw new Error('net/url: invalid userinfo');
	}

	const [, username = '', password = ''] = /^([^:]*):?(.*)$/.exec(userinfo)!;
	return {username: unescape(username), password: unescape(password)};
}

function parseHost(host: string): Pick<GoUrl, 'name' | 'port'> {
	const [, bracketed, plain = '', port = ''] = /^(?:\[(.*)\]|([^:]*))(.*)$/s.exec(host)!;
	if (bracketed === undefined && plain.startsWith('[')) {
		throw new Error("missing ']' in host");
	}

	if (!/^(?::\d*)?$/.test(port)) {
		throw new Error(`invalid port ${JSON.stringify(port)} after host`);
	}

	const [, address = '', zone = ''] = /^(.*?)(%25.*)?$/s.exec(bracketed ?? '')!;
	const name = bracketed === undefined ? unescapeHost(plain) : unescapeHost(address) + unescape(zone);
	if (bracketed !== undefined && isIP(name.replace(/%.+$/s, '')) !== 6) {
		throw new Error('invalid IP-literal');
	}

	return {name, port: port.slice(1)};
}

/** A host can percent-encode only bytes beyond ASCII. */
function unescapeHost(text: string): string {
	if (/%(?!25)[0-7]/.test(text)) {
		throw new Error('invalid URL escape');
	}

	if (/[^\w\-.~!$&'()*+,;=:<>"%\u0080-\uFFFF]/.test(text)) {
		throw new Error('invalid character in host name');
	}

	return unescape(text);
}

/** Also what is not UTF-8. */
function unescape(text: string): string {
	if (/%(?![\da-f]{2})/i.test(text)) {
		throw new Error('invalid URL escape');
	}

	return text.replaceAll(/(?:%..)+/g, codes => Buffer.from(codes.replaceAll('%', ''), 'hex').toString());
}

/** As Go's net.IP.IsLoopback, or exactly `localhost`. False for any other name, because its address depends on the resolver. */
export function isLoopback(host: string): boolean {
	const address = host.replace(/^\[(.*)\]$/, '$1');
	return isIP(address) === 0 ? host === 'localhost' : loopback().check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function loopback(): BlockList {
	const list = new BlockList();
	list.addSubnet('127.0.0.0', 8, 'ipv4');
	list.addAddress('::1', 'ipv6');
	return list;
}
