/** Where the apiserver is: a server URL read as client-go reads it. */
import {isIP} from 'node:net';
import {SpokeError} from '../../errors/spoke-error.ts';

export type ServerAddress = {
	scheme: 'https' | 'http';
	/** Without brackets. */
	host: string;
	port: number;
	/** `host:port`, as a `Host` header and messages want it; no port when the URL has none. */
	authority: string;
	/** What stands before every path, without a final slash; usually empty. */
	prefix: string;
	/** Of the URL itself. */
	login: {username: string; password: string} | null;
	/** The URL without user, query and fragment: this may be shown. */
	shown: string;
};

/**
A URL, or `host:port` alone, which is `http` (client-go rest/url_utils.go DefaultServerURL).
@throws SpokeError ERR_KUBECONFIG_INVALID
*/
export function parseServerUrl(text: string): ServerAddress {
	const url = parse(text);
	const login = url && loginOf(url);
	if (!url || login === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.hostname === '') {
		const shown = text.replace(/^.*@/s, '…@');
		if (/^(https?:\/\/)?([^/]*@)?\[[\da-f:.]+%/i.test(text)) {
			throw new SpokeError(
				'ERR_KUBECONFIG_INVALID',
				`the server "${shown}" names the zone of an IPv6 address, which spoke cannot dial`,
				{remedy: 'give a name, or an address without %ZONE'},
			);
		}

		throw new SpokeError('ERR_KUBECONFIG_INVALID', `the server "${shown}" is not an https:// or http:// URL`, {remedy: 'check `server` of this cluster'});
	}

	const scheme = url.protocol === 'https:' ? 'https' : 'http';
	const prefix = url.pathname.replace(/\/+$/, '');
	return {
		scheme,
		host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
		port: url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port),
		authority: url.host,
		prefix,
		login,
		shown: `${scheme}://${url.host}${prefix}`,
	};
}

function parse(text: string): URL | null {
	const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
	return URL.canParse(whole) ? new URL(whole) : null;
}

/** `null` when it names no user, `undefined` for what is not percent-coded. */
function loginOf({username, password}: URL): ServerAddress['login'] | undefined {
	try {
		return username === '' && password === '' ? null : {username: decodeURIComponent(username), password: decodeURIComponent(password)};
	} catch {
		return undefined;
	}
}

/** `host:port`, with brackets around an IPv6 address. */
export function joinHostPort(host: string, port: number): string {
	return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
