/** Tunnels to all Ready pods of a target. */
import {rejectOnAbort} from '../../async/abortable.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import {podKey, type PodObject} from '../../targets/pod-object.ts';
import {toResolvedTarget, type ResolvedPod} from '../../targets/resolve-pod.ts';
import type {ForwardEvent} from './forward-event.ts';
import {isPodGone, moveReason} from './pod-decision.ts';
import {identityOf, noReadyPodError, PodTunnels, type PodTunnelsOptions, type TargetLease, type TargetTunnels} from './pod-tunnels.ts';
import type {TunnelCarrier} from './tunnel.ts';

type Member = {tunnels: PodTunnels; removed: AbortController};

/** Each new connection goes to the next Ready pod that has a free tunnel. Only if none has one, it waits. */
export class SpreadTunnels implements TargetTunnels {
	readonly #cluster: ClusterClient;
	readonly #resolved: ResolvedPod;
	readonly #options: PodTunnelsOptions;
	/** By `podKey`, the next one first. */
	readonly #members = new Map<string, Member>();
	#available = Promise.withResolvers<void>();
	/** Aborted when a tunnel to any pod opens. */
	#opened = new AbortController();

	constructor(cluster: ClusterClient, resolved: ResolvedPod, options: PodTunnelsOptions) {
		this.#cluster = cluster;
		this.#resolved = resolved;
		this.#options = options;
	}

	get pod(): PodObject {
		return this.#next?.[1].tunnels.pod ?? this.#resolved.pod;
	}

	get target() {
		return this.#resolved.target;
	}

	get scope() {
		return this.#resolved.scope;
	}

	get lastError(): SpokeError | undefined {
		return this.#next ? this.#next[1].tunnels.lastError : noReadyPodError(this.target);
	}

	async start(preconnected: ClusterClient): Promise<TunnelCarrier> {
		return this.#add(this.#resolved.pod).start(preconnected);
	}

	leaseReady(): TargetLease | undefined {
		for (const [key, member] of this.#members) {
			const ready = member.tunnels.leaseReady();
			if (ready) {
				this.#putLast(key, member);
				return ready;
			}
		}

		return undefined;
	}

	async lease(signal: AbortSignal): Promise<TargetLease> {
		for (;;) {
			signal.throwIfAborted();
			const ready = this.leaseReady();
			if (ready) {
				return ready;
			}

			const next = this.#next;
			if (!next) {
				await rejectOnAbort(async () => this.#available.promise, signal);
				continue;
			}

			const [, {tunnels, removed}] = next;
			this.#putLast(...next);
			// Also if this pod has a tunnel: its node may have just died.
			const chooseAgain = AbortSignal.any([removed.signal, this.#opened.signal]);
			try {
				return await tunnels.lease(AbortSignal.any([signal, chooseAgain]));
			} catch (error) {
				if (!chooseAgain.aborted) {
					throw error;
				}
			}
		}
	}

	update(pods: ReadonlyMap<string, PodObject>): void {
		const ready = [...pods.values()].filter(pod => moveReason(pod) === null);
		const before = [...this.#members.keys()];
		for (const [key, {tunnels}] of this.#members) {
			const latest = pods.get(key);
			if (latest && moveReason(latest) === null) {
				tunnels.update(pods);
			} else if (ready.length > 0 || isPodGone(latest)) {
				this.#remove(key, {isTerminated: isPodGone(latest)});
			}
		}

		for (const pod of ready) {
			if (!this.#members.has(podKey(pod))) {
				this.#add(pod).warm();
			}
		}

		const now = [...this.#members.keys()];
		if (now.length !== before.length || now.some(key => !before.includes(key))) {
			this.#emitPods();
		}
	}

	destroy(): void {
		for (const key of this.#members.keys()) {
			this.#remove(key, {isTerminated: true});
		}
	}

	get #next(): [string, Member] | undefined {
		const members = [...this.#members];
		return (
			members.find(([, {tunnels}]) => tunnels.hasTunnel) ?? members.find(([, {tunnels}]) => tunnels.lastError === undefined) ?? members[0]
		);
	}

	#putLast(key: string, member: Member): void {
		if (this.#members.delete(key)) {
			this.#members.set(key, member);
		}
	}

	#add(pod: PodObject): PodTunnels {
		const key = podKey(pod);
		const {asked, chosenFrom} = this.target;
		const resolved = {...this.#resolved, pod, target: toResolvedTarget(asked, pod, chosenFrom), scope: null};
		const tunnels = new PodTunnels(this.#cluster, resolved, {
			...this.#options,
			emit: event => {
				this.#options.emit(forward => named(event(forward), pod));
			},
			onOpened: () => {
				const opened = this.#opened;
				this.#opened = new AbortController();
				opened.abort();
			},
			onGone: error => {
				if (error.code === 'ERR_TARGET_GONE') {
					this.#remove(key, {isTerminated: true});
					this.#emitPods();
				} else {
					this.#options.onGone(error);
				}
			},
		});
		this.#members.set(key, {tunnels, removed: new AbortController()});
		this.#available.resolve();
		return tunnels;
	}

	#remove(key: string, {isTerminated}: {isTerminated: boolean}): void {
		const member = this.#members.get(key);
		this.#members.delete(key);
		member?.tunnels.dropPool({isTerminated});
		member?.removed.abort();
		if (this.#members.size === 0) {
			this.#available = Promise.withResolvers();
		}
	}

	#emitPods(): void {
		const pods = [...this.#members.values()].map(({tunnels: {pod}}) => identityOf(pod));
		this.#options.emit(forward => ({event: 'pods', forward, pods}));
	}
}

/** The events of several pods need their names. */
function named(event: ForwardEvent, {metadata: {name}}: PodObject): ForwardEvent {
	return event.event === 'interrupted'
		? {...event, error: event.error.withChanges({message: `pod ${name}: ${event.error.message}`, cause: event.error})}
		: event;
}
