/** An aborted follow ends at once. */
import {setImmediate as turn, setTimeout as sleep} from 'node:timers/promises';
import test from 'ava';
import {ContainerFollower} from '../../../source/streams/logs/container-follower.ts';
import {logSource} from '../../../source/streams/logs/follow-logs.ts';
import type {LogEvent} from '../../../source/streams/logs/log-events.ts';
import {Semaphore} from '../../../source/async/semaphore.ts';
import {WatchedPod} from '../../../source/streams/logs/watched-pod.ts';
import {ApiserverCheck, defaultStallTimeouts} from '../../../source/streams/logs/stall-detector.ts';
import {toResolvedTarget} from '../../../source/targets/resolve-pod.ts';
import {LogServer, type ContainerLog, type Fault} from '../../support/log-server.ts';
import {until} from '../../support/until.ts';

const line = {time: '2026-01-01T00:00:01Z', text: 'one'};
const cut: Fault = {kind: 'cut', afterBytes: 25};
const gone: Fault = {
	kind: 'refuse',
	status: 400,
	body: '{"kind":"Status","status":"Failure","message":"container \\"app\\" in pod \\"w\\" is terminated","reason":"BadRequest","code":400}',
};

const rotated = (log: ContainerLog) => {
	log.rotate();
	log.append({time: '2026-01-01T00:00:02Z', text: 'two'});
};

const rotatedAndEnded = (log: ContainerLog) => {
	log.rotate();
	log.end();
};

for (const [title, faults, isDue, act, reads] of [
	['while status and kubelet disagree', [gone], () => true, () => {}, 1],
	['while a new instance may explain that the last line is missing', [cut], (event: LogEvent) => event.type === 'reconnecting', rotated, 2],
	[
		'while the rest of an instance may contain the last line',
		[cut],
		(event: LogEvent) => event.type === 'reconnecting',
		rotatedAndEnded,
		2,
	],
] as const) {
	test(`the follower ends when aborted ${title}`, async t => {
		const server = await LogServer.start();
		t.teardown(async () => server.stop());
		const log = server.addPod('w').get('app')!;
		server.restartPolicy = 'Never';
		log.append(line);
		server.faults.push(...faults);
		const cluster = await server.cluster();
		const pod = server.pods.get('w')!.object;
		const stop = new AbortController();
		const events: string[] = [];
		const follow = new ContainerFollower(
			cluster,
			new WatchedPod(cluster, pod, {isWatched: false}),
			logSource(pod, 'app'),
			{
				target: toResolvedTarget('w', pod, 1, 'app'),
				start: {},
				until: 'pod-done',
				startTimeoutMs: 0,
				retriesFirstRead: () => false,
				onFirstOpened() {},
				resume: true,
				gatherMs: 0,
				observer: undefined,
				stallTimeouts: defaultStallTimeouts,
				signal: stop.signal,
				semaphore: new Semaphore(20),
				apiserverCheck: new ApiserverCheck(cluster, defaultStallTimeouts.apiserverTimeoutMs),
			},
			async event => {
				events.push(event.type);
				if (isDue(event)) {
					act(log);
				}
			},
		);
		let hasEnded = false;
		const run = follow
			.run()
			.catch(() => undefined)
			.then(() => {
				hasEnded = true;
			});
		await until(() => server.seen.length >= reads, server.seen);

		await sleep(80);
		t.false(hasEnded, events.join(', '));
		stop.abort();
		for (let turns = 0; turns < 5; turns++) {
			await turn();
		}

		t.true(hasEnded, events.join(', '));
		await run;
	});
}
