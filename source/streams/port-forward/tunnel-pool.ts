/** Keeps tunnels to one pod ready. */
import {WaitQueue} from '../../base/async/queues.ts';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {Outage} from '../../cluster/outage.ts';
import type {Tunnel} from './tunnel.ts';

export type PooledTunnel = Pick<Tunnel, 'id' | 'carrier' | 'isStale'> & {
	session: Pick<Tunnel['session'], 'usable' | 'destroy' | 'end'> & {
		readonly congestedStreams: {readonly size: number};
		once(event: 'close', listener: (error: SpokeError | null) => void): unknown;
		streamBufferBytes: number;
	};
};

export type TunnelLease<T extends PooledTunnel> = {
	tunnel: T;
	shared: boolean;
	release(): void;
};

/** Used when connections arrive faster than tunnels open. */
export const maxIdleTunnels = 4;
const initialIdleTunnels = 2;

/** Further connections share tunnels instead of waiting, unless every tunnel is stalled. */
const maxUnsharedConnections = 16;
const maxTunnels = maxUnsharedConnections + maxIdleTunnels;
const maxOpening = 8;

/** A stream alone on its tunnel can block it early. */
const bufferBytes = {alone: 256 * 1024, shared: 2 * 1024 * 1024} as const;

/** A burst's tunnels serve the next burst, because each costs a handshake. */
const burstMs = 10_000;
/** The first bytes of a connection go before the next handshake. */
const fillDelayMs = 40;
const emptyFillDelayMs = 15;

const backoff = {initialMs: 500, maxMs: 4000, jitter: [0.75, 1.25]} as const;

type PoolOptions<T extends PooledTunnel> = {
	/** `mustConfirmPod`: after a loss or an outage, the pod's name can belong to another pod. */
	open: (signal: AbortSignal, mustConfirmPod: boolean) => Promise<T>;
	onOpened: (tunnel: T) => void;
	onInterrupted: (error: SpokeError, attempt: number, retryInMs: number) => void;
	onRestored: (outageMs: number) => void;
	/** From the first tunnel on. */
	mustConfirmPod?: boolean;
	/** How long as many tunnels are kept as connections were open at once; 10 s by default. */
	burstMs?: number;
};

export class TunnelPool<T extends PooledTunnel> {
	readonly #options: PoolOptions<T>;
	/** Tunnels with their number of connections, in order of use. */
	readonly tunnels = new Map<T, number>();
	readonly #queue = new WaitQueue<TunnelLease<T>>();
	readonly #outage = new Outage(backoff);
	#isInterrupted = false;
	/** Until the next attempt after a failure. */
	#retryTimer: NodeJS.Timeout | undefined;
	#trimTimer: NodeJS.Timeout | undefined;
	readonly #retired = new AbortController();
	#opening = 0;
	/** Until a tunnel has confirmed it. */
	#mustConfirmPod: boolean;
	/** Connections at once since the last trim. */
	#mostConnections = 0;
	#targetIdle = initialIdleTunnels;

	constructor(options: PoolOptions<T>) {
		this.#options = options;
		this.#mustConfirmPod = options.mustConfirmPod ?? false;
	}

	/** Does not retry. @throws SpokeError */
	async start(): Promise<T> {
		const tunnel = await this.#options.open(this.#retired.signal, false);
		this.#admit(tunnel);
		this.#fillSoon();
		return tunnel;
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
		this.#cancelRetry();
		this.fill();
		return lease;
	}

	/** Rejects waiters; tunnels end with their last connection. */
	retire(): void {
		this.#retired.abort();
		this.#cancelRetry();
		clearTimeout(this.#trimTimer);
		this.#queue.rejectAll(podChangedError);
		for (const tunnel of this.tunnels.keys()) {
			this.#endIdle(tunnel);
		}
	}

	destroy(): void {
		this.retire();
		for (const tunnel of this.tunnels.keys()) {
			tunnel.session.destroy();
		}
	}

	get #isRetired(): boolean {
		return this.#retired.signal.aborted;
	}

