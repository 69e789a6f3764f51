/** Tunnels to the current pod of a target. */
import process from 'node:process';
import {monotonicMs, rejectOnAbort} from '../../base/async/clock.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {podKey, type PodObject, isPodTerminated} from '../../cluster/targets/pod-object.ts';
import type {PodScope} from '../../cluster/targets/target-pods.ts';
import {toResolvedTarget, type ResolvedPod, byAttachPreference, isReady} from '../../cluster/targets/resolve-pod.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';
import {isStoppedByGate} from '../stream-gate.ts';
import type {ForwardEvent, MoveReason, PodIdentity} from './forward-event.ts';
import type {ForwardOptions, ForwardRequest} from './forward-request.ts';
import type {Carrier} from '../observed-connection.ts';
import {carriersOf, openTunnel, type Tunnel} from './tunnel.ts';
import {type TunnelLease, TunnelPool} from './tunnel-pool.ts';

/** The use of a tunnel by a connection. */
export type TargetLease = TunnelLease<Tunnel> & {
	readonly pod: PodObject;
	/** False after the forward moved off the pod. */
	isCurrent(): boolean;
	/** True after the forward dropped the pod because it terminated. */
	isTerminated(): boolean;
	/** Replaces the tunnels to the pod: a tunnel leads to a pod sandbox, not to a pod. */
	renew(): void;
	/** Destroys the tunnels to the pod, which the forward can have left. */
	destroyTunnels(): void;
};

type PodTunnelsOptions = Pick<ForwardOptions, 'observer' | 'environment'> &
	Pick<ForwardRequest, 'onPodLoss'> & {
		emit: (event: (forward: string) => ForwardEvent) => void;
		/** Connections with a terminated lease can only be aborted. */
		onTerminated: () => void;
		/** The name of a pod belongs to another pod, and `update` was not called with it yet. */
		onPodReplaced?: () => void;
		/** The pod has no replacement, or no tunnel to it meets a requirement. */
		onGone: (error: SpokeError) => void;
	};

type PodDecision =
	| {action: 'stay'; pod: PodObject}
	| {action: 'move'; pod: PodObject; reason: MoveReason}
	/** No pod is usable. */
	| {action: 'wait'; reason: MoveReason};

export class PodTunnels {
	readonly #cluster: ClusterClient;
	readonly #options: PodTunnelsOptions;
	#carriers: readonly Carrier[];
	#resolved: ResolvedPod;
	/** `undefined` without a pod. */
	#pool: TunnelPool<Tunnel> | undefined;
	readonly #terminatedPools = new WeakSet<TunnelPool<Tunnel>>();
	#poolAvailable = Promise.withResolvers<void>();
	/** A move that no tunnel to the new pod has confirmed yet. */
	#pendingMove: {from: PodIdentity; reason: MoveReason} | undefined;
	#downSince: number | undefined;
	#lastError: SpokeError | undefined;

	constructor(cluster: ClusterClient, resolved: ResolvedPod, options: PodTunnelsOptions) {
		this.#cluster = cluster;
		this.#resolved = resolved;
		this.#options = options;
		this.#carriers = carriersOf(options.environment ?? process.env);
	}

	/** Of the next connection. */
	get pod(): PodObject {
		return this.#resolved.pod;
	}

	get target(): ResolvedTarget {
		return this.#resolved.target;
	}

	/** `null` if the forward cannot move. */
	get scope(): PodScope | null {
		return this.#options.onPodLoss === 'exit' ? null : this.#resolved.scope;
	}

	/** Why there is no tunnel; `undefined` while there is one. */
	get lastError(): SpokeError | undefined {
		return this.#lastError;
	}

	/** @throws SpokeError if the first tunnel fails */
	async start(preconnected: ClusterClient): Promise<Carrier> {
		this.#pool = this.#createPool({cluster: preconnected});
		const {carrier} = await this.#pool.start();
		this.#carriers = carrier === this.#carriers[0] ? this.#carriers : this.#carriers.toReversed();
		return carrier;
	}

	/** `undefined` if a connection must wait. */
	leaseReady(): TargetLease | undefined {
		const pool = this.#pool;
		const lease = pool?.acquireReady();
		return pool && lease && this.#targetLease(lease, pool);
	}

