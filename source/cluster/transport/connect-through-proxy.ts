/** Connections through a proxy: HTTP CONNECT (RFC 9110 §9.3.6) or SOCKS5 (RFC 1928, RFC 1929). */
import {isIP, BlockList} from 'node:net';
import type {Duplex} from 'node:stream';
import {domainToASCII} from 'node:url';
import {joinAuthority, joinHostPort, parseGoUrl, asciiHost, isLoopback, withoutFragment} from './server-url.ts';
import {unreachableError} from './dial-tcp.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';

const maxHeadBytes = 16 * 1024;

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

/** @throws SpokeError ERR_APISERVER_UNREACHABLE with the proxy's message */
export async function connectThroughProxy(socket: Duplex, proxy: ProxyAddress, host: string, port: number): Promise<void> {
	try {
		await (proxy.scheme === 'socks5' ? connectSocks(socket, proxy, host, port) : connectHttp(socket, proxy, host, port));
	} catch (error) {
		socket.destroy();
		throw unreachableError(`the apiserver ${joinHostPort(host, port)}`, `proxy ${proxy.shown}: ${(error as Error).message}`, {
			cause: error,
		});
	}
}

/** @see RFC 7617 */
export function basicAuthorization({username, password}: {username: string; password: string}): string {
	return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function connectHttp(socket: Duplex, proxy: ProxyAddress, host: string, port: number): Promise<void> {
	const authority = joinHostPort(host, port);
	const credentials = proxy.credentials ? `Proxy-Authorization: ${basicAuthorization(proxy.credentials)}\r\n` : '';
	socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: Go-http-client/1.1\r\n${credentials}\r\n`);
	const read = exactReader(socket);
	let head = '';
	while (!head.endsWith('\r\n\r\n')) {
		head += (await read(1)).toString('latin1');
		if (head.length > maxHeadBytes) {
			throw new Error('its response to CONNECT does not end');
		}
	}

	const [statusLine = ''] = head.split('\r\n', 1);
	const status = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(statusLine);
	if (!status) {
		throw new Error('it does not speak HTTP');
	}

	if (status[1] !== '200') {
		throw new Error(`it responded to CONNECT ${authority} with ${status[1]!} ${status[2]!}`.trimEnd());
	}
}

const socksRefusals = [
	'',
	'general SOCKS server failure',
	'connection not allowed by ruleset',
	'network unreachable',
	'host unreachable',
	'connection refused',
	'TTL expired',
	'command not supported',
	'address type not supported',
];

async function connectSocks(socket: Duplex, proxy: ProxyAddress, host: string, port: number): Promise<void> {
	const read = exactReader(socket);
	socket.write(Buffer.from(proxy.credentials ? [5, 2, 0, 2] : [5, 1, 0]));
	const [version, method] = await read(2);
	if (version !== 5) {
		throw new Error('it does not speak SOCKS5');
	}

	if (method === 2 && proxy.credentials) {
		await logIn(socket, read, proxy.credentials);
	} else if (method !== 0) {
		throw new Error('it accepts no supported authentication method');
	}

	socket.write(Buffer.concat([Buffer.from([5, 1, 0]), socksAddress(host), Buffer.from([port >> 8, port & 255])]));
	const [, reply, , kind] = await read(4);
	if (reply !== 0) {
		throw new Error(`socks connect ${joinHostPort(host, port)}: ${socksRefusals[reply!] ?? `code ${reply}`}`);
	}

	const addressLength = kind === 1 ? 4 : kind === 4 ? 16 : (await read(1))[0]!;
	await read(addressLength + 2);
}

async function logIn(
	socket: Duplex,
	read: (length: number) => Promise<Buffer>,
	{username, password}: {username: string; password: string},
): Promise<void> {
	const [name, secret] = [Buffer.from(username), Buffer.from(password)];
	if (name.length > 255 || secret.length > 255) {
		throw new Error('user name or password is longer than SOCKS5 allows');
	}

	socket.write(Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([secret.length]), secret]));
	const [, status] = await read(2);
	if (status !== 0) {
		throw new Error('username/password authentication failed');
	}
}

/** The proxy resolves names. */
function socksAddress(host: string): Buffer {
	if (isIP(host) === 4) {
		return Buffer.from([1, ...host.split('.').map(Number)]);
	}

	// Go treats an address with a zone as a name.
	if (isIP(host) === 6 && !host.includes('%')) {
		const groups = new URL(`http://[${host}]`).hostname.slice(1, -1);
		return Buffer.concat([Buffer.from([4]), expandIpv6(groups)]);
	}

	const name = Buffer.from(host);
	return Buffer.concat([Buffer.from([3, name.length]), name]);
}

