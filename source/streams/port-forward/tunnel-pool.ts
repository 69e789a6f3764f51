/** Keeps tunnels to one pod ready for the next connections. */
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {maxUnsharedConnections, type PooledTunnel, type TunnelLease, TunnelSlots} from './tunnel-slots.ts';

/** Tunnels kept open without a connection: two at first, more when connections came quicker than tunnels. */
export const maxIdleTunnels = 4;
const initialIdleTunnels = 2;

const maxOpening = 8;
/** The first bytes of a connection go before the next handshake, which takes as long again; sooner when no tunnel is left, milliseconds. */
const fillDelayMs = 40;
const emptyFillDelayMs = 15;

export type PoolOptions<T extends PooledTunnel> = OutageCallbacks & {
	open: (signal: AbortSignal) => Promise<T>;
	/** Another tunnel is ready for use. */
	onOpened: (tunnel: T) => void;
};

/** The tunnels to one pod. */
export class TunnelPool<T extends PooledTunnel> {
	readonly #options: PoolOptions<T>;
	readonly #slots: TunnelSlots<T>;
	readonly #queue = new WaitQueue<TunnelLease<T>>();
	readonly #outage: TunnelOutage;
	readonly #fillTimer = new EarliestTimer(() => {
		this.#fill();
	});

	readonly #retired = new AbortController();
	#opening = 0;
	#targetIdle = initialIdleTunnels;

	constructor(options: PoolOptions<T>) {
		this.#options = options;
		this.#outage = new TunnelOutage(options);
		this.#slots = new TunnelSlots(tunnel => {
			this.#serve();
			this.#endSurplus(tunnel);
		});
	}

	/** Opens the first tunnel. @throws SpokeError why there is none; nothing is tried again then. */
	async start(): Promise<T> {
		const tunnel = await this.#options.open(this.#retired.signal);
		this.#admit(tunnel);
		this.#fillSoon();
		return tunnel;
	}

	/** Opens the first tunnel, as often as it takes. */
	warm(): void {
		this.#fill();
	}

	/** Leases a tunnel, at once if one is ready. @throws the signal's reason, or a SpokeError when the pool is retired. */
	async acquire(signal: AbortSignal): Promise<TunnelLease<T>> {
		signal.throwIfAborted();
		if (this.#isRetired) {
			throw podChangedError();
		}

		const ready = this.#queue.length === 0 ? this.#slots.acquire() : undefined;
		if (ready) {
			this.#fillSoon();
			return ready;
		}

		this.#targetIdle = maxIdleTunnels;
		const lease = this.#queue.wait(signal);
		// A caller waits.
		this.#outage.cancelWait();
		this.#fill();
		return lease;
	}

	/** Opens no more tunnels; each ends with its last connection. Waiters are rejected. */
	retire(): void {
		this.#retired.abort();
		this.#outage.cancelWait();
		this.#fillTimer.stop();
		this.#queue.rejectAll(podChangedError);
		for (const tunnel of this.#slots.all.keys()) {
			this.#slots.endIdle(tunnel);
		}
	}

	/** Replaces all tunnels: those without a connection end now, the others with their last one. */
	renew(): void {
		this.#slots.renew();
		this.#fill();
	}

	/** Ends everything at once. */
	destroy(error: SpokeError | null = null): void {
		this.retire();
		this.#slots.destroy(error);
	}

	/** Tunnels of now, with their connections. */
	get tunnels(): ReadonlyMap<T, number> {
		return this.#slots.all;
	}

	get #isRetired(): boolean {
		return this.#retired.signal.aborted;
	}

	#serve(): void {
		this.#queue.serve(() => this.#slots.acquire());
	}

	#endSurplus(tunnel: T): void {
		if (this.#isRetired || this.#slots.idle > maxIdleTunnels) {
			this.#slots.endIdle(tunnel);
		}
	}

	/** How many tunnels are missing: for those who wait, and to keep some ready. */
	get #missing(): number {
		const waiting = this.#queue.length;
		// A waiter that could share a tunnel has found each of them stalled.
		return waiting > 0 ? Math.min(waiting, Math.max(1, maxUnsharedConnections - this.#slots.total)) : this.#targetIdle - this.#slots.idle;
	}

	#fill(): void {
		if (this.#isRetired || this.#outage.isWaiting) {
			return;
		}

		// After a failure one at a time, until one succeeds.
		const limit = this.#outage.hasFailed ? 1 : maxOpening;
		for (let missing = this.#missing - this.#opening; missing > 0 && this.#opening < limit; missing--) {
			void this.#openOne();
		}
	}

	/** Delays the handshake, so that it does not delay the connection that made it necessary; a connection that waits starts it. */
	#fillSoon(): void {
		this.#fillTimer.scheduleWithin(this.#slots.idle === 0 ? emptyFillDelayMs : fillDelayMs);
	}

	async #openOne(): Promise<void> {
		this.#opening++;
		try {
			const tunnel = await this.#options.open(this.#retired.signal);
			this.#opening--;
			this.#admit(tunnel);
		} catch (thrown) {
			this.#opening--;
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
		this.#endSurplus(tunnel);
	}

	/** A tunnel ended by itself: another is opened, and only if that fails, too, is it an interruption. */
	#handleLoss(): void {
		if (this.#slots.all.size === 0) {
			this.#outage.recordEmpty();
		}

		this.#fill();
	}
}