	get #connectionCount(): number {
		return this.tunnels.values().reduce((sum, connections) => sum + connections, 0);
	}

	get #idleCount(): number {
		return this.tunnels.values().reduce((sum, connections) => sum + (connections === 0 ? 1 : 0), 0);
	}

	/** Shares tunnels only from `maxUnsharedConnections`. */
	#lease(): TunnelLease<T> | undefined {
		let best: T | undefined;
		let fewest = this.#connectionCount >= maxUnsharedConnections ? Infinity : 1;
		for (const [tunnel, connections] of this.tunnels) {
			if (connections === 0 && tunnel.isStale) {
				this.tunnels.delete(tunnel);
				tunnel.session.destroy();
				this.#mustConfirmPod = true;
			} else if (connections < fewest && tunnel.session.usable && tunnel.session.congestedStreams.size === 0) {
				best = tunnel;
				fewest = connections;
			}
		}

		const lease = best && this.#leaseOf(best, fewest + 1);
		this.#mostConnections = Math.max(this.#mostConnections, this.#connectionCount);
		return lease;
	}

	#leaseOf(tunnel: T, connections: number): TunnelLease<T> {
		this.tunnels.set(tunnel, connections);
		tunnel.session.streamBufferBytes = connections > 1 ? bufferBytes.shared : bufferBytes.alone;
		let isReleased = false;
		return {
			tunnel,
			shared: connections > 1,
			release: () => {
				if (!isReleased) {
					isReleased = true;
					this.#release(tunnel);
				}
			},
		};
	}

	#release(tunnel: T): void {
		const connections = this.tunnels.get(tunnel);
		if (connections !== undefined) {
			// Last in order: leave time to read what the last connection left in transit.
			this.tunnels.delete(tunnel);
			this.tunnels.set(tunnel, connections - 1);
			this.#queue.serve(() => this.#lease());
			this.#onIdle(tunnel);
		}
	}

	#onIdle(tunnel: T): void {
		if (this.#isRetired) {
			this.#endIdle(tunnel);
		} else {
			this.#trimLater();
		}
	}

	#endIdle(tunnel: T): void {
		if (this.tunnels.get(tunnel) === 0) {
			this.tunnels.delete(tunnel);
			tunnel.session.end();
		}
	}

	#trimLater(): void {
		if (this.#idleCount > maxIdleTunnels) {
			this.#trimTimer ??= setTimeout(() => {
				this.#trimTimer = undefined;
				this.#trim();
			}, this.#options.burstMs ?? burstMs);
		}
	}

	#trim(): void {
		let surplus = this.tunnels.size - Math.max(this.#mostConnections, maxIdleTunnels);
		for (const [tunnel, connections] of this.tunnels) {
			if (connections === 0 && surplus > 0) {
				surplus--;
				this.#endIdle(tunnel);
			}
		}

		this.#mostConnections = this.#connectionCount;
		this.#trimLater();
	}

	get #missing(): number {
		const waiting = this.#queue.length;
		// At the limit, connections wait only if every tunnel is stalled.
		return waiting > 0
			? Math.min(waiting, Math.max(1, maxUnsharedConnections - this.#connectionCount))
			: Math.min(this.#targetIdle - this.#idleCount, maxTunnels - this.tunnels.size);
	}

	/** Opens the tunnels that are missing. */
	fill(): void {
		if (this.#isRetired || this.#retryTimer) {
			return;
		}

		// After a failure, one at a time.
		const limit = this.#outage.attempt > 0 ? 1 : maxOpening;
		for (let missing = this.#missing - this.#opening; missing > 0 && this.#opening < limit; missing--) {
			void this.#openOne();
		}
	}

	/** The handshake must not delay the connection that caused it. */
	#fillSoon(): void {
		const delayMs = this.#idleCount === 0 ? emptyFillDelayMs : fillDelayMs;
		setTimeout(() => {
			this.fill();
		}, delayMs);
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
				this.#handleFailure(toSpokeError(thrown));
			}

			return;
		}

		this.fill();
	}

	#admit(tunnel: T): void {
		if (this.#isRetired) {
			tunnel.session.end();
			return;
		}

		this.tunnels.set(tunnel, 0);
		tunnel.session.once('close', () => {
			if (this.tunnels.delete(tunnel) && !this.#isRetired) {
				this.#handleLoss();
			}
		});
		this.#options.onOpened(tunnel);
		this.#outage.attempt = 0;
		const outageMs = this.#outage.recordRecovery();
		if (this.#isInterrupted) {
			this.#isInterrupted = false;
			this.#options.onRestored(outageMs);
		}

		this.#queue.serve(() => this.#lease());
		this.#onIdle(tunnel);
	}

	/** An interruption only if the replacement fails too. */
	#handleLoss(): void {
		this.#mustConfirmPod = true;
		if (this.tunnels.size === 0) {
			this.#outage.recordLoss();
		}

		this.fill();
	}

	/** Concurrent failures count as one attempt. */
	#handleFailure(error: SpokeError): void {
		if (this.#retryTimer) {
			return;
		}

		const retryInMs = this.#outage.recordFailure();
		if (this.tunnels.size === 0) {
			this.#outage.recordLoss();
			this.#isInterrupted = true;
			this.#options.onInterrupted(error, this.#outage.attempt, retryInMs);
		}

		this.#retryTimer = setTimeout(() => {
			this.#cancelRetry();
			this.fill();
		}, retryInMs);
	}

	/** A tunnel is needed now, or never again. */
	#cancelRetry(): void {
		clearTimeout(this.#retryTimer);
		this.#retryTimer = undefined;
	}
}

function podChangedError(): SpokeError {
	return new SpokeError('ERR_TARGET_GONE', 'the pod is no longer the target of the forward');
}
