/** Background reads that streams share. */
import test from 'ava';
import {type ClusterClient, ClusterRecords} from '../../source/cluster/cluster-client.ts';
import {labelTimings} from '../../source/evidence/label-timings.ts';
import {SharedProbe} from '../../source/evidence/shared-probe.ts';
import {manualClock} from '../support/manual-clock.ts';

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
