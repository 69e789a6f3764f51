/** Background reads that streams share. */
import test, {type ExecutionContext} from 'ava';
import {type ClusterClient, ClusterRecords} from '../../source/cluster/cluster-client.ts';
import {labelTimings} from '../../source/evidence/label-timings.ts';
import {SharedProbe, BackgroundMetrics} from '../../source/evidence/label-probes.ts';
import {manualClock} from '../support/manual-clock.ts';
import {reply, serve} from '../support/api-server.ts';

/** Of a cluster that gives no response. */
function observations() {
	const clock = manualClock();
	const requested: number[] = [];
	const none = async () => {
		throw new Error('nobody is here');
	};

	const sharedProbe = new SharedProbe(
		{
			facts: {namespace: 'default'},
			records: new ClusterRecords(),
			request: none,
			async connect() {
				requested.push(clock.elapsed());
				return none();
			},
		} as unknown as ClusterClient,
		clock,
	);
	return {clock, requested, sharedProbe};
}

test('the cluster is not observed before the first bytes of a stream', async t => {
	const {clock, requested, sharedProbe} = observations();
	void sharedProbe.observeCluster();
	await clock.advance(labelTimings.sharedProbeDelayMs - 1);
	t.deepEqual(requested, []);
	await clock.advance(1);
	t.deepEqual(requested, [labelTimings.sharedProbeDelayMs]);
});

test('an observation is shared until its maximum age, counted from its request', async t => {
	const {clock, requested, sharedProbe} = observations();
	const first = sharedProbe.observeCluster();
	await clock.advance(labelTimings.sharedMaxAgeMs - 1);
	t.deepEqual(await sharedProbe.observeCluster(), await first);
	void sharedProbe.observeCluster();
	t.is(requested.length, 1);
	await clock.advance(1);
	void sharedProbe.observeCluster();
	await clock.advance(labelTimings.sharedProbeDelayMs);
	t.deepEqual(requested, [labelTimings.sharedProbeDelayMs, labelTimings.sharedMaxAgeMs + labelTimings.sharedProbeDelayMs]);
});

test('a clock that is set back does not extend the age of an observation', async t => {
	const {clock, requested, sharedProbe} = observations();
	void sharedProbe.observeCluster();
	await clock.advance(labelTimings.sharedProbeIntervalMs + labelTimings.sharedProbeDelayMs);
	clock.setTo(clock.now() - 3_600_000);
	void sharedProbe.observeCluster();
	await clock.advance(labelTimings.sharedProbeDelayMs);
	t.is(requested.length, 2);
});

test('an observation from before a connection ended is replaced, but not before its interval', async t => {
	const {clock, requested, sharedProbe} = observations();
	const first = sharedProbe.observeCluster();
	await clock.advance(100);
	sharedProbe.forget();
	const second = sharedProbe.observeCluster();
	await clock.advance(labelTimings.sharedProbeIntervalMs + labelTimings.sharedProbeDelayMs - 101);
	t.is(requested.length, 1);
	await clock.advance(1);
	t.deepEqual(requested, [labelTimings.sharedProbeDelayMs, labelTimings.sharedProbeDelayMs + labelTimings.sharedProbeIntervalMs]);
	t.is((await second).requestedAt - (await first).requestedAt, 100, 'each counts from when it was asked for itself');
});

test('streams that end during a pending observation do not delay it further', async t => {
	const {clock, requested, sharedProbe} = observations();
	void sharedProbe.observeCluster();
	await clock.advance(100);
	for (let ended = 0; ended < 5; ended++) {
		sharedProbe.forget();
		void sharedProbe.observeCluster();
		await clock.advance(100);
	}

	await clock.advance(labelTimings.sharedProbeIntervalMs);
	t.deepEqual(requested, [labelTimings.sharedProbeDelayMs, labelTimings.sharedProbeDelayMs + labelTimings.sharedProbeIntervalMs]);
});

test('flags that no other apiserver reported are requested again by the next call', async t => {
	const {requested, sharedProbe} = observations();
	t.deepEqual(await Promise.all([sharedProbe.observeElsewhere(), sharedProbe.observeElsewhere()]), [null, null]);
	t.is(requested.length, 1);
	await sharedProbe.observeElsewhere();
	t.is(requested.length, 2);
});

test('an ended probe reads nothing', async t => {
	const {clock, requested, sharedProbe} = observations();
	const pending = sharedProbe.observeCluster();
	sharedProbe.end();
	await clock.advance(labelTimings.sharedProbeDelayMs);
	t.is((await pending).version, null);
	t.deepEqual(requested, []);
});

const dial = 'apiserver_egress_dialer_dial_start_total{protocol="grpc",transport="uds"} 1\n';

/** An apiserver without /flagz and /statusz, with a count of its metrics requests. */
async function unnamed(t: ExecutionContext, status = 200) {
	const clock = manualClock();
	const requested: number[] = [];
	const server = await serve(t, {
		'/metrics'(...asked) {
			requested.push(clock.elapsed());
			reply(status, dial)(...asked);
		},
	});
	const cluster = await server.cluster();
	const backgroundMetrics = new BackgroundMetrics(cluster, clock);
	t.teardown(() => {
		backgroundMetrics.end();
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
