/** Keeps tunnels to one pod ready. */
import {monotonicMs, backoffMs} from '../../async/clock.ts';
import {WaitQueue} from '../../async/semaphore.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {maxUnsharedConnections, type PooledTunnel, type TunnelLease, TunnelSlots} from './tunnel-slots.ts';

/** Used when connections arrive faster than tunnels open. */
export const maxIdleTunnels = 4;
const initialIdleTunnels = 2;

const maxOpening = 8;
/** Further connections share them, unless every tunnel is stalled. */
const maxTunnels = maxUnsharedConnections + maxIdleTunnels;
/** A burst's tunnels serve the next burst, because each costs a handshake. */
const burstMs = 10_000;
/** The first bytes of a connection go before the next handshake. */
const fillDelayMs = 40;
const emptyFillDelayMs = 15;

type PoolOptions<T extends PooledTunnel> = OutageCallbacks & {
	/** `mustConfirmPod`: after a loss or an outage, the pod's name can belong to another pod. */
	open: (signal: AbortSignal, mustConfirmPod: boolean) => Promise<T>;
	onOpened: (tunnel: T) => void;
	/** How long as many tunnels are kept as connections were open at once; 10 s by default. */
	burstMs?: number;
};

export class TunnelPool<T extends PooledTunnel> {
	readonly #options: PoolOptions<T>;
	readonly #slots: TunnelSlots<T>;
	readonly #queue = new WaitQueue<TunnelLease<T>>();
	readonly #outage: TunnelOutage;
	readonly #fillTimer = new EarliestTimer(() => {
		this.#fill();
	});

	readonly #trimTimer = new EarliestTimer(() => {
		this.#trim();
	});

	readonly #retired = new AbortController();
	#opening = 0;
	/** Until a tunnel has confirmed it. */
	#mustConfirmPod = false;
	/** Connections at once since the last trim. */
	#mostConnections = 0;
	#targetIdle = initialIdleTunnels;

	constructor(options: PoolOptions<T>) {
		this.#options = options;
		this.#outage = new TunnelOutage(options);
		this.#slots = new TunnelSlots({
			onFreed: tunnel => {
				this.#serve();
				this.#onIdle(tunnel);
			},
			onStale: () => {
				this.#mustConfirmPod = true;
			},
		});
	}

	/** Does not retry. @throws SpokeError */
	async start(): Promise<T> {
		const tunnel = await this.#options.open(this.#retired.signal, false);
		this.#admit(tunnel);
		this.#fillSoon();
		return tunnel;
	}

	warm(): void {
		this.#fill();
	}

	/** `undefined` if a connection must wait. */
	acquireReady(): TunnelLease<T> | undefined {
		const ready = this.#isRetired || this.#queue.length > 0 ? undefined : this.#lease();
		if (ready) {
			this.#fillSoon();
		}

		return ready;
	}

	/** @throws the signal's reason, or a SpokeError if the pool is retired */
	async acquire(signal: AbortSignal): Promise<TunnelLease<T>> {
		signal.throwIfAborted();
		if (this.#isRetired) {
			throw podChangedError();
		}

		const ready = this.acquireReady();
		if (ready) {
			return ready;
		}

		this.#targetIdle = maxIdleTunnels;
		const lease = this.#queue.wait(signal);
		this.#outage.cancelWait();
		this.#fill();
		return lease;
	}

	/** Rejects waiters; tunnels end with their last connection. */
	retire(): void {
		this.#retired.abort();
		this.#outage.cancelWait();
		this.#fillTimer.stop();
		this.#trimTimer.stop();
		this.#queue.rejectAll(podChangedError);
		for (const tunnel of this.#slots.all.keys()) {
			this.#slots.endIdle(tunnel);
		}
	}

	/** Idle tunnels end now, the others with their last connection. */
	renew(): void {
		this.#mustConfirmPod = true;
		this.#slots.renew();
		this.#fill();
	}

	destroy(): void {
		this.retire();
		this.#slots.destroy();
	}

	/** Tunnels with their number of connections. */
	get tunnels(): ReadonlyMap<T, number> {
		return this.#slots.all;
	}

	get #isRetired(): boolean {
		return this.#retired.signal.aborted;
	}

	#serve(): void {
		this.#queue.serve(() => this.#lease());
	}

	#lease(): TunnelLease<T> | undefined {
		const lease = this.#slots.acquire();
		this.#mostConnections = Math.max(this.#mostConnections, this.#slots.total);
		return lease;
	}

	#onIdle(tunnel: T): void {
		if (this.#isRetired) {
			this.#slots.endIdle(tunnel);
		} else {
			this.#trimLater();
		}
	}

	#trimLater(): void {
		if (this.#slots.idle > maxIdleTunnels) {
			this.#trimTimer.scheduleWithin(this.#options.burstMs ?? burstMs);
		}
	}

	#trim(): void {
		const {all, total} = this.#slots;
		let surplus = all.size - Math.max(this.#mostConnections, maxIdleTunnels);
		for (const [tunnel, connections] of all) {
			if (connections === 0 && surplus > 0) {
				surplus--;
				this.#slots.endIdle(tunnel);
			}
		}

		this.#mostConnections = total;
		this.#trimLater();
	}

	get #missing(): number {
		const waiting = this.#queue.length;
		// At the limit, connections wait only if every tunnel is stalled.
		return waiting > 0
			? Math.min(waiting, Math.max(1, maxUnsharedConnections - this.#slots.total))
			: Math.min(this.#targetIdle - this.#slots.idle, maxTunnels - this.#slots.all.size);
	}

	#fill(): void {
		if (this.#isRetired || this.#outage.isWaiting) {
			return;
		}

		// After a failure, one at a time.
		const limit = this.#outage.hasFailed ? 1 : maxOpening;
		for (let missing = this.#missing - this.#opening; missing > 0 && this.#opening < limit; missing--) {
			void this.#openOne();
		}
	}

	/** The handshake must not delay the connection that caused it. */
	#fillSoon(): void {
		this.#fillTimer.scheduleWithin(this.#slots.idle === 0 ? emptyFillDelayMs : fillDelayMs);
	}

	async #openOne(): Promise<void> {
		this.#opening++;
		const mustConfirmPod = this.#mustConfirmPod;
		try {
			const tunnel = await this.#options.open(this.#retired.signal, mustConfirmPod);
			this.#opening--;
			if (this.#mustConfirmPod && !mustConfirmPod) {
				// Begun before a loss: it can lead to the pod's successor.
				tunnel.session.end();
			} else {
				this.#mustConfirmPod = false;
				this.#admit(tunnel);
			}
		} catch (thrown) {
			this.#opening--;
			this.#mustConfirmPod ||= this.#opening === 0;
			if (!this.#isRetired) {
				this.#outage.recordFailure(toSpokeError(thrown), this.#slots.all.size === 0, () => {
					this.#fill();
				});
			}

			return;
		}

		this.#fill();
	}

	#admit(tunnel: T): void {
		if (this.#isRetired) {
			tunnel.session.end();
			return;
		}

		this.#slots.add(tunnel);
		tunnel.session.once('close', () => {
			if (this.#slots.remove(tunnel) && !this.#isRetired) {
				this.#handleLoss();
			}
		});
		this.#options.onOpened(tunnel);
		this.#outage.recordOpened();
		this.#serve();
		this.#onIdle(tunnel);
	}

	/** An interruption only if the replacement fails too. */
	#handleLoss(): void {
		this.#mustConfirmPod = true;
		if (this.#slots.all.size === 0) {
			this.#outage.recordEmpty();
		}

		this.#fill();
	}
}