	/** @throws the signal's reason */
	async lease(signal: AbortSignal): Promise<TargetLease> {
		for (;;) {
			signal.throwIfAborted();
			const pool = this.#pool;
			if (!pool) {
				await rejectOnAbort(async () => this.#poolAvailable.promise, signal);
				continue;
			}

			try {
				return this.#targetLease(await pool.acquire(signal), pool);
			} catch (error) {
				if (pool === this.#pool || signal.aborted) {
					throw error;
				}
			}
		}
	}

	/** `pods`: all current ones, by `podKey`. */
	update(pods: ReadonlyMap<string, PodObject>): void {
		const latest = pods.get(podKey(this.pod));
		if (this.scope === null && isPodGone(latest)) {
			this.#options.onGone(this.#goneError(latest ? `its phase is ${latest.status?.phase}` : 'it was deleted'));
			return;
		}

		const decision = decidePod(this.pod, pods);
		if (decision.action === 'stay') {
			this.#stay(decision.pod);
		} else if (decision.action === 'move') {
			this.#move(decision, {isTerminated: isPodGone(latest), chosenFrom: pods.size});
		} else if (this.#pool) {
			this.#beginMove(decision.reason, {isTerminated: true});
			this.#reportInterruption(noReadyPodError(this.target), 1, 0);
		}
	}

	/** Connections of a pod that is not terminated end normally. */
	#dropPool({isTerminated}: {isTerminated: boolean}): void {
		const pool = this.#pool;
		if (!pool) {
			return;
		}

		this.#pool = undefined;
		this.#poolAvailable = Promise.withResolvers();
		if (isTerminated) {
			this.#terminatedPools.add(pool);
			this.#options.onTerminated();
			pool.destroy();
		} else {
			pool.retire();
		}
	}

	destroy(): void {
		this.#pool?.destroy();
	}

	#targetLease(lease: TunnelLease<Tunnel>, pool: TunnelPool<Tunnel>): TargetLease {
		const {pod, target} = this;
		return {
			...lease,
			pod,
			isCurrent: () => this.#pool !== undefined && target === this.target,
			isTerminated: () => this.#terminatedPools.has(pool),
			renew: () => {
				this.#renew(pool);
			},
			destroyTunnels() {
				pool.destroy();
			},
		};
	}

	#renew(pool: TunnelPool<Tunnel>): void {
		if (pool === this.#pool) {
			this.#pendingMove ??= {from: identityOf(this.pod), reason: 'sandbox-changed'};
			this.#dropPool({isTerminated: false});
			this.#usePool(this.#createPool({mustConfirmPod: true}));
		}
	}

	#usePool(pool: TunnelPool<Tunnel>): void {
		this.#pool = pool;
		this.#poolAvailable.resolve();
		pool.fill();
	}

	#createPool({cluster = this.#cluster, mustConfirmPod = false} = {}): TunnelPool<Tunnel> {
		const {target} = this;
		const {observer, emit, onPodReplaced = () => undefined} = this.#options;
		const pool: TunnelPool<Tunnel> = new TunnelPool<Tunnel>({
			mustConfirmPod,
			open: async (signal, mustConfirmPod) =>
				openTunnel(cluster, target, {
					signal,
					carriers: this.#carriers,
					...(observer && {observer}),
					...(mustConfirmPod && {onPodReplaced}),
				}),
			onInterrupted: (error, attempt, retryInMs) => {
				if (pool === this.#pool) {
					this.#reportInterruption(error, attempt, retryInMs);
				}
			},
			onRestored: outageMs => {
				if (pool === this.#pool && !this.#pendingMove) {
					this.#downSince = undefined;
					emit(forward => ({event: 'restored', forward, outageMs}));
				}
			},
			onOpened: () => {
				if (pool === this.#pool) {
					this.#lastError = undefined;
					this.#confirmMove();
				}
			},
		});
		return pool;
	}

	#reportInterruption(error: SpokeError, attempt: number, retryInMs: number): void {
		if (error.code === 'ERR_NOT_FOUND' && this.scope === null) {
			this.#options.onGone(this.#goneError('it no longer exists', error.text));
			return;
		}

		if (isStoppedByGate(error)) {
			this.#options.onGone(error);
			return;
		}

		this.#lastError = error;
		this.#downSince ??= monotonicMs();
		this.#options.emit(forward => ({event: 'interrupted', forward, error, attempt, retryInMs}));
	}

	#stay(pod: PodObject): void {
		const previousIp = this.pod.status?.podIP;
		this.#resolved = {...this.#resolved, pod};
		if (this.#pool && previousIp !== undefined && pod.status?.podIP !== undefined && pod.status.podIP !== previousIp) {
			this.#renew(this.#pool);
		}
	}

	#move(
		{pod, reason}: Extract<PodDecision, {action: 'move'}>,
		{isTerminated, chosenFrom}: {isTerminated: boolean; chosenFrom: number},
	): void {
		this.#beginMove(reason, {isTerminated});
		this.#resolved = {...this.#resolved, pod, target: toResolvedTarget(this.target.asked, pod, chosenFrom)};
		this.#lastError = undefined;
		this.#usePool(this.#createPool());
	}

	#beginMove(reason: MoveReason, end: {isTerminated: boolean}): void {
		this.#pendingMove ??= {from: identityOf(this.pod), reason};
		this.#downSince ??= monotonicMs();
		this.#dropPool(end);
	}

	#confirmMove(): void {
		if (!this.#pendingMove) {
			return;
		}

		const {from, reason} = this.#pendingMove;
		const outageMs = Math.round(this.#downSince === undefined ? 0 : monotonicMs() - this.#downSince);
		this.#pendingMove = undefined;
		this.#downSince = undefined;
		this.#options.emit(forward => ({event: 'moved', forward, from, to: identityOf(this.pod), reason, outageMs}));
	}

	#goneError(reason: string, text: string | null = null): SpokeError {
		const {asked, name} = this.target;
		const [subject, remedy] =
			this.#resolved.scope === null
				? [asked, 'forward to its service or workload to follow its replacement']
				: [`pod ${name} of ${asked}`, '--on-pod-loss=move continues with the next Ready pod'];
		return new SpokeError('ERR_TARGET_GONE', `${subject} is gone: ${reason}`, {remedy, text});
	}
}

