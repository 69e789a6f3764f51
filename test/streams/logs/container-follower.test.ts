/** Follows of one container: aborts, and restarts that the apiserver shows late. */
import {setImmediate as turn, setTimeout as sleep} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {ContainerFollower} from '../../../source/streams/logs/container-follower.ts';
import {logSource} from '../../../source/streams/logs/follow-logs.ts';
import type {LogEvent} from '../../../source/streams/logs/log-events.ts';
import {Semaphore} from '../../../source/base/async/queues.ts';
import {WatchedPod} from '../../../source/streams/logs/container-instance.ts';
import {ApiserverCheck, defaultStallTimeouts} from '../../../source/streams/logs/stall-detector.ts';
import type {PodObject} from '../../../source/cluster/targets/pod-object.ts';
import {toResolvedTarget} from '../../../source/cluster/targets/resolve-pod.ts';
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

/** `Watched`: reads the pod. */
async function followerOf(t: ExecutionContext, onEvent: (event: LogEvent, log: ContainerLog) => void, Watched = WatchedPod) {
	const server = await LogServer.start(t);
	const log = server.addPod('w').get('app')!;
	server.restartPolicy = 'Never';
	log.append(line);
	const cluster = await server.cluster();
	const pod = server.pods.get('w')!.object;
	const stop = new AbortController();
	const events: LogEvent[] = [];
	const follower = new ContainerFollower({
		cluster,
		watchedPod: new Watched(cluster, pod, {isWatched: false}),
		source: logSource(pod, 'app'),
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
		async emit(event) {
			events.push(event);
			onEvent(event, log);
		},
	});
	return {server, follower, stop, types: () => events.map(({type}) => type).join(', '), events};
}

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
		const {server, follower, stop, types} = await followerOf(t, (event, log) => {
			if (isDue(event)) {
				act(log);
			}
		});
		server.faults.push(...faults);
		let hasEnded = false;
		const run = follower
			.run()
			.catch(() => undefined)
			.then(() => {
				hasEnded = true;
			});
		await until(() => server.seen.length >= reads, server.seen);

		await sleep(80);
		t.false(hasEnded, types());
		stop.abort();
		for (let turns = 0; turns < 5; turns++) {
			await turn();
		}

		t.true(hasEnded, types());
		await run;
	});
}

/** After the second read, the apiserver does not respond for 3 s. The next read still shows the first instance. */
class LatePod extends WatchedPod {
	#first: PodObject | null = null;
	#reads = 0;
	#failsUntil: number | null = null;

	override async read(signal?: AbortSignal): Promise<PodObject | null> {
		this.#reads++;
		if (this.#reads === 3) {
			this.#failsUntil = performance.now() + 3000;
		}

		if (this.#failsUntil !== null && performance.now() < this.#failsUntil) {
			throw new SpokeError('ERR_APISERVER_TIMEOUT', 'the apiserver did not return pod w within 10 s');
		}

		const isOutdated = this.#reads === 2 || this.#failsUntil !== null;
		this.#failsUntil = null;
		this.#first ??= await super.read(signal);
		return isOutdated ? this.#first : super.read(signal);
	}
}

test('failed reads of the pod do not hide a restart', async t => {
	const shown = Promise.withResolvers<void>();
	const {server, follower, stop, events} = await followerOf(
		t,
		(event, log) => {
			if (event.type === 'reconnecting') {
				log.append({time: '2026-01-01T00:00:02Z', text: 'two'});
				log.restart();
				log.append({time: '2026-01-01T00:00:03Z', text: 'three'});
			} else if (event.type === 'lines' && event.bytes.includes('three')) {
				shown.resolve();
			}
		},
		LatePod,
	);
	server.faults.push(cut);
	const run = follower.run().catch(() => undefined);
	await shown.promise;
	stop.abort();
	await run;
	const order = events.flatMap(event => (event.type === 'lines' ? event.bytes.toString().match(/\S+(?=\n)/g)! : event.type));
	t.deepEqual(
		order.filter(text => ['one', 'two', 'three', 'gap', 'restarted'].includes(text)),
		['one', 'two', 'restarted', 'three'],
	);
});
