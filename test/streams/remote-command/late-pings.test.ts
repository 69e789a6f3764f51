/** Overdue pings of a remote command on a stalled network. */
import {once, EventEmitter} from 'node:events';
import test from 'ava';
import type {FarSide} from '../../support/command-server.ts';
import {manualClock} from '../../support/manual-clock.ts';
import {openCommand} from '../../support/remote-command.ts';
import {until} from '../../support/until.ts';

for (const feature of ['exec', 'attach'] as const) {
	for (const [carrier, answeredBy] of [
		['websocket', 'websocket'],
		['spdy', 'runtime'],
	] as const) {
		test(`overdue pongs of ${feature} are reported, and their arrival too (${carrier})`, async t => {
			const opened = Promise.withResolvers<FarSide>();
			const clock = manualClock();
			const heard = new EventEmitter();
			const late: object[] = [];
			const command = await openCommand(t, opened.resolve, {
				carrier,
				drains: false,
				feature,
				stdin: true,
				pings: {intervalMs: 20, clock},
				observer: {
					onRoundTrip(_connection, times) {
						heard.emit('roundTrip', times);
					},
					onPingOverdue(connection, waited) {
						t.is(connection, command.connection);
						late.push(waited);
					},
				},
			});
			t.teardown(() => {
				command.close();
			});
			const {socket} = await opened.promise;
			const [first] = (await once(heard, 'roundTrip')) as [object];
			t.deepEqual(Object.keys(first), [answeredBy]);
			await clock.advance(4000);
			await once(heard, 'roundTrip');
			t.deepEqual(late, []);
			socket.pause();
			// Pings in transit are still answered.
			await until(async () => {
				await clock.advance(1000);
				return late.length > 0;
			});

			t.deepEqual(Object.keys(late[0]!), [answeredBy]);
			t.true(Object.values(late[0]!)[0] >= 5000);
			const again = once(heard, 'roundTrip');
			socket.resume();
			await again;
		});
	}
}
