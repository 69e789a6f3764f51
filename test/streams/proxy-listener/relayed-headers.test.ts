/** Headers that the listener relays: no other identity, and nothing hop-by-hop. */
import test from 'ava';
import {headersToApiserver, headersToClient} from '../../../source/streams/proxy-listener/relay-request.ts';

for (const name of [
	'authorization',
	'impersonate-user',
	'impersonate-group',
	'impersonate-extra-scopes',
	'x-remote-user',
	'x-remote-group',
	'x-remote-extra-scopes',
	'origin',
	'sec-fetch-site',
	'sec-websocket-key',
]) {
	test(`header ${name} of a client does not reach the apiserver`, t => {
		t.deepEqual(headersToApiserver({[name]: 'x', accept: 'text/plain'}), {accept: 'text/plain'});
	});
}

for (const name of [
	'connection',
	'keep-alive',
	'proxy-connection',
	'proxy-authenticate',
	'proxy-authorization',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
	'host',
	'expect',
	'accept-encoding',
]) {
	test(`header ${name} is not relayed in either direction`, t => {
		t.deepEqual(headersToApiserver({[name]: 'x', accept: 'text/plain'}), {accept: 'text/plain'});
		t.deepEqual(headersToClient({[name]: 'x', 'content-type': 'text/plain'}), {'content-type': 'text/plain'});
	});
}

test('headers named by Connection are hop-by-hop, whatever their case', t => {
	const headers = {connection: 'close, X-Hop,x-other', 'x-hop': '1', 'x-other': '2', 'x-mine': '3'};
	t.deepEqual(headersToApiserver(headers), {'x-mine': '3'});
	t.deepEqual(headersToClient(headers), {'x-mine': '3'});
});

test('other headers are relayed: values joined, cookies by semicolons', t => {
	t.deepEqual(
		headersToApiserver({
			cookie: ['a=1', 'b=2'] as never,
			'x-two': ['1', '2'],
			'x-authorization': 'kept',
			'authorization-hint': 'kept',
			'x-none': undefined,
		}),
		{cookie: 'a=1; b=2', 'x-two': '1, 2', 'x-authorization': 'kept', 'authorization-hint': 'kept'},
	);
	t.deepEqual(headersToClient({'set-cookie': ['a=1', 'b=2']}), {'set-cookie': ['a=1', 'b=2']});
});
