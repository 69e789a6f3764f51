/** Names of local ports. */
import test from 'ava';
import {listenAddressesOf, loopbackAddressOf, parseLocalEnd} from '../../../source/streams/port-forward/local-listener.ts';

const given = {addresses: null};

test('a name always has the same loopback address, outside 127.0.0.0/16', t => {
	t.is(loopbackAddressOf('web.shop.test'), '127.212.198.114');
	for (const number of Array.from({length: 2000}).keys()) {
		t.regex(loopbackAddressOf(`host-${number}`), /^127\.[1-9]\d*\.\d+\.[1-9]\d*$/);
	}
});

test('a name has an address of its own on Linux, and elsewhere only if the system has it', t => {
	const addressesOn = (platform: string, existing: readonly string[]) =>
		listenAddressesOf('web.shop.test', {platform, existing}).map(({address, needed}) => `${address} ${needed}`);
	t.deepEqual(addressesOn('linux', []), ['127.212.198.114 yes']);
	t.deepEqual(addressesOn('darwin', ['127.0.0.1', '::1']), ['127.0.0.1 yes']);
	t.deepEqual(addressesOn('darwin', ['127.0.0.1', '127.212.198.114']), ['127.212.198.114 yes']);
});

test('a name below localhost answers on the addresses of localhost', t => {
	const {host, addresses} = parseLocalEnd({...given, host: 'Web.Localhost'});
	t.is(host, 'web.localhost');
	t.deepEqual(
		addresses.map(({address}) => address),
		['127.0.0.1', '::1'],
	);
});

test('without a name, the addresses are those given, or localhost', t => {
	t.is(parseLocalEnd({...given, host: null}).addresses.length, 2);
	t.is(parseLocalEnd({...given, host: null, addresses: ['10.0.0.5']}).addresses[0]!.address, '10.0.0.5');
});

for (const host of [
	'',
	'.',
	'a..b',
	'-a.test',
	'a_b.test',
	'*.test',
	'a.test.',
	'127.0.0.1',
	'::1',
	'a b',
	'../a',
	'é.test',
	`${'a'.repeat(64)}.test`,
]) {
	test(`the name ${JSON.stringify(host).slice(0, 20)} is refused`, t => {
		t.throws(() => parseLocalEnd({...given, host}), {code: 'ERR_USAGE', message: /is not a DNS name$/});
	});
}

test('a name and addresses together are refused', t => {
	t.throws(() => parseLocalEnd({...given, host: 'a.test', addresses: ['127.0.0.1']}), {code: 'ERR_USAGE'});
});
