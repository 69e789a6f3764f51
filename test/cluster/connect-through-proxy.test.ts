/** The cases are from the tests of golang.org/x/net/http/httpproxy. */
import test from 'ava';
import {proxyFromEnvironment} from '../../source/cluster/transport/connect-through-proxy.ts';
import {parseServerUrl} from '../../source/cluster/transport/server-url.ts';

const proxyFor = (server: string, environment: NodeJS.ProcessEnv) => {
	const {scheme, host, port} = parseServerUrl(server);
	return proxyFromEnvironment(scheme, host, port, environment)?.shown ?? null;
};

const chosen: ReadonlyArray<[string, NodeJS.ProcessEnv, string | null]> = [
	['http://example.com', {HTTP_PROXY: 'cache.corp.example.com:1234'}, 'http://cache.corp.example.com:1234'],
	['http://example.com', {HTTP_PROXY: 'localhost'}, 'http://localhost'],
	['http://example.com', {HTTP_PROXY: 'https://cache.corp.example.com'}, 'https://cache.corp.example.com'],
	['http://example.com', {http_proxy: 'socks5://127.0.0.1'}, 'socks5://127.0.0.1'],
	['http://example.com', {HTTP_PROXY: 'socks5h://127.0.0.1'}, 'socks5://127.0.0.1'],
	['http://insecure.tld/', {HTTP_PROXY: 'http.proxy.tld', HTTPS_PROXY: 'secure.proxy.tld'}, 'http://http.proxy.tld'],
	['https://secure.tld/', {HTTP_PROXY: 'http.proxy.tld', HTTPS_PROXY: 'secure.proxy.tld'}, 'http://secure.proxy.tld'],
	['https://secure.tld/', {HTTP_PROXY: 'http.proxy.tld'}, null],
	['https://secure.tld/', {}, null],
	['http://example.com/', {NO_PROXY: 'example.com', HTTP_PROXY: 'proxy'}, null],
	['http://example.com/', {no_proxy: 'example.com', HTTP_PROXY: 'proxy'}, null],
	['http://example.com/', {NO_PROXY: '.example.com', HTTP_PROXY: 'proxy'}, 'http://proxy'],
	['http://example.com/', {NO_PROXY: 'ample.com', HTTP_PROXY: 'proxy'}, 'http://proxy'],
	['http://foo.example.com/', {NO_PROXY: 'example.com', HTTP_PROXY: 'proxy'}, null],
	['http://example.com/', {NO_PROXY: '.foo.com', HTTP_PROXY: 'proxy'}, 'http://proxy'],
	['http://www.示例.com', {NO_PROXY: '.示例.com', HTTP_PROXY: 'proxy'}, null],
	['http://www.示例.com', {NO_PROXY: 'xn--fsq092h.com', HTTP_PROXY: 'proxy'}, null],
	['http://www.xn--fsq092h.com', {NO_PROXY: '示例.com', HTTP_PROXY: 'proxy'}, null],
	['http://example.com', {NO_PROXY: ':1', HTTP_PROXY: 'proxy'}, 'http://proxy'],
	['http://example.com', {NO_PROXY: '*', HTTP_PROXY: 'proxy'}, null],
];

for (const [server, environment, proxy] of chosen) {
	test(`${server} with ${JSON.stringify(environment)} goes ${proxy ?? 'direct'}`, t => {
		t.is(proxyFor(server, environment), proxy);
	});
}

const noProxy =
	'foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, 2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64';

const hosts: ReadonlyArray<[string, boolean]> = [
	['localhost', false],
	['127.0.0.1', false],
	['127.0.0.2', false],
	['[::1]', false],
	['[::2]', true],
	['192.168.1.1', false],
	['192.168.1.2', true],
	['192.168.1.3', false],
	['192.168.1.4', true],
	['10.0.0.2', false],
	['[2001:db8::52:0:1]', false],
	['[2001:db8::52:0:2]', true],
	['[2001:db8::52:0:3]', false],
	['[2002:db8:a::123]', false],
	['[fe80::424b:c8be:1643:a1b6]', true],
	['barbaz.net', true],
	['www.barbaz.net', false],
	['foobar.com', false],
	['www.foobar.com', false],
	['foofoobar.com', true],
	['baz.com', true],
	['localhost.net', true],
	['local.localhost', true],
	['barbarbaz.net', true],
	['wildcard.io', true],
	['nested.wildcard.io', false],
	['awildcard.io', true],
];

for (const [host, proxied] of hosts) {
	test(`${host} is ${proxied ? '' : 'not '}proxied`, t => {
		t.is(proxyFor(`http://${host}:80`, {HTTP_PROXY: 'proxy', NO_PROXY: noProxy}), proxied ? 'http://proxy' : null);
	});
}

test('an invalid proxy URL is an error that does not repeat it', t => {
	const error = t.throws(() => proxyFor('https://a.test', {HTTPS_PROXY: 'foo://me:hidden@host'}), {
		code: 'ERR_KUBECONFIG_INVALID',
		message: /HTTPS_PROXY cannot be used: unsupported scheme "foo"/,
	});
	t.notRegex(error.message, /hidden/);
});
