/** Follows the logs of many containers at once: of pods that are named, or of all that a scope has and will have. */
import {setTimeout as sleep} from 'node:timers/promises';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {allContainers, chooseContainer, containerRole} from '../../targets/choose-container.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import type {PodScope} from '../../targets/target-pods.ts';
import {toResolvedTarget} from '../../targets/resolve-pod.ts';
import {watchPods} from '../../targets/watch-pods.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {EventChannel} from '../event-channel.ts';
import {ContainerFollower} from './container-follower.ts';
import type {LogEvent, LogSource} from './log-events.ts';
import type {PodLogOptions} from './pod-log-options.ts';
import {Semaphore} from './semaphore.ts';
import {WatchedPod} from './watched-pod.ts';
import {ApiserverCheck, defaultStallTimeouts, type StallTimeouts} from './stall-detector.ts';

export type ContainerSelection = {kind: 'default'} | {kind: 'all'} | {kind: 'named'; name: string};

export type FollowTargets =
	/** Each is followed until it is done. */
	| {kind: 'pods'; pods: readonly PodObject[]}
	/** What the scope has and will have. `mayCome` is asked while it has nothing to follow; false ends it. It is told what controlled the pods so far (`''`: nothing did). */
	| {kind: 'scope'; scope: PodScope; mayCome: (controllers: ReadonlySet<string>) => Promise<boolean>};

export type FollowLogsOptions = {
	/** As typed, for labels. */
	asked: string;
	containers: ContainerSelection;
	/** Where to begin with what is there at the start; pods that come later are read from their first line. */
	start: PodLogOptions;
	/** Default `pod-done`. */
	until?: 'pod-done' | 'container-end';
	/** For named pods, milliseconds; 0 waits for good. */
	startLimitMs?: number;
	/** Default true. False: the first cut is an error. */
	resume?: boolean;
	/** How long lines that come one soon after the other may be held to be taken together, milliseconds: for a reader that looks at them now and then. Default 0. */
	gatherMs?: number;
	/** More logs than this at the start are an error; default none. */
	mostLogs?: number;
	witness?: ConnectionObserver;
	/** Ends the iteration without an error. */
	signal?: AbortSignal;
	quiet?: StallTimeouts;
};

/** Lines come in the order of their arrival. @throws SpokeError when nothing could be followed, or what failed will not mend by waiting */
export async function* followLogs(
	cluster: ClusterClient,
	targets: FollowTargets,
	options: FollowLogsOptions,
): AsyncGenerator<LogEvent, void> {
	const stop = new AbortController();
	const stopNow = () => {
		stop.abort();
	};

	options.signal?.addEventListener('abort', stopNow);
	if (options.signal?.aborted) {
		stopNow();
	}

	const many = new ManyFollows(cluster, options, stop.signal);
	void (targets.kind === 'pods' ? many.followPods(targets.pods) : many.followScope(targets.scope, targets.mayCome));
	try {
		yield* many.events;
	} catch (error) {
		if (!stop.signal.aborted) {
			throw error;
		}
	} finally {
		stopNow();
		options.signal?.removeEventListener('abort', stopNow);
	}
}

type MayCome = Extract<FollowTargets, {kind: 'scope'}>['mayCome'];
type Following = {view: WatchedPod; containers: Set<string>};

/** Between looks at whether the workload of no pods is still there. */
const lookEveryMs = 3000;

class ManyFollows {
	readonly events = new EventChannel<LogEvent>();
	readonly #cluster: ClusterClient;
	readonly #options: FollowLogsOptions;
	readonly #signal: AbortSignal;
	readonly #gate = new Semaphore();
	readonly #firstLeg: ApiserverCheck;
	readonly #pods = new Map<string, Following>();
	readonly #controllers = new Set<string>();
	readonly #synced = Promise.withResolvers<void>();
	#begun = false;
	#running = 0;
	#idle: (() => void) | undefined;

	constructor(cluster: ClusterClient, options: FollowLogsOptions, signal: AbortSignal) {
		this.#cluster = cluster;
		this.#options = options;
		this.#signal = signal;
		this.#firstLeg = new ApiserverCheck(cluster, (options.quiet ?? defaultStallTimeouts).answerWithinMs);
		signal.addEventListener('abort', () => {
			this.events.end();
		});
	}