function podChangedError(): SpokeError {
	return new SpokeError('ERR_TARGET_GONE', 'the pod is no longer the target of the forward');
}

export class EarliestTimer {
	readonly #callback: () => void;
	#timer: NodeJS.Timeout | undefined;
	#dueAt = 0;

	constructor(callback: () => void) {
		this.#callback = callback;
	}

	scheduleWithin(ms: number): void {
		const dueAt = monotonicMs() + ms;
		if (this.#timer && this.#dueAt <= dueAt) {
			return;
		}

		clearTimeout(this.#timer);
		this.#dueAt = dueAt;
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			this.#callback();
		}, ms);
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}
}

type OutageCallbacks = {
	onInterrupted: (error: SpokeError, attempt: number, retryInMs: number) => void;
	onRestored: (outageMs: number) => void;
};

const backoff = {initialMs: 500, maxMs: 4000, jitter: [0.75, 1.25]} as const;

class TunnelOutage {
	readonly #callbacks: OutageCallbacks;
	#attempt = 0;
	#emptySince: number | undefined;
	#lostAt: number | undefined;
	#timer: NodeJS.Timeout | undefined;

	constructor(callbacks: OutageCallbacks) {
		this.#callbacks = callbacks;
	}

	get hasFailed(): boolean {
		return this.#attempt > 0;
	}

	get isWaiting(): boolean {
		return this.#timer !== undefined;
	}

	/** An interruption only if no other tunnel can be opened. */
	recordEmpty(): void {
		this.#emptySince ??= monotonicMs();
	}

	recordOpened(): void {
		this.#attempt = 0;
		this.#emptySince = undefined;
		if (this.#lostAt !== undefined) {
			const outageMs = monotonicMs() - this.#lostAt;
			this.#lostAt = undefined;
			this.#callbacks.onRestored(Math.round(outageMs));
		}
	}

	/** `isEmpty`: no tunnel is left. */
	recordFailure(error: SpokeError, isEmpty: boolean, retry: () => void): void {
		// Concurrent failures count as one attempt.
		if (this.isWaiting) {
			return;
		}

		this.#attempt++;
		const retryInMs = backoffMs(this.#attempt, backoff);
		if (isEmpty) {
			this.#lostAt ??= this.#emptySince ?? monotonicMs();
			this.#emptySince = undefined;
			this.#callbacks.onInterrupted(error, this.#attempt, retryInMs);
		}

		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			retry();
		}, retryInMs);
	}

	/** A tunnel is needed now, or never again. */
	cancelWait(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}
}
