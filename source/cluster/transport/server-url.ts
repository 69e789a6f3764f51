/** Server URLs. */
import {isIP} from 'node:net';
import {posix} from 'node:path';
import {domainToASCII} from 'node:url';
import {SpokeError} from '../../errors/spoke-error.ts';
import {escapePath, type GoUrl, parseGoUrl, splitHost} from './go-url.ts';

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
