/** Follows the logs of named pods or of a scope. */
import {anySignal, delayUpTo} from '../../base/async/clock.ts';
import {EventQueue, Semaphore} from '../../base/async/queues.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import {allContainers, chooseContainer, containerRole, type ChosenContainer} from '../../cluster/targets/choose-container.ts';
import {podKey, type PodObject} from '../../cluster/targets/pod-object.ts';
import type {PodScope} from '../../cluster/targets/target-pods.ts';
import {listPods, toResolvedTarget, watchPods} from '../../cluster/targets/resolve-pod.ts';
import {isConnectionLoss} from '../locate-loss.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {controllerOf, type PodController} from './resolve-follow-targets.ts';
import {ContainerFollower, type ContainerFollowerOptions} from './container-follower.ts';
import type {LogEvent, LogSource} from './log-events.ts';
import type {PodLogOptions} from './open-log.ts';
import {WatchedPod} from './container-instance.ts';
import {ApiserverCheck, defaultStallTimeouts, type StallTimeouts} from './stall-detector.ts';

export type ContainerSelection = {kind: 'default'} | {kind: 'all'} | {kind: 'named'; name: string};

export type FollowTargets =
	| {kind: 'pods'; pods: readonly PodObject[]}
	/**
	`canAppear` is called while there is nothing to follow, with the controllers of the pods so far (`null` for a pod without one). False
	ends the follow.
	*/
	| {kind: 'scope'; scope: PodScope; canAppear: (controllers: ReadonlyArray<PodController | null>) => Promise<boolean>};

export type FollowLogsOptions = {
	asked: string;
	containers: ContainerSelection;
	/** Later pods are read from their first line. */
	start: PodLogOptions;
	/** Default `pod-done`. */
	until?: 'pod-done' | 'container-end';
	/** Time for named pods to start; 0 means no limit. */
	startTimeoutMs?: number;
	/** Default true. If false, the first interruption is an error. */
	resume?: boolean;
	/** Gathers lines into fewer events, for readers that poll. */
	gatherMs?: number;
	/** Maximum number of logs at the start; more are an error. */
	maxLogs?: number;
	/** kubectl's notice of a default container, once for each text. Only for a scope. */
	onDefaultContainer?: (notice: string) => void;
	/** What is followed at the start, before the first event. */
	onInitialLogs?: (count: {pods: number; logs: number}) => void;
	observer?: ConnectionObserver;
	signal?: AbortSignal;
	stallTimeouts?: StallTimeouts;
};

/**
Starts at once, for one reader. The follow stops with the iteration; an abort ends the iteration without an error.
@throws SpokeError from the iteration, if nothing can be followed, or waiting cannot help
*/
export function followLogs(cluster: ClusterClient, targets: FollowTargets, options: FollowLogsOptions): AsyncIterable<LogEvent> {
	const group = new FollowGroup(cluster, options);
	void (targets.kind === 'pods' ? group.followPods(targets.pods) : group.followScope(targets.scope, targets.canAppear));
	return group.events;
}

type CanAppear = Extract<FollowTargets, {kind: 'scope'}>['canAppear'];
type LogStart = Pick<ContainerFollowerOptions, 'start'> & {isLater: boolean};
type FollowedPod = {watchedPod: WatchedPod; containers: Set<string>};

/** Between checks whether a workload without pods still exists. */
const recheckIntervalMs = 3000;
/** Many logs reconnect together. With 40, the last of 100 logs begins after 1.3 s instead of 1.2 s. */
const maxOpening = 100;
/** More logs share HTTP/2 connections. For fewer, loading `node:http2` would cost more time than sharing saves. */
const maxOwnConnections = 4;
/** An empty log has no response. */
const maxOpeningMs = 3000;

class FollowGroup {
	readonly #stop = new AbortController();
	readonly events = new EventQueue<LogEvent>(() => {
		this.#stop.abort();
	});

	readonly #cluster: ClusterClient;
	readonly #options: FollowLogsOptions;
	readonly #signal: AbortSignal;
	/** Of every log. */
	readonly #followerOptions: Omit<ContainerFollowerOptions, 'watchedPod' | 'source' | 'target' | 'start' | 'retriesFirstRead' | 'canShare'>;
	readonly #pods = new Map<string, FollowedPod>();
	readonly #controllers = new Map<string, PodController | null>();
	readonly #notices = new Set<string>();
	readonly #synced = Promise.withResolvers<void>();
	#hasOpenedLog = false;
	#running = 0;
	#initialLogs = 0;
	#notifyIdle: (() => void) | undefined;

