import test from 'ava';
import {isLoopback} from '../../source/cluster/transport/loopback.ts';

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
