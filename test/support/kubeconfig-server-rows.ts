/** Server URLs, proxies and TLS names as typed. */
import {type Ground, type KubeconfigRow, simple} from './kubeconfig-row.ts';

const https = (ground: Ground, host: string) => `https://${host}:${ground.ports.https}`;
const quoted = (text: string) => JSON.stringify(text);

/** By host, or by the whole URL if `url` is a function. */
const server = (name: string, url: string | ((ground: Ground) => string), refused?: 'refused'): KubeconfigRow =>
	simple(name, ground => ({server: quoted(typeof url === 'string' ? https(ground, url) : url(ground))}), refused && {refused: true});

const insecure = (name: string, host: string): KubeconfigRow =>
	simple(name, ground => ({server: quoted(https(ground, host)), cluster: 'insecure-skip-tls-verify: true'}));

const proxied = (
	name: string,
	host: string,
	{scheme = 'http', refused}: {scheme?: 'http' | 'socks5'; refused?: true} = {},
): KubeconfigRow =>
	simple(
		name,
		ground => ({
			server: quoted(https(ground, host)),
			cluster: `proxy-url: ${scheme}://127.0.0.1:${ground.ports[`${scheme}-proxy`]}\ncertificate-authority-data: ${ground.caData}`,
		}),
		refused && {refused},
	);

const proxy = (name: string, url: (ground: Ground) => string, refused?: 'refused'): KubeconfigRow =>
	simple(
		name,
		ground => ({cluster: `proxy-url: ${quoted(url(ground))}\ncertificate-authority-data: ${ground.caData}`}),
		refused && {refused: true},
	);

const tlsName = (name: string, wanted: string, refused?: 'refused'): KubeconfigRow =>
	simple(
		name,
		ground => ({cluster: `tls-server-name: ${quoted(wanted)}\ncertificate-authority-data: ${ground.caData}`}),
		refused && {refused: true},
	);

