/** Truncated metrics, whose missing families are no evidence. */
import {gzipSync} from 'node:zlib';
import test from 'ava';
import {readApiserverMetrics} from '../../../source/evidence/probes/apiserver-metrics.ts';
import {toBytes} from '../../support/api-server.ts';

const metrics = 'apiserver_egress_dialer_dial_start_total{protocol="grpc",transport="uds"} 7\ndisabled_metrics_total 2\n';
const zipped = gzipSync(metrics);
const chunked = (bytes: string | Buffer) =>
	Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), Buffer.from(bytes), Buffer.from('\r\n0\r\n\r\n')]);

for (const [title, fields, body, isRead] of [
	['with their length', `Content-Length: ${metrics.length}`, metrics, true],
	['in chunks', 'Transfer-Encoding: chunked', chunked(metrics), true],
	['in chunks, compressed', 'Transfer-Encoding: chunked\r\nContent-Encoding: gzip', chunked(zipped), true],
	['compressed, to the end of the connection', 'Content-Encoding: gzip', zipped, true],
	['compressed, and cut', 'Content-Encoding: gzip', zipped.subarray(0, -9), false],
	['in chunks, and cut', 'Transfer-Encoding: chunked', chunked(metrics).subarray(0, -5), false],
	['to the end of the connection, which a cut would look like', 'Content-Type: text/plain', metrics, false],
] as const) {
	test(`metrics that arrive ${title} are ${isRead ? 'read' : 'unavailable'}`, async t => {
		const connection = await toBytes(t, (_, socket) => {
			socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`);
			socket.end(body);
		});
		const {observation, unavailable} = await readApiserverMetrics(connection, 'p1');
		t.is(observation?.facts.familiesLeftOut, isRead ? 2 : undefined);
		t.is(unavailable?.reason, isRead ? undefined : 'no-response');
	});
}
