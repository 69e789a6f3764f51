import test from 'ava';
import {parseServerUrl, isLoopback} from '../../source/cluster/transport/server-url.ts';

test('parses a server URL as client-go does', t => {
	t.like(parseServerUrl('https://me:p%40w@[::1]:6443/k8s//?x=1'), {
		scheme: 'https',
		host: '::1',
		port: 6443,
		authority: '[::1]:6443',
		prefix: '/k8s',
		login: {username: 'me', password: 'p@w'},
		shown: 'https://[::1]:6443/k8s',
	});
	t.like(parseServerUrl('example.test:8080'), {scheme: 'http', port: 8080, login: null});
});

for (const url of [
	'ftp://x',
	'https://',
	'https://[::1',
	'https://me:100%@x',
	'https://me%zz@x',
	'https://me:p/100@x',
	'ftp://me:1@100@x',
]) {
	test(`rejects ${url} without repeating its password`, t => {
		const {message} = t.throws(() => parseServerUrl(url), {code: 'ERR_KUBECONFIG_INVALID'});
		t.notRegex(message, /100/);
	});
}

test('an IPv6 zone is dialed and shown, but not sent in the Host header', t => {
	t.like(parseServerUrl('https://me:100@[fe80::1%25eth0]:6443'), {
		host: 'fe80::1%eth0',
		authority: '[fe80::1]:6443',
		shown: 'https://[fe80::1%25eth0]:6443',
	});
});

for (const host of ['0177.0.0.1', '2130706433', '127.1', '0x7f000001', 'LOCALHOST']) {
	test(`keeps the host ${host} as typed`, t => {
		t.like(parseServerUrl(`https://${host}:6443`), {host, authority: `${host}:6443`, shown: `https://${host}:6443`});
	});
}

const hosts: ReadonlyArray<[host: string, is: boolean]> = [
	['127.0.0.1', true],
	['127.8.9.1', true],
	['::1', true],
	['[::1]', true],
	['::ffff:127.0.0.1', true],
	['[::ffff:7f00:1]', true],
	['::1%lo', true],
	['localhost', true],
	['localhost.', false],
	['localhost.example.com', false],
	['[localhost]', false],
	['127.example.com', false],
	['127.0.0.257', false],
	['0.0.0.0', false],
	['::', false],
	['128.0.0.1', false],
	['::ffff:128.0.0.1', false],
	['', false],
];

for (const [host, is] of hosts) {
	test(`${JSON.stringify(host)} is ${is ? '' : 'not '}of loopback`, t => {
		t.is(isLoopback(host), is);
	});
}
