/** Tunnels to all Ready pods of a target. */
import {rejectOnAbort} from '../../async/abortable.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import {podKey, type PodObject} from '../../targets/pod-object.ts';
import {toResolvedTarget, type ResolvedPod} from '../../targets/resolve-pod.ts';
import type {ForwardEvent} from './forward-event.ts';
import {isPodGone, moveReason} from './pod-decision.ts';
import {identityOf, noReadyPodError, PodTunnels, type Pool, type PodTunnelsOptions, type TargetTunnels} from './pod-tunnels.ts';
import type {TunnelLease} from './tunnel-slots.ts';
import type {Tunnel, TunnelCarrier} from './tunnel.ts';

type Member = {tunnels: PodTunnels; removed: AbortController};

/** Each new connection goes to the next Ready pod that has a free tunnel. Only if none has one, it waits. */
export class SpreadTunnels implements TargetTunnels {
	readonly #cluster: ClusterClient;
	readonly #resolved: ResolvedPod;
	readonly #options: PodTunnelsOptions;
	/** By uid, the next one first. */
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

	podOf(pool: Pool): PodObject {
		return this.#tunnelsOf(pool)?.pod ?? this.pod;
	}

	async start(preconnected: ClusterClient): Promise<TunnelCarrier> {
		return this.#add(this.#resolved.pod).start(preconnected);
	}

	leaseReady(): [TunnelLease<Tunnel>, Pool] | undefined {
		for (const [uid, member] of this.#members) {
			const ready = member.tunnels.leaseReady();
			if (ready) {
				this.#putLast(uid, member);
				return ready;
			}
		}

		return undefined;
	}

	async lease(signal: AbortSignal): Promise<[TunnelLease<Tunnel>, Pool]> {
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

	isCurrent(pool: Pool): boolean {
		return this.#tunnelsOf(pool) !== undefined;
	}

	renew(pool: Pool): void {
		this.#tunnelsOf(pool)?.renew(pool);
	}

	update(pods: ReadonlyMap<string, PodObject>): void {
		const ready = [...pods.values()].filter(pod => moveReason(pod) === null);
		const before = [...this.#members.keys()];
		for (const [uid, {tunnels}] of this.#members) {
			const latest = pods.get(uid);
			if (latest && moveReason(latest) === null) {
				tunnels.update(pods);
			} else if (ready.length > 0 || isPodGone(latest)) {
				this.#remove(uid, {isTerminated: isPodGone(latest)});
			}
		}

		for (const pod of ready) {
			if (!this.#members.has(podKey(pod))) {
				this.#add(pod).warm();
			}
		}

		const now = [...this.#members.keys()];
		if (now.length !== before.length || now.some(uid => !before.includes(uid))) {
			this.#emitPods();
		}
	}

	destroy(): void {
		for (const uid of this.#members.keys()) {
			this.#remove(uid, {isTerminated: true});
		}
	}

	get #next(): [string, Member] | undefined {
		const members = [...this.#members];
		return (
			members.find(([, {tunnels}]) => tunnels.hasTunnel) ?? members.find(([, {tunnels}]) => tunnels.lastError === undefined) ?? members[0]
		);
	}

	#putLast(uid: string, member: Member): void {
		if (this.#members.delete(uid)) {
			this.#members.set(uid, member);
		}
	}

	#tunnelsOf(pool: Pool): PodTunnels | undefined {
		return [...this.#members.values()].find(({tunnels}) => tunnels.isCurrent(pool))?.tunnels;
	}

	#add(pod: PodObject): PodTunnels {
		const uid = podKey(pod);
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
					this.#remove(uid, {isTerminated: true});
					this.#emitPods();
				} else {
					this.#options.onGone(error);
				}
			},
		});
		this.#members.set(uid, {tunnels, removed: new AbortController()});
		this.#available.resolve();
		return tunnels;
	}

	#remove(uid: string, {isTerminated}: {isTerminated: boolean}): void {
		const member = this.#members.get(uid);
		this.#members.delete(uid);
		member?.tunnels.leave({isTerminated});
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
