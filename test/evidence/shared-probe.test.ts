/** What is read beside streams is read once for those that open together, seldom, and never for one that opens after another ended. */
import test from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import {labelTimings} from '../../source/evidence/label-timings.ts';
import {SharedProbe} from '../../source/evidence/shared-probe.ts';
import {handClock} from '../support/manual-clock.ts';

/** Of a cluster that answers nothing, and when connections to it were asked for. */
function readings() {
	const clock = handClock();
	const asked: number[] = [];
	const none = async () => {
		throw new Error('nobody is here');
	};

	const beside = new SharedProbe(
		{
			facts: {namespace: 'default'},
			request: none,
			async connect() {
				asked.push(clock.elapsed());
				return none();
			},
		} as unknown as ClusterClient,
		clock,
	);
	return {clock, asked, beside};
}

test('nothing is read before a stream’s first bytes are through', async t => {
	const {clock, asked, beside} = readings();
	void beside.shared();
	await clock.advance(labelTimings.afterOpeningMs - 1);
	t.deepEqual(asked, []);
	await clock.advance(1);
	t.deepEqual(asked, [labelTimings.afterOpeningMs]);
});

test('a reading is shared for so long, and by when it was asked for', async t => {
	const {clock, asked, beside} = readings();
	const first = beside.shared();
	await clock.advance(labelTimings.sharedForMs - 1);
	t.deepEqual(await beside.shared(), await first);
	void beside.shared();
	t.is(asked.length, 1);
	await clock.advance(1);
	void beside.shared();
	await clock.advance(labelTimings.afterOpeningMs);
	t.deepEqual(asked, [labelTimings.afterOpeningMs, labelTimings.sharedForMs + labelTimings.afterOpeningMs]);
});

test('a clock that was set back makes a reading last no longer', async t => {
	const {clock, asked, beside} = readings();
	void beside.shared();
	await clock.advance(labelTimings.betweenReadsMs + labelTimings.afterOpeningMs);
	clock.setTo(clock.now() - 3_600_000);
	void beside.shared();
	await clock.advance(labelTimings.afterOpeningMs);
	t.is(asked.length, 2);
});

test('what was read before a connection ended is not used after it, and is read again no sooner than it may be', async t => {
	const {clock, asked, beside} = readings();
	const first = beside.shared();
	await clock.advance(100);
	beside.forget();
	const second = beside.shared();
	await clock.advance(labelTimings.betweenReadsMs + labelTimings.afterOpeningMs - 101);
	t.is(asked.length, 1);
	await clock.advance(1);
	t.deepEqual(asked, [labelTimings.afterOpeningMs, labelTimings.afterOpeningMs + labelTimings.betweenReadsMs]);
	t.is((await second).askedAt - (await first).askedAt, 100, 'each counts from when it was asked for itself');
});

test('streams that end while a reading waits its turn put it off no further: it comes after their end', async t => {
	const {clock, asked, beside} = readings();
	void beside.shared();
	await clock.advance(100);
	for (let ended = 0; ended < 5; ended++) {
		beside.forget();
		void beside.shared();
		await clock.advance(100);
	}

	await clock.advance(labelTimings.betweenReadsMs);
	t.deepEqual(asked, [labelTimings.afterOpeningMs, labelTimings.afterOpeningMs + labelTimings.betweenReadsMs]);
});

test('flags that nobody said elsewhere are asked for anew by the next one', async t => {
	const {asked, beside} = readings();
	t.deepEqual(await Promise.all([beside.elsewhere(), beside.elsewhere()]), [null, null]);
	t.is(asked.length, 1);
	await beside.elsewhere();
	t.is(asked.length, 2);
});

test('nothing is read once nobody listens', async t => {
	const {clock, asked, beside} = readings();
	const reading = beside.shared();
	beside.end();
	await clock.advance(labelTimings.afterOpeningMs);
	t.is((await reading).shared.version, null);
	t.deepEqual(asked, []);
});
