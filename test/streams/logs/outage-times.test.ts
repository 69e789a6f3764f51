/** Outages by a clock that the test sets. */
import process from 'node:process';
import {mock} from 'node:test';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {LogEvent, LogSource} from '../../../source/streams/logs/log-events.ts';
import {LogOutage} from '../../../source/streams/logs/log-outage.ts';

const source: LogSource = {namespace: 'demo', pod: 'web', uid: null, node: 'n1', container: 'app'};
const lost = new SpokeError('ERR_STREAM_LOST', 'the log of web was interrupted', {leg: 1});
const forbidden = new SpokeError('ERR_FORBIDDEN', 'you have no permission to get pods/log');
const beganAt = 1_000_000;

function outageOn(t: ExecutionContext) {
	mock.timers.enable({apis: ['Date'], now: Date.now()});
	let uptimeMs = beganAt;
	const uptime = mock.method(process, 'uptime', () => uptimeMs / 1000);
	t.teardown(() => {
		mock.timers.reset();
		uptime.mock.restore();
	});
	const told: LogEvent[] = [];
	const outage = new LogOutage({
		source,
		async emit(event) {
			told.push(event);
		},
		resume: true,
		cluster: {} as ClusterClient,
	});
	return {
		outage,
		told,
		passTo(ms: number) {
			uptimeMs = beganAt + ms;
		},
	};
}

test.serial('a refusal is retried until 30 s after the loss', async t => {
	const {outage, passTo} = outageOn(t);
	await outage.handleLoss(lost);
	passTo(30_000);
	await outage.handleLoss(forbidden);
	passTo(30_001);
	await t.throwsAsync(outage.handleLoss(forbidden), {is: forbidden});
});

test.serial('a loss is a first attempt again after more than 3 s of reading', async t => {
	const {outage, told, passTo} = outageOn(t);
	for (const ms of [0, 3000, 6001]) {
		passTo(ms);
		await outage.handleLoss(lost);
		outage.recordReadStart();
	}

	t.deepEqual(
		told.map(event => (event.type === 'reconnecting' ? event.attempt : event.type)),
		[1, 2, 1],
	);
});

for (const [title, clockMs] of [
	['from its first loss to the resume', 0],
	['as long as it did when the system clock is set back', -3_600_000],
] as const) {
	test.serial(`an outage lasts ${title}`, async t => {
		const {outage, told, passTo} = outageOn(t);
		await outage.handleLoss(lost);
		mock.timers.setTime(Date.now() + clockMs);
		passTo(700);
		await outage.handleLoss(lost);
		passTo(5000);
		await outage.reportResumed({proven: true, foundLastLine: true});
		t.like(told.at(-1), {type: 'resumed', outageMs: 5000});
	});
}