function podChangedError(): SpokeError {
	return new SpokeError('ERR_TARGET_GONE', 'the pod is no longer the target of the forward');
}

/** Calls back once, at the earliest of the scheduled times. */
export class EarliestTimer {
	readonly #callback: () => void;
	#timer: NodeJS.Timeout | undefined;
	#dueAt = 0;

	constructor(callback: () => void) {
		this.#callback = callback;
	}

	/** No later than `ms` from now. */
	scheduleWithin(ms: number): void {
		const dueAt = performance.now() + ms;
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

type Waiter<Item> = {resolve: (item: Item) => void; reject: (error: Error) => void};

export class WaitQueue<Item> {
	readonly #waiters: Array<Waiter<Item>> = [];

	get length(): number {
		return this.#waiters.length;
	}

	/** @throws the signal's reason, or the error of `rejectAll` */
	async wait(signal: AbortSignal): Promise<Item> {
		const {promise, resolve, reject} = Promise.withResolvers<Item>();
		const waiter: Waiter<Item> = {resolve, reject};
		const onAbort = () => {
			this.#remove(waiter);
			reject(signal.reason as Error);
		};

		signal.addEventListener('abort', onAbort);
		this.#waiters.push(waiter);
		try {
			return await promise;
		} finally {
			signal.removeEventListener('abort', onAbort);
		}
	}

	/** Serves waiters while `next` returns items. */
	serve(next: () => Item | undefined): void {
		while (this.#waiters.length > 0) {
			const item = next();
			if (item === undefined) {
				return;
			}

			this.#waiters.shift()!.resolve(item);
		}
	}

	rejectAll(error: () => Error): void {
		for (const {reject} of this.#waiters.splice(0)) {
			reject(error());
		}
	}

	#remove(waiter: Waiter<Item>): void {
		const index = this.#waiters.indexOf(waiter);
		if (index >= 0) {
			this.#waiters.splice(index, 1);
		}
	}
}

type OutageCallbacks = {
	/** It is tried again in `retryInMs`. */
	onInterrupted: (error: SpokeError, attempt: number, retryInMs: number) => void;
	onRestored: (outageMs: number) => void;
};

const initialDelayMs = 500;
const maxDelayMs = 4000;

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

	/** The last tunnel ended by itself: it is an interruption only if another cannot be opened. */
	recordEmpty(): void {
		this.#emptySince ??= performance.now();
	}

	/** A tunnel was opened. */
	recordOpened(): void {
		this.#attempt = 0;
		this.#emptySince = undefined;
		if (this.#lostAt !== undefined) {
			const outageMs = performance.now() - this.#lostAt;
			this.#lostAt = undefined;
			this.#callbacks.onRestored(Math.round(outageMs));
		}
	}

	/** A tunnel could not be opened: `retry` is called when it is time. `isEmpty`: there is no other one. */
	recordFailure(error: SpokeError, isEmpty: boolean, retry: () => void): void {
		// Several that were under way at once fail together: one attempt.
		if (this.isWaiting) {
			return;
		}

		const retryInMs = Math.round(Math.min(initialDelayMs * 2 ** this.#attempt, maxDelayMs) * (0.75 + Math.random() / 2));
		this.#attempt++;
		if (isEmpty) {
			this.#lostAt ??= this.#emptySince ?? performance.now();
			this.#emptySince = undefined;
			this.#callbacks.onInterrupted(error, this.#attempt, retryInMs);
		}

		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			retry();
		}, retryInMs);
	}

	/** Nothing is waited for any more: somebody needs a tunnel now, or nobody ever again. */
	cancelWait(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}
}
