/** What is read beside streams is read once for those that open together, seldom, and never for one that opens after another ended. */
import test from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import {labelTimings} from '../../source/evidence/label-timings.ts';
import {SharedProbe} from '../../source/evidence/shared-probe.ts';
import {handClock} from '../support/manual-clock.ts';

/** Of a cluster that answers nothing, and when connections to it were asked for. */
function observations() {
	const clock = handClock();
	const requested: number[] = [];
	const none = async () => {
		throw new Error('nobody is here');
	};

	const sharedProbe = new SharedProbe(
		{
			facts: {namespace: 'default'},
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

test('nothing is read before a stream’s first bytes are through', async t => {
	const {clock, requested, sharedProbe} = observations();
	void sharedProbe.observeCluster();
	await clock.advance(labelTimings.sharedProbeDelayMs - 1);
	t.deepEqual(requested, []);
	await clock.advance(1);
	t.deepEqual(requested, [labelTimings.sharedProbeDelayMs]);
});

test('a reading is shared for so long, and by when it was asked for', async t => {
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

test('a clock that was set back makes a reading last no longer', async t => {
	const {clock, requested, sharedProbe} = observations();
	void sharedProbe.observeCluster();
	await clock.advance(labelTimings.sharedProbeIntervalMs + labelTimings.sharedProbeDelayMs);
	clock.setTo(clock.now() - 3_600_000);
	void sharedProbe.observeCluster();
	await clock.advance(labelTimings.sharedProbeDelayMs);
	t.is(requested.length, 2);
});

test('what was read before a connection ended is not used after it, and is read again no sooner than it may be', async t => {
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

test('streams that end while a reading waits its turn put it off no further: it comes after their end', async t => {
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

test('flags that nobody said elsewhere are asked for anew by the next one', async t => {
	const {requested, sharedProbe} = observations();
	t.deepEqual(await Promise.all([sharedProbe.observeElsewhere(), sharedProbe.observeElsewhere()]), [null, null]);
	t.is(requested.length, 1);
	await sharedProbe.observeElsewhere();
	t.is(requested.length, 2);
});

test('nothing is read once nobody listens', async t => {
	const {clock, requested, sharedProbe} = observations();
	const pending = sharedProbe.observeCluster();
	sharedProbe.end();
	await clock.advance(labelTimings.sharedProbeDelayMs);
	t.is((await pending).cluster.version, null);
	t.deepEqual(requested, []);
});
