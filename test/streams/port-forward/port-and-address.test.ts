import {createServer, type AddressInfo} from 'node:net';
import {once} from 'node:events';
import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {parseListenAddresses, listenLocally} from '../../../source/streams/port-forward/local-listener.ts';
import {parsePortSpec} from '../../../source/streams/port-forward/forward-request.ts';
import {forwardArguments} from '../../../source/commands/port-forward/forward-arguments.ts';
import {listenOnLoopback} from '../../support/listen-on-loopback.ts';

/** From client-go's TestParsePortsAndNew; kubectl resolves names first. */
const ports: Array<[string, RegExp | {local: number | null; remote: string}]> = [
	['5000', {local: null, remote: '5000'}],
	['5000:5000', {local: 5000, remote: '5000'}],
	['8888:5000', {local: 8888, remote: '5000'}],
	['5000:8888', {local: 5000, remote: '8888'}],
	[':5000', {local: 0, remote: '5000'}],
	['0:5000', {local: 0, remote: '5000'}],
	['http', {local: null, remote: 'http'}],
	[':http', {local: 0, remote: 'http'}],
	['8080:my-port1', {local: 8080, remote: 'my-port1'}],
	['-1', /remote port/],
	['65536', /remote port/],
	['0', /remote port must be > 0/],
	['0:0', /remote port must be > 0/],
	['a:5000', /local port "a"/],
	['80:', /remote port ""/],
	['', /remote port ""/],
	[':', /remote port ""/],
	['1:2:3', /invalid port format/],
	['65536:80', /local port "65536"/],
	['-1:80', /local port "-1"/],
	['+80', /remote port "\+80"/],
	['8 0', /remote port/],
	['80/tcp', /only TCP/],
	['53:53/udp', /only TCP/],
	[':53/UDP', /only TCP/],
];

test('a port with a protocol is rejected and never parsed as a target', t => {
	t.throws(() => forwardArguments(['svc/dns', '53/udp']), {message: /only TCP/});
});

for (const [asked, verdict] of ports) {
	test(`port ${JSON.stringify(asked)}`, t => {
		if (verdict instanceof RegExp) {
			const error = t.throws(() => parsePortSpec(asked), {instanceOf: SpokeError});
			t.is(error.exitStatus, 2);
			t.regex(error.message, verdict);
		} else {
			t.deepEqual(parsePortSpec(asked), {input: asked, ...verdict});
		}
	});
}

const any = (address: string, family: 'IPv4' | 'IPv6') => ({address, family, needed: 'any-of-these'});

const must = (address: string, family: 'IPv4' | 'IPv6') => ({address, family, needed: 'yes'});
const addresses: Array<[string[], unknown]> = [
	[['localhost'], [any('127.0.0.1', 'IPv4'), any('::1', 'IPv6')]],
	[
		['localhost', '127.0.0.1'],
		[must('127.0.0.1', 'IPv4'), any('::1', 'IPv6')],
	],
	[
		['localhost', '::1'],
		[any('127.0.0.1', 'IPv4'), must('::1', 'IPv6')],
	],
	[
		['localhost', '127.0.0.1', '::1'],
		[must('127.0.0.1', 'IPv4'), must('::1', 'IPv6')],
	],
	[
		['127.0.0.1', '::1', 'localhost'],
		[must('127.0.0.1', 'IPv4'), must('::1', 'IPv6')],
	],
	[
		['localhost', '127.0.0.1', '10.10.10.1'],
		[must('10.10.10.1', 'IPv4'), must('127.0.0.1', 'IPv4'), any('::1', 'IPv6')],
	],
	[
		['10.0.0.1', '127.0.0.1'],
		[must('10.0.0.1', 'IPv4'), must('127.0.0.1', 'IPv4')],
	],
	[['127.0.0.257'], /not a valid IP/],
	[['::g'], /not a valid IP/],
	[['domain.invalid'], /not a valid IP/],
	[[], /at least 1 address/],
];

for (const [asked, verdict] of addresses) {
	test(`addresses ${JSON.stringify(asked)}`, t => {
		if (verdict instanceof RegExp) {
			t.regex(t.throws(() => parseListenAddresses(asked), {instanceOf: SpokeError}).message, verdict);
		} else {
			t.deepEqual(parseListenAddresses(asked), verdict as never);
		}
	});
}

test('after the first target, an argument with a slash starts another target', t => {
	const found = forwardArguments(['web', '80', ':http', 'svc/db', '5432', 'pod/x', '1:2']);
	t.deepEqual(
		found.map(({target, ports}) => [target.resource.kind, target.name, ports.map(({id, spec}) => `${id} ${spec.input}`)]),
		[
			['Pod', 'web', ['f1 80', 'f2 :http']],
			['Service', 'db', ['f3 5432']],
			['Pod', 'x', ['f4 1:2']],
		],
	);
	for (const wrong of [[], ['web'], ['web', '80', 'svc/db'], ['svc/db', 'pod/x', '80']]) {
		t.is(t.throws(() => forwardArguments(wrong), {instanceOf: SpokeError}).exitStatus, 2);
	}
});

// Serial, because a free port of one family can be the taken port of the other test.
test.serial('the error for a port in use names its family, and nothing stays bound', async t => {
	const taken = createServer();
	const port = await listenOnLoopback(taken);
	const error = await t.throwsAsync(listenLocally(port, parseListenAddresses(['::1', '127.0.0.1'])), {instanceOf: SpokeError});
	t.is(error.code, 'ERR_PORT_IN_USE');
	t.is(error.exitStatus, 14);
	t.regex(error.message, new RegExp(`127\\.0\\.0\\.1:${port} \\(IPv4\\): the port is in use`));
	const free = createServer().listen(port, '::1');
	await t.notThrowsAsync(once(free, 'listening'));
	free.close();
	taken.close();
});

test.serial('localhost needs one of its two addresses', async t => {
	const taken = createServer().listen(0, '::1');
	await once(taken, 'listening');
	const {port} = taken.address() as AddressInfo;
	const listener = await listenLocally(port, parseListenAddresses(['localhost']));
	t.deepEqual(listener.bound, [{address: '127.0.0.1', port, family: 'IPv4'}]);
	t.regex(listener.skipped[0]!.message, /\[::1\]:\d+ \(IPv6\): the port is in use/);
	const error = await t.throwsAsync(listenLocally(port, parseListenAddresses(['localhost'])), {instanceOf: SpokeError});
	t.regex(error.message, /IPv4.*IPv6/);
	listener.close();
	taken.close();
});

test('a free port is the same on both addresses', async t => {
	const listener = await listenLocally(0, parseListenAddresses(['localhost']));
	t.is(listener.bound.length, 2);
	t.is(listener.bound[0]!.port, listener.bound[1]!.port);
	t.true(listener.bound[0]!.port > 0);
	listener.close();
});
