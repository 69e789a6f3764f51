/** Counters of apiservers whose processes cannot be told apart are read for every stream in the end, and seldom. */
import test, {type ExecutionContext} from 'ava';
import {BackgroundMetrics} from '../../source/evidence/background-metrics.ts';
import {labelTimings} from '../../source/evidence/label-timings.ts';
import {startServer} from '../support/api-server.ts';
import {handClock} from '../support/manual-clock.ts';

const dial = 'apiserver_egress_dialer_dial_start_total{protocol="grpc",transport="uds"} 1\n';

/** An apiserver without /flagz and /statusz, and how often its counters were asked for. */
async function unnamed(t: ExecutionContext, status = 200) {
	const clock = handClock();
	const asked: number[] = [];
	const server = await startServer({
		request(request, response) {
			if (request.url === '/metrics') {
				asked.push(clock.elapsed());
			}

			response.statusCode = request.url === '/metrics' ? status : 404;
			response.end(request.url === '/metrics' ? dial : '{}');
		},
	});
	const cluster = await server.cluster();
	const counters = new BackgroundMetrics(cluster, clock);
	t.teardown(async () => {
		counters.end();
		cluster.close();
		await server.close();
	});
	return {clock, counters, asked};
}

test('a process without an id is read once for streams that open within 10 s', async t => {
	const {counters, asked} = await unnamed(t);
	await counters.read(null, Date.now());
	const {read} = await counters.read(null, Date.now() + 9000);
	t.is(read?.facts.egressDials[0]?.protocol, 'grpc');
	t.is(asked.length, 1);
});

test('a stream that opens later has its counters as soon as they may be asked for again, however many wait for them', async t => {
	const {clock, counters, asked} = await unnamed(t);
	await counters.read(null, Date.now());
	for (const later of [11_000, 22_000]) {
		const reading = Promise.all([1, 2, 3].map(async () => counters.read(null, Date.now() + later)));
		await clock.advance(labelTimings.betweenCountersMs);
		const outcomes = await reading;
		t.deepEqual(
			outcomes.map(({read}) => read?.facts.egressDials[0]?.protocol),
			['grpc', 'grpc', 'grpc'],
		);
	}

	t.deepEqual(asked, [0, labelTimings.betweenCountersMs, 2 * labelTimings.betweenCountersMs]);
});

test('what still waits for its turn ends with its labels', async t => {
	const {counters, asked} = await unnamed(t);
	await counters.read(null, Date.now());
	const waiting = counters.read(null, Date.now() + 11_000);
	counters.end();
	t.is((await waiting).closed?.because, 'no-answer');
	t.is(asked.length, 1);
});

test('counters that may not be read are asked for again only after a while', async t => {
	const {clock, counters, asked} = await unnamed(t, 403);
	await counters.read(null, clock.now());
	await clock.advance(labelTimings.countersClosedForMs - 1);
	t.is((await counters.read(null, clock.now())).closed?.because, 'forbidden');
	t.is(asked.length, 1);
	await clock.advance(1);
	await counters.read(null, clock.now());
	t.is(asked.length, 2);
});