	async followPods(pods: readonly PodObject[]): Promise<void> {
		try {
			const sources = pods.map(pod => [pod, this.#chosen(pod)] as const);
			this.#limit(sources.reduce((sum, [, containers]) => sum + containers.length, 0));
			await Promise.all(
				sources.flatMap(([pod, containers]) => {
					const view = new WatchedPod(this.#cluster, pod, {isWatched: false});
					return containers.map(async container =>
						this.#follow(pod, view, container, {start: this.#options.start, many: pods.length * containers.length > 1}),
					);
				}),
			);
			this.events.end();
		} catch (error) {
			this.events.end(error);
		}
	}

	async followScope(scope: PodScope, mayCome: MayCome): Promise<void> {
		try {
			void this.#untilNothingIsLeft(mayCome);
			const atFirst: PodObject[] = [];
			for await (const change of watchPods(this.#cluster, scope, {signal: this.#signal})) {
				if (change.type === 'synced') {
					await this.#begin(atFirst);
				} else if (change.type === 'appeared' && !this.#begun) {
					atFirst.push(change.pod);
				} else if (change.type === 'appeared') {
					await this.#appeared(change.pod, {});
				} else if (change.type === 'changed') {
					this.#changed(change.pod);
				} else if (change.type === 'gone') {
					await this.#gone(change.pod);
				}
			}
		} catch (error) {
			this.events.end(error);
		}
	}

	/** With what is there; only of these the user's own beginning is meant. */
	async #begin(pods: readonly PodObject[]): Promise<void> {
		this.#begun = true;
		this.#limit(pods.reduce((sum, pod) => sum + this.#chosen(pod).length, 0));
		for (const pod of pods) {
			await this.#appeared(pod, this.#options.start);
		}

		this.#synced.resolve();
	}

	#changed(pod: PodObject): void {
		const following = this.#pods.get(keyOf(pod));
		following?.view.changed();
		if (following && this.#options.containers.kind === 'all') {
			this.#followNew(pod, following, {});
		}
	}

	async #gone(pod: PodObject): Promise<void> {
		this.#pods.get(keyOf(pod))?.view.changed();
		this.#pods.delete(keyOf(pod));
		await this.events.push({type: 'pod-gone', ...placeOf(pod)});
	}

	/** Ends everything when nobody is left to follow and nobody will come. */
	async #untilNothingIsLeft(mayCome: MayCome): Promise<void> {
		await this.#synced.promise;
		let said = false;
		while (!this.#signal.aborted) {
			if (this.#running > 0) {
				said = false;
				await new Promise<void>(resolve => {
					this.#idle = resolve;
				});
				continue;
			}

			if (!(await mayCome(this.#controllers).catch(() => true))) {
				this.events.end();
				return;
			}

			if (!said) {
				said = true;
				await this.events.push({type: 'no-pods'});
			}

			await sleep(lookEveryMs, undefined, {signal: this.#signal}).catch(() => undefined);
		}
	}

	async #appeared(pod: PodObject, start: PodLogOptions): Promise<void> {
		const following: Following = {view: new WatchedPod(this.#cluster, pod, {isWatched: true}), containers: new Set()};
		this.#pods.set(keyOf(pod), following);
		this.#controllers.add(pod.metadata.ownerReferences?.find(({controller}) => controller)?.kind ?? '');
		await this.events.push({type: 'pod-appeared', ...placeOf(pod)});
		this.#followNew(pod, following, start);
	}

	#followNew(pod: PodObject, following: Following, start: PodLogOptions): void {
		for (const container of this.#chosen(pod)) {
			if (following.containers.has(container)) {
				continue;
			}

			following.containers.add(container);
			void this.#follow(pod, following.view, container, {start, many: true});
		}
	}

	/** One source to its end. Alone, its failure is everybody's; among many it is told and the others go on. */
	async #follow(pod: PodObject, view: WatchedPod, container: string, {start, many}: {start: PodLogOptions; many: boolean}): Promise<void> {
		const source = logSource(pod, container);
		const {asked, until = 'pod-done', startLimitMs = 0, resume = true, gatherMs = 0, witness, quiet = defaultStallTimeouts} = this.#options;
		const insecure = this.#options.start.insecureSkipTLSVerifyBackend;
		this.#running++;
		try {
			await new ContainerFollower(
				this.#cluster,
				view,
				source,
				{
					target: toResolvedTarget(asked, pod, 1, container),
					start: {...start, ...(insecure && {insecureSkipTLSVerifyBackend: insecure})},
					until,
					startLimitMs,
					resume,
					gatherMs,
					witness,
					quiet,
					signal: this.#signal,
					gate: this.#gate,
					firstLeg: this.#firstLeg,
				},
				async event => this.events.push(event),
			).run();
		} catch (thrown) {
			if (this.#signal.aborted) {
				return;
			}

			if (!many) {
				throw thrown;
			}

			await this.events.push({type: 'failed', source, error: toSpokeError(thrown)});
		} finally {
			this.#running--;
			if (this.#running === 0) {
				this.#idle?.();
			}
		}
	}

	#chosen(pod: PodObject): readonly string[] {
		const {containers} = this.#options;
		if (containers.kind === 'all') {
			return allContainers(pod).map(({name}) => name);
		}

		if (containers.kind === 'named') {
			return containerRole(pod, containers.name) === undefined ? [] : [containers.name];
		}

		return [chooseContainer(pod, undefined, {unknownAnnotation: 'go-on'}).name];
	}

	#limit(logs: number): void {
		const {mostLogs = Infinity} = this.#options;
		if (logs > mostLogs) {
			const kubectls = `you are attempting to follow ${logs} log streams, but maximum allowed concurrency is ${mostLogs}, use --max-log-requests to increase the limit`;
			throw new SpokeError('ERR_USAGE', kubectls, {remedy: 'leave --max-log-requests out: there is no limit then'});
		}
	}
}

/** A container's log, as events name it. */
export function logSource(pod: PodObject, container: string): LogSource {
	const {name, namespace = 'default', uid = null} = pod.metadata;
	return {
		namespace,
		pod: name,
		uid,
		node: pod.spec.nodeName ?? null,
		container,
		besides: allContainers(pod)
			.map(one => one.name)
			.filter(one => one !== container),
	};
}

function placeOf(pod: PodObject): {namespace: string; pod: string; node: string | null} {
	return {namespace: pod.metadata.namespace ?? 'default', pod: pod.metadata.name, node: pod.spec.nodeName ?? null};
}

function keyOf(pod: PodObject): string {
	return pod.metadata.uid ?? `${pod.metadata.namespace}/${pod.metadata.name}`;
}