	constructor(cluster: ClusterClient, options: FollowLogsOptions) {
		this.#cluster = cluster;
		this.#options = options;
		this.#signal = anySignal(this.#stop.signal, options.signal);
		const {stallTimeouts = defaultStallTimeouts} = options;
		this.#followerOptions = {
			until: 'pod-done',
			startTimeoutMs: 0,
			resume: true,
			gatherMs: 0,
			stallTimeouts,
			...options,
			cluster,
			emit: this.events.push,
			signal: this.#signal,
			semaphore: new Semaphore(maxOpening, maxOpeningMs),
			apiserverCheck: new ApiserverCheck(cluster, stallTimeouts.apiserverTimeoutMs),
			onFirstOpened: () => {
				this.#hasOpenedLog = true;
			},
		};
		const cancel = () => {
			this.events.cancel();
		};

		// Node 22 keeps a combined signal in memory until its listeners are removed.
		this.#signal.addEventListener('abort', cancel, {once: true});
		if (this.#signal.aborted) {
			cancel();
		}
	}

	async followPods(pods: readonly PodObject[]): Promise<void> {
		try {
			const sources = pods.map(pod => [pod, selectContainers(pod, this.#options.containers)] as const);
			this.#beginWith(sources.map(([, containers]) => containers.length));
			await Promise.all(
				sources.flatMap(([pod, containers]) => {
					const watchedPod = new WatchedPod(this.#cluster, pod, {isWatched: false});
					return containers.map(async container =>
						this.#follow(pod, watchedPod, container, {
							start: this.#options.start,
							isLater: false,
							group: pods.length * containers.length > 1,
						}),
					);
				}),
			);
			this.events.end();
		} catch (error) {
			this.events.fail(error);
		}
	}

	async followScope(scope: PodScope, canAppear: CanAppear): Promise<void> {
		try {
			void this.#endWhenNothingIsLeft(scope, canAppear);
			let initialPods: PodObject[] | null = [];
			for await (const change of watchPods(this.#cluster, scope, {signal: this.#signal})) {
				if (change.type === 'synced') {
					await this.#start(initialPods ?? []);
					initialPods = null;
				} else if (change.type === 'appeared' && initialPods) {
					initialPods.push(change.pod);
				} else if (change.type === 'appeared') {
					await this.#appeared(change.pod, {start: {}, isLater: true});
				} else if (change.type === 'changed') {
					this.#changed(change.pod);
				} else if (change.type === 'gone') {
					await this.#gone(change.pod);
				}
			}
		} catch (error) {
			this.events.fail(error);
		}
	}

	async #start(pods: readonly PodObject[]): Promise<void> {
		this.#beginWith(pods.map(pod => selectContainers(pod, this.#options.containers).length));
		for (const pod of pods) {
			await this.#appeared(pod, {start: this.#options.start, isLater: false});
		}

		this.#synced.resolve();
	}

	#beginWith(logsOfPods: readonly number[]): void {
		const logs = logsOfPods.reduce((sum, count) => sum + count, 0);
		this.#initialLogs = logs;
		const {maxLogs = Infinity} = this.#options;
		if (logs > maxLogs) {
			const message = `you are attempting to follow ${logs} log streams, but maximum allowed concurrency is ${maxLogs}, use --max-log-requests to increase the limit`;
			throw new SpokeError('ERR_USAGE', message, {remedy: 'omit --max-log-requests for no limit'});
		}

		this.#options.onInitialLogs?.({pods: logsOfPods.filter(count => count > 0).length, logs});
	}

	#changed(pod: PodObject): void {
		const followed = this.#pods.get(podKey(pod));
		followed?.watchedPod.notifyChanged();
		if (followed && this.#options.containers.kind === 'all') {
			this.#followNew(pod, followed, {start: {}, isLater: true});
		}
	}

	async #gone(pod: PodObject): Promise<void> {
		this.#pods.get(podKey(pod))?.watchedPod.notifyChanged();
		this.#pods.delete(podKey(pod));
		await this.events.push({type: 'pod-gone', ...podFields(pod)});
	}

	async #endWhenNothingIsLeft(scope: PodScope, canAppear: CanAppear): Promise<void> {
		await this.#synced.promise;
		let isReported = false;
		// The status of a job is later than the end of its last pod.
		let isDue = this.#pods.size === 0;
		while (!this.#signal.aborted) {
			if (this.#running > 0) {
				isReported = false;
				isDue = false;
				await new Promise<void>(resolve => {
					this.#notifyIdle = resolve;
				});
				continue;
			}

			const {hasEnded, error} = await this.#hasEnded(scope, canAppear);
			if (this.#running > 0) {
				continue;
			}

			if (hasEnded) {
				this.events.emit({type: 'no-more-pods'});
				this.events.end();
				return;
			}

			if (isDue && !isReported) {
				isReported = true;
				await this.events.push({type: 'no-pods', ...(error && {error})});
			}

			isDue = true;
			await delayUpTo(recheckIntervalMs, this.#signal);
		}
	}

	/** A pod can have appeared and its job ended while the watch was interrupted: each pod that exists must have been followed. */
	async #hasEnded(scope: PodScope, canAppear: CanAppear): Promise<{hasEnded: boolean; error: SpokeError | null}> {
		try {
			const hasEnded =
				!(await canAppear([...this.#controllers.values()])) &&
				(await listPods(this.#cluster, scope, this.#signal)).every(pod => this.#pods.has(podKey(pod)));
			return {hasEnded, error: null};
		} catch (thrown) {
			return {hasEnded: false, error: toSpokeError(thrown)};
		}
	}

	async #appeared(pod: PodObject, start: LogStart): Promise<void> {
		const followed: FollowedPod = {watchedPod: new WatchedPod(this.#cluster, pod, {isWatched: true}), containers: new Set()};
		this.#pods.set(podKey(pod), followed);
		const controller = controllerOf(pod);
		this.#controllers.set(controller === null ? '' : `${controller.namespace}/${controller.kind}/${controller.name}`, controller);
		this.#reportDefaultContainer(pod);
		// The follow must not end in between.
		this.#running++;
		await this.events.push({type: 'pod-appeared', ...podFields(pod), ...(!start.isLater && {isInitial: true})});
		this.#followNew(pod, followed, start);
		this.#stopRunning();
	}

	#reportDefaultContainer(pod: PodObject): void {
		const {containers, onDefaultContainer} = this.#options;
		const notice = containers.kind === 'default' ? defaultContainer(pod).notice : null;
		if (notice !== null && !this.#notices.has(notice)) {
			this.#notices.add(notice);
			onDefaultContainer?.(notice);
		}
	}

	#followNew(pod: PodObject, followed: FollowedPod, start: LogStart): void {
		for (const container of selectContainers(pod, this.#options.containers)) {
			if (followed.containers.has(container)) {
				continue;
			}

			followed.containers.add(container);
			void this.#follow(pod, followed.watchedPod, container, {...start, group: true});
		}
	}

	/** A failure ends the whole follow only if this is the only source. */
	async #follow(
		pod: PodObject,
		watchedPod: WatchedPod,
		container: string,
		{start, isLater, group}: LogStart & {group: boolean},
	): Promise<void> {
		const source = logSource(pod, container);
		const {
			asked,
			start: {insecureSkipTLSVerifyBackend: insecure},
		} = this.#options;
		this.#running++;
		try {
			await new ContainerFollower({
				...this.#followerOptions,
				watchedPod,
				source,
				target: toResolvedTarget(asked, pod, 1, container),
				start: {...start, ...(insecure && {insecureSkipTLSVerifyBackend: insecure})},
				// Another log that is open proves leg 1, but not the leg 2 of this node.
				retriesFirstRead: error => isConnectionLoss(error) && (isLater || (this.#hasOpenedLog && error.code !== 'ERR_SECOND_LEG')),
				canShare: Math.max(this.#initialLogs, this.#running) > maxOwnConnections,
			}).run();
		} catch (thrown) {
			if (this.#signal.aborted) {
				return;
			}

			if (!group) {
				throw thrown;
			}

			await this.events.push({type: 'failed', source, error: toSpokeError(thrown)});
		} finally {
			this.#stopRunning();
		}
	}

	#stopRunning(): void {
		this.#running--;
		if (this.#running === 0) {
			this.#notifyIdle?.();
		}
	}
}

/** A pod without a named container has none: other pods of the scope can have it. */
export function selectContainers(pod: PodObject, selection: ContainerSelection): readonly string[] {
	if (selection.kind === 'named') {
		return containerRole(pod, selection.name) === undefined ? [] : [selection.name];
	}

	return (selection.kind === 'all' ? allContainers(pod) : [defaultContainer(pod)]).map(({name}) => name);
}

function defaultContainer(pod: PodObject): ChosenContainer {
	return chooseContainer(pod, undefined, {unknownAnnotation: 'go-on'});
}

export function logSource(pod: PodObject, container: string): LogSource {
	return {
		...podFields(pod),
		uid: pod.metadata.uid ?? null,
		container,
		otherContainers: allContainers(pod)
			.map(({name}) => name)
			.filter(name => name !== container),
	};
}

function podFields(pod: PodObject): Pick<LogSource, 'namespace' | 'pod' | 'node'> {
	return {namespace: pod.metadata.namespace ?? 'default', pod: pod.metadata.name, node: pod.spec.nodeName ?? null};
}