export const serverRows: readonly KubeconfigRow[] = [
	// Numbers that the C library takes for an address.
	server('a host in octal numbers is no address', '0177.0.0.1', 'refused'),
	server('a host of one decimal number is no address', '2130706433', 'refused'),
	server('a host of two numbers is no address', '127.1', 'refused'),
	server('a host in hexadecimal is no address', '0x7f000001', 'refused'),
	server('a host with a leading zero is no address', '127.0.0.01', 'refused'),
	server('a host with hexadecimal parts is no address', '0x7f.0.0.1', 'refused'),
	server('an address with a final dot', '127.0.0.1.', 'refused'),
	insecure('an IPv4 address in IPv6 without verification', '[::ffff:127.0.0.1]'),
	server('a host of two numbers over plain HTTP', ({ports}) => `http://127.1:${ports.http}`, 'refused'),
	...['0177.0.0.1', '2130706433', '127.1', '0x7f000001'].map(host =>
		simple(`${host} without verification`, ground => ({server: quoted(https(ground, host)), cluster: 'insecure-skip-tls-verify: true'}), {
			refused: true,
		}),
	),
	proxied('a host of two numbers goes to the proxy as typed', '127.1', {refused: true}),
	proxied('a host of one number goes to the proxy as typed', '2130706433', {refused: true}),
	proxied('a host in octal goes to a SOCKS proxy as a name', '0177.0.0.1', {scheme: 'socks5', refused: true}),
	proxy('a proxy of two numbers is no address', ({ports}) => `http://127.1:${ports['http-proxy']}`, 'refused'),
	proxy('a proxy in hexadecimal is no address', ({ports}) => `socks5://0x7f.1:${ports['socks5-proxy']}`, 'refused'),
	simple('a host of two numbers is not of loopback, so HTTPS_PROXY is used', ground => ({server: quoted(https(ground, '127.1'))}), {
		environment: ({ports}) => ({HTTPS_PROXY: `http://127.0.0.1:${ports['http-proxy']}`}),
		refused: true,
	}),
	simple('NO_PROXY of an address does not exempt another spelling', ground => ({server: quoted(https(ground, '0177.0.0.1'))}), {
		environment: ({ports}) => ({HTTPS_PROXY: `http://127.0.0.1:${ports['http-proxy']}`, NO_PROXY: '127.0.0.1'}),
		refused: true,
	}),
	// Spelling.
	server('a host in capitals', 'LOCALHOST'),
	server('a scheme in capitals', ground => https(ground, 'localhost').replace('https', 'HTTPS')),
	server('a host with two final dots', 'localhost..', 'refused'),
	server('an IPv4 address in IPv6', '[::ffff:127.0.0.1]'),
	server('an IPv6 address in full', '[0:0:0:0:0:0:0:1]'),
	server('an IPv6 address in capitals', '[0:0::0:1]'),
	server('an IPv6 address with a zone', '[::1%25lo]', 'refused'),
	insecure('an IPv6 address with a zone without verification', '[::1%25lo]'),
	server('an IPv6 address with a zone that is not escaped', '[::1%lo]', 'refused'),
	server('an IPv4 address in brackets', '[127.0.0.1]', 'refused'),
	server('an IPv6 address without brackets', '::1', 'refused'),
	proxied('a name beyond ASCII goes to the proxy as DNS has it', 'bücher.test', {refused: true}),
	proxied('a name beyond ASCII, percent-encoded', 'b%C3%BCcher.test', {refused: true}),
	proxied('a name in capitals goes to the proxy as typed', 'API.Example.Test'),
	server('a percent-encoded letter in the host', 'local%68ost', 'refused'),
	server('a percent-encoded dot in the host', '127%2E0.0.1', 'refused'),
	server('a percent-encoded NUL in the host', 'localhost%00.test', 'refused'),
	server('a space in the host', 'local host', 'refused'),
	server('a backslash for a slash', ({ports}) => `https:\\\\127.0.0.1:${ports.https}`, 'refused'),
	server('a backslash behind the host', ({ports}) => `https://127.0.0.1:${ports.https}\\@evil.test`, 'refused'),
	server('one slash behind the scheme', ({ports}) => `https:/127.0.0.1:${ports.https}`, 'refused'),
	server('no slash behind the scheme', ({ports}) => `https:127.0.0.1:${ports.https}`, 'refused'),
	server('three slashes behind the scheme', ({ports}) => `https:///127.0.0.1:${ports.https}`, 'refused'),
	server('a space in front', ({url}) => ` ${url}`, 'refused'),
	server('a space behind', ({url}) => `${url} `, 'refused'),
	server('a line break behind', ({url}) => `${url}\n`, 'refused'),
	server('a tab inside', ({url}) => url.replace('127', '12\t7'), 'refused'),
	// Users.
	server('an @ in the password', 'me:p@ss@127.0.0.1'),
	server('a name without a password', 'me@127.0.0.1'),
	server('an empty name', ':pw@127.0.0.1'),
	server('a broken escape in the password', 'me:100%@127.0.0.1', 'refused'),
	server('a character that no user can have', 'm[e:pw@127.0.0.1', 'refused'),
	// Ports.
	server('a port that is no number', () => 'https://127.0.0.1:https', 'refused'),
	server('a port beyond 65535', () => 'https://127.0.0.1:65536', 'refused'),
	server('an empty port', () => 'https://127.0.0.1:', 'refused'),
	server('a negative port', () => 'https://127.0.0.1:-1', 'refused'),
	// Paths, queries and fragments.
	server('a fragment behind the path', ({url}) => `${url}/#x`),
	server('a fragment behind a longer path', ({url}) => `${url}/gateway#x`),
	server('a fragment behind the host', ({url}) => `${url}#x`),
	server('a query behind the host', ({url}) => `${url}?x=1`),
	server('a query and a fragment', ({url}) => `${url}/gateway?x=1#y`),
	server('dot segments in the path', ({url}) => `${url}/a/./b/../c`),
	server('dot segments above the root', ({url}) => `${url}/../../c`),
	server('escaped dot segments', ({url}) => `${url}/a/%2e%2e/c`),
	server('an escaped slash in the path', ({url}) => `${url}/a%2Fb`),
	server('a space in the path', ({url}) => `${url}/a b`),
	server('two slashes in the path', ({url}) => `${url}//k8s//c`),
	server('a path beyond ASCII', ({url}) => `${url}/é`),
	server('brackets and marks in the path', ({url}) => `${url}/(a)!*'[b]`),
	server('a broken escape in the path', ({url}) => `${url}/a%zz`, 'refused'),
	// Without a scheme.
	server('no scheme and a CA', ({ports}) => `127.0.0.1:${ports.http}`),
	server('no scheme and a CA at a port of TLS', ({ports}) => `127.0.0.1:${ports.https}`, 'refused'),
	simple('no scheme and insecure-skip-tls-verify', ({ports}) => ({
		server: `127.0.0.1:${ports.http}`,
		cluster: 'insecure-skip-tls-verify: true',
	})),
	server('no scheme and a path', ({ports}) => `127.0.0.1:${ports.https}/k8s`, 'refused'),
	server('no scheme and a final slash', ({ports}) => `127.0.0.1:${ports.http}/`),
	server('no scheme and a name', ({ports}) => `localhost:${ports.http}`),
	server('two slashes and no scheme', ({ports}) => `//127.0.0.1:${ports.https}`, 'refused'),
	// TLS names.
	tlsName('a tls-server-name that begins with a dot', '.example.test', 'refused'),
	tlsName('a tls-server-name in capitals', 'API.EXAMPLE.TEST'),
	tlsName('a tls-server-name with a final dot', 'api.example.test.'),
	tlsName('a tls-server-name with two final dots', 'localhost..', 'refused'),
	tlsName('a tls-server-name of two numbers', '127.1', 'refused'),
	tlsName('a tls-server-name in octal', '0177.0.0.1', 'refused'),
	tlsName('a tls-server-name that is an address in brackets', '[127.0.0.1]'),
	tlsName('a tls-server-name that is an IPv6 address', '::1'),
	tlsName('a tls-server-name that is an IPv4 address in IPv6', '::ffff:127.0.0.1'),
	tlsName('a tls-server-name with a port', 'localhost:443', 'refused'),
	tlsName('a tls-server-name with a wildcard', '*.example.test', 'refused'),
	// Proxies.
	proxy('a proxy whose scheme is in capitals', ({ports}) => `HTTP://127.0.0.1:${ports['http-proxy']}`),
	proxy('a proxy with a path and a query', ({ports}) => `http://127.0.0.1:${ports['http-proxy']}/p?x=1#y`),
	proxy('a proxy with a name alone', ({ports}) => `http://me@127.0.0.1:${ports['http-proxy']}`),
	proxy('a proxy with an @ in its password', ({ports}) => `http://me:p@ss@127.0.0.1:${ports['http-proxy']}`),
	proxy('a proxy with a broken escape', ({ports}) => `http://me:100%@127.0.0.1:${ports['http-proxy']}`, 'refused'),
	proxy('a proxy without a scheme', ({ports}) => `127.0.0.1:${ports['http-proxy']}`, 'refused'),
	proxy('a proxy by a name without a scheme', ({ports}) => `localhost:${ports['http-proxy']}`, 'refused'),
	proxy('a proxy whose port is none', () => 'http://127.0.0.1:x', 'refused'),
];
