/** A proxy's URL: which kinds there are, where it listens, and who we are to it. */

export type ProxyAddress = {
	scheme: 'http' | 'https' | 'socks5';
	host: string;
	port: number;
	/** `null` when the URL names no user. */
	credentials: {username: string; password: string} | null;
	/** Without credentials: this may be shown. */
	shown: string;
};

const standardPorts = {http: 80, https: 443, socks5: 1080} as const;

/**
The parts of a proxy's URL.
@throws Error that never repeats the URL, since it may hold a password
*/
export function parseProxyUrl(text: string): ProxyAddress {
	let url: URL;
	try {
		url = new URL(text);
	} catch {
		throw new Error('it is not a URL');
	}

	const scheme = url.protocol.slice(0, -1);
	if (scheme !== 'http' && scheme !== 'https' && scheme !== 'socks5') {
		throw new Error(`unsupported scheme "${scheme}", must be http, https, or socks5`);
	}

	if (url.hostname === '') {
		throw new Error('it names no host');
	}

	const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
	const port = url.port === '' ? standardPorts[scheme] : Number(url.port);
	const named = url.username !== '' || url.password !== '';
	return {
		scheme,
		host,
		port,
		credentials: named ? {username: decodeURIComponent(url.username), password: decodeURIComponent(url.password)} : null,
		shown: `${scheme}://${url.host}`,
	};
}
