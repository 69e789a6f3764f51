/** Metrics of apiservers whose processes cannot be distinguished. */
import test, {type ExecutionContext} from 'ava';
import {BackgroundMetrics} from '../../source/evidence/background-metrics.ts';
import {labelTimings} from '../../source/evidence/label-timings.ts';
import {startServer} from '../support/api-server.ts';
import {manualClock} from '../support/manual-clock.ts';

const dial = 'apiserver_egress_dialer_dial_start_total{protocol="grpc",transport="uds"} 1\n';

/** An apiserver without /flagz and /statusz, with a count of its metrics requests. */
async function unnamed(t: ExecutionContext, status = 200) {
	const clock = manualClock();
	const requested: number[] = [];
	const server = await startServer({
		request(request, response) {
			if (request.url === '/metrics') {
				requested.push(clock.elapsed());
			}

			response.statusCode = request.url === '/metrics' ? status : 404;
			response.end(request.url === '/metrics' ? dial : '{}');
		},
	});
	const cluster = await server.cluster();
	const backgroundMetrics = new BackgroundMetrics(cluster, clock);
	t.teardown(async () => {
		backgroundMetrics.end();
		cluster.close();
		await server.close();
	});
	return {clock, backgroundMetrics, requested};
}

test('a process without an id is read once for streams that open within 10 s', async t => {
	const {backgroundMetrics, requested} = await unnamed(t);
	await backgroundMetrics.read(null, Date.now());
	const {observation} = await backgroundMetrics.read(null, Date.now() + 9000);
	t.is(observation?.facts.egressDials[0]?.protocol, 'grpc');
	t.is(requested.length, 1);
});

test('streams that open later share one metrics read per interval', async t => {
	const {clock, backgroundMetrics, requested} = await unnamed(t);
	await backgroundMetrics.read(null, Date.now());
	for (const later of [11_000, 22_000]) {
		const pending = Promise.all([1, 2, 3].map(async () => backgroundMetrics.read(null, Date.now() + later)));
		await clock.advance(labelTimings.metricsIntervalMs);
		const results = await pending;
		t.deepEqual(
			results.map(({observation}) => observation?.facts.egressDials[0]?.protocol),
			['grpc', 'grpc', 'grpc'],
		);
	}

	t.deepEqual(requested, [0, labelTimings.metricsIntervalMs, 2 * labelTimings.metricsIntervalMs]);
});

test('a pending metrics read ends with its labels', async t => {
	const {backgroundMetrics, requested} = await unnamed(t);
	await backgroundMetrics.read(null, Date.now());
	const waiting = backgroundMetrics.read(null, Date.now() + 11_000);
	backgroundMetrics.end();
	t.is((await waiting).unavailable?.reason, 'no-response');
	t.is(requested.length, 1);
});

test('unreadable metrics are requested again only after a delay', async t => {
	const {clock, backgroundMetrics, requested} = await unnamed(t, 403);
	await backgroundMetrics.read(null, clock.now());
	await clock.advance(labelTimings.metricsUnavailableForMs - 1);
	t.is((await backgroundMetrics.read(null, clock.now())).unavailable?.reason, 'forbidden');
	t.is(requested.length, 1);
	await clock.advance(1);
	await backgroundMetrics.read(null, clock.now());
	t.is(requested.length, 2);
});
