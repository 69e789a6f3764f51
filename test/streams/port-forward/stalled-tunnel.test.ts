/** Overdue pings of a tunnel on a stalled network. */
import {once, EventEmitter} from 'node:events';
import test from 'ava';
import {openTunnel} from '../../../source/streams/port-forward/tunnel.ts';
import {manualClock} from '../../support/manual-clock.ts';
import {openCutCluster} from '../../support/open-forward.ts';
import {until} from '../../support/until.ts';

const target = {
	asked: 'pod/db-0',
	kind: 'Pod',
	namespace: 'default',
	name: 'db-0',
	uid: null,
	node: null,
	container: null,
	chosenFrom: 1,
} as const;

for (const [carrier, ends] of [
	['websocket', ['websocket', 'runtime']],
	['spdy', ['runtime']],
] as const) {
	test(`a missing pong is reported after five seconds and cleared when the network resumes (${carrier})`, async t => {
		const {cluster, cutter} = await openCutCluster(t);
		const clock = manualClock();
		const heard = new EventEmitter();
		const late: string[] = [];
		const allHeard = async () => Promise.all(ends.map(async end => once(heard, end)));
		const tunnel = await openTunnel(cluster, target, {
			carriers: [carrier],
			pings: {intervalMs: 20, clock},
			observer: {
				onRoundTrip(_connection, times) {
					heard.emit(Object.keys(times)[0]!);
				},
				onPingOverdue(_connection, waited) {
					late.push(Object.keys(waited)[0]!);
					t.true(Object.values(waited)[0]! >= 5000);
				},
			},
		});
		t.teardown(() => tunnel.session.end());
		await allHeard();
		await clock.advance(4000);
		await allHeard();
		t.deepEqual(late, []);
		cutter.swallow(true);
		// Pings in transit are still answered.
		await until(
			async () => {
				await clock.advance(1000);
				return late.length >= ends.length;
			},
			() => late,
		);

		t.deepEqual(late.toSorted(), [...ends].toSorted());
		await clock.advance(15_000);
		const again = allHeard();
		cutter.swallow(false);
		await again;
		t.is(late.length, ends.length);
	});
}
