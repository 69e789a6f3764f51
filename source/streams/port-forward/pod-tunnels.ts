/** Which pod do a target's connections go to now, by which tunnels, and how does that change? */
import process from 'node:process';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {rejectOnAbort} from '../../cluster/abortable.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import type {PodScope} from '../../targets/target-pods.ts';
import {toResolvedTarget, type ResolvedPod} from '../../targets/resolve-pod.ts';
import type {ResolvedTarget} from '../connection-observer.ts';
import type {ForwardEvent, MoveReason, PodIdentity} from './forward-event.ts';
import type {ForwardOptions, ForwardRequest} from './forward-request.ts';
import {decidePod, isPodTerminated, type PodDecision} from './pod-decision.ts';
import {carriersOf, openTunnel, type Tunnel, type TunnelCarrier} from './tunnel.ts';
import type {TunnelLease} from './tunnel-slots.ts';
import {TunnelPool} from './tunnel-pool.ts';

export type Pool = TunnelPool<Tunnel>;

export type PodTunnelsOptions = Pick<ForwardOptions, 'witness' | 'environment'> &
	Pick<ForwardRequest, 'onPodLoss'> & {
		/** Tells an event of every forward of the target. */
		tell: (event: (forward: string) => ForwardEvent) => void;
		/** The target is another pod now. */
		onMove: (pod: PodObject) => void;
		/** The pod behind `pool` is over: connections on it can only be cut. */
		onOver: (pool: Pool) => void;
		/** The pod is gone, and nothing is to take its place. */
		onGone: (error: SpokeError) => void;
	};

export class PodTunnels {
	readonly #cluster: ClusterClient;
	readonly #options: PodTunnelsOptions;
	#carriers: readonly TunnelCarrier[];
	#resolved: ResolvedPod;
	/** `undefined` while there is no pod to forward to. */
	#pool: Pool | undefined;
	#poolComes = Promise.withResolvers<void>();
	/** A move that no tunnel has confirmed yet. */
	#moving: {from: PodIdentity; reason: MoveReason} | undefined;
	#downSince: number | undefined;
	#trouble: SpokeError | undefined;

	constructor(cluster: ClusterClient, resolved: ResolvedPod, options: PodTunnelsOptions) {
		this.#cluster = cluster;
		this.#resolved = resolved;
		this.#options = options;
		this.#carriers = carriersOf(options.environment ?? process.env);
	}

	get pod(): PodObject {
		return this.#resolved.pod;
	}

	get target(): ResolvedTarget {
		return this.#resolved.target;
	}

	/** The pods to move among; `null`: a named pod has no successor, and of another target none may be wanted. */
	get scope(): PodScope | null {
		return this.#options.onPodLoss === 'exit' ? null : this.#resolved.scope;
	}

	/** Why there is no tunnel, where that was told. */
	get trouble(): SpokeError | undefined {
		return this.#trouble;
	}

	/** Opens the first tunnel, by `ahead` where that has a connection already. @throws SpokeError why there is none */
	async start(ahead: ClusterClient): Promise<TunnelCarrier> {
		this.#pool = this.#poolTo(this.target, ahead);
		const {carrier} = await this.#pool.start();
		this.#carriers = carrier === this.#carriers[0] ? this.#carriers : this.#carriers.toReversed();
		return carrier;
	}

	/** A place on a tunnel to whatever pod is the target's by then. @throws the signal's reason */
	async lease(signal: AbortSignal): Promise<[TunnelLease<Tunnel>, Pool]> {
		for (;;) {
			signal.throwIfAborted();
			const pool = this.#pool;
			if (!pool) {
				await rejectOnAbort(async () => this.#poolComes.promise, signal);
				continue;
			}

			try {
				return [await pool.take(signal), pool];
			} catch (error) {
				if (pool === this.#pool || signal.aborted) {
					throw error;
				}
			}
		}
	}

	/** Are connections made by `pool` now? */
	uses(pool: Pool): boolean {
		return pool === this.#pool;
	}

	/** The pod is the same, its network is not: tunnels lead to a sandbox, not to a pod. */
	renew(pool: Pool): void {
		if (pool !== this.#pool) {
			return;
		}

		this.#moving ??= {from: identityOf(this.pod), reason: 'sandbox-changed'};
		pool.renew();
	}

	/** Decides anew, with all pods of the target as they are now. */
	reconsider(pods: ReadonlyMap<string, PodObject>): void {
		const now = pods.get(this.pod.metadata.uid ?? '');
		if (this.scope === null && isPodTerminated(now)) {
			this.#options.onGone(this.#goneError(now ? `its phase is ${now.status?.phase}` : 'it was deleted'));
			return;
		}

		const choice = decidePod(this.pod, pods);
		if (choice.choice === 'stay') {
			this.#stay(choice.pod);
		} else if (choice.choice === 'move') {
			this.#move(choice, {isOver: isPodTerminated(now), chosenFrom: pods.size});
		} else if (this.#pool) {
			this.#leave(choice.reason, {isOver: true});
			this.#interrupted(
				new SpokeError('ERR_TARGET_GONE', `no pod behind ${this.target.asked} is ready`, {remedy: 'it goes on when one is'}),
				1,
				0,
			);
		}
	}