function noReadyPodError({asked}: ResolvedTarget): SpokeError {
	return new SpokeError('ERR_TARGET_GONE', `no pod of ${asked} is ready`, {remedy: 'the forward continues when one is ready'});
}

function identityOf({metadata: {name, uid}}: PodObject): PodIdentity {
	return {name, uid: uid ?? null};
}

/**
Moves off a terminating or unready pod once another is Ready; a pod that is gone is left even without another (`wait`).
@param pods all current pods, by `podKey`
*/
export function decidePod(current: PodObject, pods: ReadonlyMap<string, PodObject>): PodDecision {
	const latest = pods.get(podKey(current));
	const reason = moveReason(latest);
	if (reason === null) {
		return {action: 'stay', pod: latest!};
	}

	const [replacement] = [...pods.values()]
		.filter(pod => pod !== latest && isReady(pod) && moveReason(pod) === null)
		.sort(byAttachPreference);
	if (replacement) {
		return {action: 'move', pod: replacement, reason};
	}

	return isPodGone(latest) ? {action: 'wait', reason} : {action: 'stay', pod: latest!};
}

/** Deleted or terminated. */
export function isPodGone(pod: PodObject | undefined): boolean {
	return pod === undefined || isPodTerminated(pod);
}

/** `null` while the pod is usable. */
export function moveReason(pod: PodObject | undefined): MoveReason | null {
	if (pod === undefined) {
		return 'deleted';
	}

	const {reason, conditions = []} = pod.status ?? {};
	if (reason === 'Evicted' || conditions.some(({type, status}) => type === 'DisruptionTarget' && status === 'True')) {
		return 'evicted';
	}

	// First, because a deleted pod has a final phase while it is removed.
	if (pod.metadata.deletionTimestamp !== undefined) {
		return 'deleted';
	}

	if (isPodTerminated(pod)) {
		return 'completed';
	}

	return isReady(pod) ? null : 'not-ready';
}