function expandIpv6(address: string): Buffer {
	const [before = '', after] = address.split('::', 2);
	const left = before === '' ? [] : before.split(':');
	const right = after === undefined || after === '' ? [] : after.split(':');
	const groups = after === undefined ? left : [...left, ...Array.from({length: 8 - left.length - right.length}, () => '0'), ...right];
	return Buffer.from(groups.map(group => group.padStart(4, '0')).join(''), 'hex');
}

/** Reads exactly `length` bytes, because bytes after the proxy's reply belong to the apiserver. */
function exactReader(socket: Duplex): (length: number) => Promise<Buffer> {
	return async length => {
		for (;;) {
			const chunk = socket.read(length) as Buffer | null;
			if (chunk !== null && chunk.length === length) {
				return chunk;
			}

			if (chunk !== null || socket.destroyed || socket.readableEnded) {
				throw new Error('it closed the connection');
			}

			await waitForData(socket);
		}
	};
}

async function waitForData(socket: Duplex): Promise<void> {
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	const failed = (error?: Error) => {
		reject(error instanceof Error ? error : new Error('it closed the connection'));
	};

	socket.once('readable', resolve).once('error', failed).once('close', failed);
	try {
		await promise;
	} finally {
		socket.off('readable', resolve).off('error', failed).off('close', failed);
	}
}

/** @throws Error that never contains the URL, because it can hold a password */
export function parseProxyUrl(text: string): ProxyAddress {
	const {scheme, name, port, login} = parseGoUrl(withoutFragment(text));
	if (scheme !== 'http' && scheme !== 'https' && scheme !== 'socks5') {
		throw new Error(`unsupported scheme "${scheme}", must be http, https, or socks5`);
	}

	if (name === '' || Number(port) > 65_535) {
		throw new Error(name === '' ? 'it names no host' : `invalid port ${port}`);
	}

	return {
		scheme,
		host: asciiHost(name),
		port: port === '' ? standardPorts[scheme] : Number(port),
		credentials: login,
		shown: `${scheme}://${joinAuthority(name, port)}`,
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
		.some(entry => {
			const [, name = '', onlyPort] = isIP(entry) === 6 ? [entry, entry] : /^\[?(.*?)\]?(?::(\d+))?$/.exec(entry)!;
			const matches = isIP(host) === 0 ? nameMatches(host, name) : inRange(host, name);
			return entry === '*' || (matches && (onlyPort === undefined || Number(onlyPort) === port));
		});
}

/** `network`: an address, or one with the number of its bits. */
function inRange(host: string, network: string): boolean {
	const [address = '', bits] = network.split('/', 2);
	const list = new BlockList();
	try {
		list.addSubnet(address, Number(bits ?? (isIP(address) === 6 ? 128 : 32)), isIP(address) === 6 ? 'ipv6' : 'ipv4');
	} catch {
		return false;
	}

	return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

function nameMatches(host: string, name: string): boolean {
	const suffix = toAscii(name.startsWith('*.') ? name.slice(1) : name);
	return suffix !== '' && isIP(suffix) === 0 && (suffix.startsWith('.') ? host.endsWith(suffix) : `.${host}`.endsWith(`.${suffix}`));
}

function toAscii(name: string): string {
	return name.startsWith('.') ? `.${domainToASCII(name.slice(1)) || name.slice(1)}` : domainToASCII(name) || name;
}
