/** Ids of streams rise, odd for a client and even for a server, and none comes twice (SPDY/3 section 2.3.2). */
import test from 'ava';
import {SpdyStreamIds} from '../../source/wire/spdy-stream-ids.ts';

test('our own ids rise by two, odd for a client and even for a server', t => {
	const [client, server] = [new SpdyStreamIds('client'), new SpdyStreamIds('server')];
	t.deepEqual([client.next(), client.next(), server.next(), server.next()], [1, 3, 2, 4]);
	t.false(client.usedUp);
});

test('of a client only odd ids are taken, each above all before it, and the last one is kept for GOAWAY', t => {
	const ids = new SpdyStreamIds('server');
	t.is(ids.lastTheirs, 0);
	const seen = [5, 5, 3, 6, 7].map(id => [ids.takeFromClient(id), ids.lastTheirs]);
	t.deepEqual(seen, [
		[true, 5],
		[false, 5],
		[false, 5],
		[false, 5],
		[true, 7],
	]);
});
