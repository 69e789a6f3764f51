/** Counters of apiservers whose processes cannot be told apart are read for every stream in the end, and seldom. */
import test, {type ExecutionContext} from 'ava';
import {BackgroundCounters} from '../../source/posture/background-counters.ts';
import {startServer} from '../support/api-server.ts';

const dial = 'apiserver_egress_dialer_dial_start_total{protocol="grpc",transport="uds"} 1\n';

/** An apiserver without /flagz and /statusz, and how often its counters were asked for. */
async function unnamed(t: ExecutionContext, betweenReadsMs: number) {
	const asked: number[] = [];
	const server = await startServer({request(request, response) {
		if (request.url === '/metrics') {
			asked.push(performance.now());
		}

		response.statusCode = request.url === '/metrics' ? 200 : 404;
		response.end(request.url === '/metrics' ? dial : '{}');
	}});
	const cluster = await server.cluster();
	const counters = new BackgroundCounters(cluster, {betweenReadsMs});
	t.teardown(async () => {
		counters.end();
		cluster.close();
		await server.close();
	});
	return {counters, asked};
}

test('a process without an id is read once for streams that open within 10 s', async t => {
	const {counters, asked} = await unnamed(t, 60_000);
	await counters.read(null, Date.now());
	const {read} = await counters.read(null, Date.now() + 9000);
	t.is(read?.facts.egressDials[0]?.protocol, 'grpc');
	t.is(asked.length, 1);
});

test('a stream that opens later has its counters as soon as they may be asked for again, however many wait for them', async t => {
	const {counters, asked} = await unnamed(t, 300);
	const began = performance.now();
	await counters.read(null, Date.now());
	for (const later of [11_000, 22_000]) {
		const outcomes = await Promise.all([1, 2, 3].map(async () => counters.read(null, Date.now() + later)));
		t.deepEqual(outcomes.map(({read}) => read?.facts.egressDials[0]?.protocol), ['grpc', 'grpc', 'grpc']);
	}

	t.is(asked.length, 3);
	// From when the first was asked for: it may have been slow to arrive.
	t.true(asked[1]! - began > 250);
});

test('what still waits for its turn ends with its labels', async t => {
	const {counters, asked} = await unnamed(t, 60_000);
	await counters.read(null, Date.now());
	const waiting = counters.read(null, Date.now() + 11_000);
	counters.end();
	t.is((await waiting).closed?.because, 'no-answer');
	t.is(asked.length, 1);
});
