/** Responses without an end. */
import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import test from 'ava';
import type {Connection} from '../../source/cluster/cluster-client.ts';
import {jsonLines} from '../../source/cluster/watch.ts';
import type {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {toBytes} from '../support/api-server.ts';

/** Each uses another reader: pipelined, streamed, and Node's client. */
const readers: ReadonlyArray<readonly [title: string, read: (connection: Connection) => Promise<unknown>]> = [
	['pipelined requests', async connection => connection.pipelined({path: '/x', timeoutMs: 0})],
	['a streamed GET', async connection => text((await connection.request({path: '/x', timeoutMs: 0})).body)],
	['a POST', async connection => text((await connection.request({path: '/x', method: 'POST', body: 'x', timeoutMs: 0})).body)],
	['an upgrade', async connection => connection.upgrade({method: 'GET', path: '/x', upgrade: 'websocket', protocols: [], timeoutMs: 0})],
];

const okChunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const endless: ReadonlyArray<readonly [title: string, start: string, repeated: string]> = [
	['103 Early Hints', '', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'],
	['100 Continue', '', 'HTTP/1.1 100 Continue\r\n\r\n'],
	['headers', 'HTTP/1.1 200 OK\r\n', `X: ${'x'.repeat(100)}\r\n`],
	['one header', 'HTTP/1.1 200 OK\r\nX: ', 'x'.repeat(1000)],
	['the extension of a chunk', `${okChunked}1;x=`, 'x'.repeat(1000)],
	['a trailer', `${okChunked}0\r\n`, `X: ${'x'.repeat(100)}\r\n`],
];

for (const [reader, read] of readers) {
	for (const [title, start, repeated] of endless) {
		// The body of a refused upgrade is read only in part, which is no error.
		const isRefusedUpgrade = reader === 'an upgrade' && start.startsWith(okChunked);
		test(`${title} without end: ${reader} ${isRefusedUpgrade ? 'returns a refusal' : 'fails'}`, async t => {
			let sent = 0;
			const connection = await toBytes(t, (_, socket) => {
				socket.write(start);
				const more = () => {
					// A reader without a limit shows by how much it has read.
					while (!socket.destroyed && sent < 20_000_000) {
						sent += repeated.length;
						if (!socket.write(repeated)) {
							socket.once('drain', more);
							return;
						}
					}

					socket.destroy();
				};

				more();
			});
			if (isRefusedUpgrade) {
				t.like(await read(connection), {upgraded: false, status: 200});
			} else {
				await t.throwsAsync<SpokeError>(read(connection));
			}

			t.true(sent < 20_000_000, 'all was taken');
		});
	}
}

test('a watch fails at a line without end', async t => {
	const chunk = Buffer.alloc(1 << 20, 'x');
	let sent = 0;
	const body = new Readable({
		read() {
			sent++;
			this.push(sent > 200 ? null : chunk);
		},
	});
	await t.throwsAsync(Array.fromAsync(jsonLines(body, 'the watch')), {code: 'ERR_PROTOCOL', message: /a line of more than 32 MiB/});
	t.true(sent < 100);
});
