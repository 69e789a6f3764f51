/** Proxy URLs. */
import {BlockList, isIP} from 'node:net';
import {domainToASCII} from 'node:url';
import {parseGoUrl, splitHost, asciiHost, isLoopback} from './server-url.ts';
import {SpokeError} from '../../errors/spoke-error.ts';

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

/**
`null` for localhost and loopback addresses.
@see golang.org/x/net/http/httpproxy
@throws SpokeError ERR_KUBECONFIG_INVALID for an unusable proxy URL
*/
export function proxyFromEnvironment(
	scheme: 'http' | 'https',
	host: string,
	port: number,
	environment: NodeJS.ProcessEnv,
): ProxyAddress | null {
	const upper = scheme === 'https' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
	const proxy = variable(environment, upper);
	if (proxy === '' || isLoopback(host) || isExempt(host.toLowerCase(), port, variable(environment, 'NO_PROXY'))) {
		return null;
	}

	try {
		// The proxy always resolves names, so socks5h equals socks5.
		return parseProxyUrl(/^[a-z\d+.-]+:\/\//i.test(proxy) ? proxy.replace(/^socks5h:/i, 'socks5:') : `http://${proxy}`);
	} catch (error) {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', `${upper} cannot be used: ${(error as Error).message}`, {
			remedy: `correct ${upper}, or exempt the apiserver with NO_PROXY`,
		});
	}
}

function variable(environment: NodeJS.ProcessEnv, upper: string): string {
	return environment[upper] || environment[upper.toLowerCase()] || '';
}

/** Entries: `*`, an address, a range, `name`, `.name` or `*.name`, each but the range with an optional port. */
function isExempt(host: string, port: number, list: string): boolean {
	return list
		.split(',')
		.map(entry => entry.trim().toLowerCase())
		.filter(entry => entry !== '')
		.some(entry => entry === '*' || (isIP(host) === 0 ? nameMatches(host, port, entry) : addressMatches(host, port, entry)));
}

function addressMatches(host: string, port: number, entry: string): boolean {
	const range = /^(.+)\/(\d+)$/.exec(entry);
	if (range && isIP(range[1]!) !== 0) {
		return inRange(host, range[1]!, Number(range[2]));
	}

	const [name, onlyPort] = splitPort(entry);
	return isIP(name) !== 0 && inRange(host, name, isIP(name) === 6 ? 128 : 32) && (onlyPort === null || onlyPort === port);
}

function inRange(host: string, network: string, bits: number): boolean {
	const list = new BlockList();
	try {
		list.addSubnet(network, bits, isIP(network) === 6 ? 'ipv6' : 'ipv4');
	} catch {
		return false;
	}

	return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

function nameMatches(host: string, port: number, entry: string): boolean {
	const [name, onlyPort] = splitPort(entry);
	const suffix = toAscii(name.startsWith('*.') ? name.slice(1) : name);
	const matches = suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
	return suffix !== '' && isIP(suffix) === 0 && matches && (onlyPort === null || onlyPort === port);
}

function toAscii(name: string): string {
	return name.startsWith('.') ? `.${domainToASCII(name.slice(1)) || name.slice(1)}` : domainToASCII(name) || name;
}

function splitPort(entry: string): [string, number | null] {
	const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(entry);
	return match ? [match[1] ?? match[2]!, Number(match[3])] : [entry.replace(/^\[(.*)\]$/, '$1'), null];
}