	destroy(): void {
		this.#pool?.destroy();
	}

	#poolTo(target: ResolvedTarget, cluster = this.#cluster): Pool {
		const {witness, tell} = this.#options;
		const pool: Pool = new TunnelPool<Tunnel>({
			open: async signal => openTunnel(cluster, target, {signal, carriers: this.#carriers, ...(witness && {witness})}),
			onInterrupted: (error, attempt, retryInMs) => {
				if (this.uses(pool)) {
					this.#interrupted(error, attempt, retryInMs);
				}
			},
			onRestored: outageMs => {
				if (this.uses(pool) && !this.#moving) {
					this.#downSince = undefined;
					tell(forward => ({event: 'restored', forward, outageMs}));
				}
			},
			onOpened: () => {
				if (this.uses(pool)) {
					this.#trouble = undefined;
					this.#confirmMove();
				}
			},
		});
		return pool;
	}

	#interrupted(error: SpokeError, attempt: number, retryInMs: number): void {
		if (error.code === 'ERR_NOT_FOUND' && this.scope === null) {
			this.#options.onGone(this.#goneError('it is not there any more', error.text));
			return;
		}

		this.#trouble = error;
		this.#downSince ??= performance.now();
		this.#options.tell(forward => ({event: 'interrupted', forward, error, attempt, retryInMs}));
	}

	#stay(pod: PodObject): void {
		const before = this.pod.status?.podIP;
		this.#resolved = {...this.#resolved, pod};
		if (this.#pool && before !== undefined && pod.status?.podIP !== undefined && pod.status.podIP !== before) {
			this.renew(this.#pool);
		}
	}

	#move({pod, reason}: Extract<PodDecision, {choice: 'move'}>, {isOver, chosenFrom}: {isOver: boolean; chosenFrom: number}): void {
		this.#leave(reason, {isOver});
		const target = toResolvedTarget(this.target.asked, pod, chosenFrom);
		this.#resolved = {...this.#resolved, pod, target};
		this.#trouble = undefined;
		this.#options.onMove(pod);
		this.#pool = this.#poolTo(target);
		this.#poolComes.resolve();
		this.#pool.warm();
	}

	/** Leaves the pod: at once when it is over, else as its connections end. */
	#leave(reason: MoveReason, {isOver}: {isOver: boolean}): void {
		const pool = this.#pool;
		this.#moving ??= {from: identityOf(this.pod), reason};
		this.#downSince ??= performance.now();
		if (!pool) {
			return;
		}

		this.#pool = undefined;
		this.#poolComes = Promise.withResolvers();
		if (isOver) {
			this.#options.onOver(pool);
			pool.destroy();
		} else {
			pool.retire();
		}
	}

	#confirmMove(): void {
		if (!this.#moving) {
			return;
		}

		const {from, reason} = this.#moving;
		const outageMs = Math.round(this.#downSince === undefined ? 0 : performance.now() - this.#downSince);
		this.#moving = undefined;
		this.#downSince = undefined;
		this.#options.tell(forward => ({event: 'moved', forward, from, to: identityOf(this.pod), reason, outageMs}));
	}

	#goneError(why: string, text: string | null = null): SpokeError {
		const {asked, name} = this.target;
		const [what, remedy] =
			this.#resolved.scope === null
				? [asked, 'forward to its service or workload to follow its successors']
				: [`pod ${name} of ${asked}`, '--on-pod-loss=move continues with the next Ready pod'];
		return new SpokeError('ERR_TARGET_GONE', `${what} is gone: ${why}`, {remedy, text});
	}
}

function identityOf({metadata: {name, uid}}: PodObject): PodIdentity {
	return {name, uid: uid ?? null};
}
