/** Proxy URLs. */
import {parseGoUrl, splitHost} from './go-url.ts';
import {asciiHost} from './server-url.ts';

export type ProxyAddress = {
	scheme: 'http' | 'https' | 'socks5';
	/** In ASCII (Punycode), without brackets. */
	host: string;
	port: number;
	credentials: {username: string; password: string} | null;
	/** The URL without credentials. */
	shown: string;
};

const standardPorts = {http: 80, https: 443, socks5: 1080} as const;

/** @throws Error that never contains the URL, because it can hold a password */
export function parseProxyUrl(text: string): ProxyAddress {
	const {scheme, host, login} = parseGoUrl(text);
	if (scheme !== 'http' && scheme !== 'https' && scheme !== 'socks5') {
		throw new Error(`unsupported scheme "${scheme}", must be http, https, or socks5`);
	}

	const {name, port} = splitHost(host);
	if (name === '' || Number(port) > 65_535) {
		throw new Error(name === '' ? 'it names no host' : `invalid port ${port}`);
	}

	return {
		scheme,
		host: asciiHost(name),
		port: port === '' ? standardPorts[scheme] : Number(port),
		credentials: login,
		shown: `${scheme}://${host}`,
	};
}
