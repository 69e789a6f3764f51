/** Which tunnel does a new connection go through, and how many are kept ready for the next? */
import {asSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import type {Tunnel} from './tunnel.ts';

/** Up to so many connections own a tunnel each; those beyond do not wait for more tunnels, but share these. */
const owners = 16;
/** Tunnels kept open without a connection: two at first, more when connections came quicker than tunnels. */
export const mostIdle = 4;

const mostOpening = 8;
/** The first bytes of a connection go before the next handshake, which takes as long again; sooner when no tunnel is left, milliseconds. */
const fillAfterMs = 40;
const fillEmptyAfterMs = 15;
const firstRetryMs = 500;
const longestRetryMs = 4000;

export type PooledTunnel = Pick<Tunnel, 'id' | 'carrier' | 'stale'> & {
	session: Pick<Tunnel['session'], 'usable' | 'destroy' | 'end'> & {
		readonly congestedStreams: {readonly size: number};
		once(event: 'close', listener: (error: SpokeError | null) => void): unknown;
		streamBufferBytes: number;
	};
};

export type Lease<T extends PooledTunnel> = {
	tunnel: T;
	/** Another connection is on the tunnel, too. */
	shared: boolean;
	release(): void;
};

export type PoolOptions<T extends PooledTunnel> = {
	open: (signal: AbortSignal) => Promise<T>;
	/** No tunnel is left and none can be opened; it is tried again in `retryInMs`. */
	onInterrupted: (error: SpokeError, attempt: number, retryInMs: number) => void;
	onRestored: (outageMs: number) => void;
	/** Another tunnel is ready for use. */
	onOpened: (tunnel: T) => void;
};

/** A stream alone on its tunnel may stop it early; sharers bear with each other longer. */
const bufferBytes = {alone: 256 * 1024, shared: 2 * 1024 * 1024} as const;

type Waiter<T extends PooledTunnel> = {resolve: (lease: Lease<T>) => void; reject: (error: Error) => void};

/** The tunnels to one pod. */
export class TunnelPool<T extends PooledTunnel> {
	readonly #options: PoolOptions<T>;
	readonly #connections = new Map<T, number>();
	/** Taken out of use by `renew`, with connections that may end in peace. */
	readonly #leaving = new Map<T, number>();
	readonly #waiters: Array<Waiter<T>> = [];
	readonly #closed = new AbortController();
	#opening = 0;
	#keptIdle = 2;
	#retired = false;
	#attempt = 0;
	#emptySince: number | undefined;
	#lostAt: number | undefined;
	#retryTimer: NodeJS.Timeout | undefined;
	#fillTimer: NodeJS.Timeout | undefined;
	#fillAt = 0;

	constructor(options: PoolOptions<T>) {
		this.#options = options;
	}

	/** Opens the first tunnel. @throws SpokeError why there is none; nothing is tried again then. */
	async start(): Promise<T> {
		const tunnel = await this.#options.open(this.#closed.signal);
		this.#admit(tunnel);
		this.#fillSoon();
		return tunnel;
	}

	/** Opens the first tunnel, as often as it takes. */
	warm(): void {
		this.#fill();
	}

	/** A place on a tunnel: at once where one is ready. @throws the signal's reason, or a SpokeError when the pool is retired. */
	async take(signal: AbortSignal): Promise<Lease<T>> {
		signal.throwIfAborted();
		if (this.#retired) {
			throw gone();
		}

		const ready = this.#waiters.length === 0 ? this.#place() : undefined;
		if (ready) {
			this.#fillSoon();
			return ready;
		}

		this.#keptIdle = mostIdle;
		const {promise, resolve, reject} = Promise.withResolvers<Lease<T>>();
		const waiter: Waiter<T> = {resolve, reject};
		const aborted = () => {
			this.#forget(waiter);
			reject(signal.reason as Error);
		};

		signal.addEventListener('abort', aborted);
		this.#waiters.push(waiter);
		if (this.#retryTimer) {
			// Somebody needs it now.
			clearTimeout(this.#retryTimer);
			this.#retryTimer = undefined;
		}

		this.#fill();
		try {
			return await promise;
		} finally {
			signal.removeEventListener('abort', aborted);
		}
	}

	/** Opens nothing more; each tunnel ends with its last connection. Those who wait are turned away. */
	retire(): void {
		this.#retired = true;
		this.#closed.abort();
		clearTimeout(this.#retryTimer);
		clearTimeout(this.#fillTimer);
		for (const {reject} of this.#waiters.splice(0)) {
			reject(gone());
		}

		for (const [tunnel, connections] of this.#connections) {
			if (connections === 0) {
				this.#end(tunnel);
			}
		}
	}

	/** Replaces all tunnels: those without a connection end now, the others with their last one. */
	renew(): void {
		for (const [tunnel, connections] of this.#connections) {
			this.#connections.delete(tunnel);
			if (connections === 0) {
				tunnel.session.end();
			} else {
				this.#leaving.set(tunnel, connections);
			}
		}

		this.#fill();
	}

	/** Ends everything at once. */
	destroy(error: SpokeError | null = null): void {
		this.retire();
		for (const tunnel of [...this.#connections.keys(), ...this.#leaving.keys()]) {
			tunnel.session.destroy(error);
		}
	}

	/** Tunnels of now, with their connections. */
	get tunnels(): ReadonlyMap<T, number> {
		return this.#connections;
	}

	/** The best tunnel of now: an unused one; a shared one only when as many as may own one do. */
	#place(): Lease<T> | undefined {
		let best: T | undefined;
		let fewest = this.#total >= owners ? Infinity : 1;
		for (const [tunnel, connections] of this.#connections) {
			if (connections === 0 && tunnel.stale) {
				this.#connections.delete(tunnel);
				tunnel.session.destroy();
			} else if (connections < fewest && tunnel.session.usable && tunnel.session.congestedStreams.size === 0) {
				best = tunnel;
				fewest = connections;
			}
		}

		return best && this.#lease(best);
	}

	#lease(tunnel: T): Lease<T> {
		const connections = (this.#connections.get(tunnel) ?? 0) + 1;
		this.#connections.set(tunnel, connections);
		tunnel.session.streamBufferBytes = connections > 1 ? bufferBytes.shared : bufferBytes.alone;
		let released = false;
		return {
			tunnel,
			shared: connections > 1,
			release: () => {
				if (released) {
					return;
				}

				released = true;
				this.#release(tunnel);
			},
		};
	}

	#release(tunnel: T): void {
		const leaving = this.#leaving.get(tunnel);
		if (leaving !== undefined) {
			this.#leaving.set(tunnel, leaving - 1);
			if (leaving === 1) {
				this.#leaving.delete(tunnel);
				tunnel.session.end();
			}

			return;
		}

		const connections = this.#connections.get(tunnel);
		if (connections === undefined) {
			return;
		}

		// To the end of the line: what the last connection left on its way has time to be read over.
		this.#connections.delete(tunnel);
		this.#connections.set(tunnel, connections - 1);
		this.#serve();
		if (this.#connections.get(tunnel) === 0 && (this.#retired || this.#idle > mostIdle)) {
			this.#end(tunnel);
		}
	}

	get #total(): number {
		let total = 0;
		for (const connections of this.#connections.values()) {
			total += connections;
		}

		return total;
	}

	get #idle(): number {
		let idle = 0;
		for (const connections of this.#connections.values()) {
			idle += connections === 0 ? 1 : 0;
		}

		return idle;
	}

	#end(tunnel: T): void {
		this.#connections.delete(tunnel);
		tunnel.session.end();
	}

	#forget(waiter: Waiter<T>): void {
		const at = this.#waiters.indexOf(waiter);
		if (at >= 0) {
			this.#waiters.splice(at, 1);
		}
	}

	#serve(): void {
		while (this.#waiters.length > 0) {
			const lease = this.#place();
			if (!lease) {
				return;
			}

			this.#waiters.shift()!.resolve(lease);
		}
	}

	/** How many tunnels are missing: for those who wait, and to keep some ready. */
	get #missing(): number {
		const waiting = this.#waiters.length;
		// Whoever waits although others may be joined finds each of them stalled.
		return waiting > 0 ? Math.min(waiting, Math.max(1, owners - this.#total)) : this.#keptIdle - this.#idle;
	}

	#fill(): void {
		if (this.#retired || this.#retryTimer) {
			return;
		}

		// After a failure one at a time, until one succeeds.
		const most = this.#attempt > 0 ? 1 : mostOpening;
		for (let missing = this.#missing - this.#opening; missing > 0 && this.#opening < most; missing--) {
			void this.#openOne();
		}
	}

	/** A handshake must not stand in the way of the connection that made it necessary: whoever comes before it has begun begins it. */
	#fillSoon(): void {
		const fillAt = performance.now() + (this.#idle === 0 ? fillEmptyAfterMs : fillAfterMs);
		if (this.#fillTimer && this.#fillAt <= fillAt) {
			return;
		}

		clearTimeout(this.#fillTimer);
		this.#fillAt = fillAt;
		this.#fillTimer = setTimeout(() => {
			this.#fillTimer = undefined;
			this.#fill();
		}, fillAt - performance.now());
	}

	async #openOne(): Promise<void> {
		this.#opening++;
		try {
			const tunnel = await this.#options.open(this.#closed.signal);
			this.#opening--;
			this.#attempt = 0;
			this.#admit(tunnel);
		} catch (thrown) {
			this.#opening--;
			if (!this.#retired) {
				this.#troubled(asSpokeError(thrown));
			}

			return;
		}

		this.#fill();
	}

	#admit(tunnel: T): void {
		if (this.#retired) {
			tunnel.session.end();
			return;
		}

		this.#connections.set(tunnel, 0);
		tunnel.session.once('close', () => {
			this.#leaving.delete(tunnel);
			if (this.#connections.delete(tunnel) && !this.#retired) {
				this.#lost();
			}
		});
		this.#emptySince = undefined;
		this.#options.onOpened(tunnel);
		if (this.#lostAt !== undefined) {
			const outageMs = performance.now() - this.#lostAt;
			this.#lostAt = undefined;
			this.#options.onRestored(Math.round(outageMs));
		}

		this.#serve();
		if (this.#idle > mostIdle) {
			this.#end(tunnel);
		}
	}

	/** A tunnel ended by itself: another is opened, and only if that fails, too, is it an interruption. */
	#lost(): void {
		if (this.#connections.size === 0) {
			this.#emptySince ??= performance.now();
		}

		this.#fill();
	}

	#troubled(error: SpokeError): void {
		// Several that were under way at once fail together: one attempt.
		if (this.#retryTimer) {
			return;
		}

		const retryInMs = Math.round(Math.min(firstRetryMs * (2 ** this.#attempt), longestRetryMs) * (0.75 + (Math.random() / 2)));
		this.#attempt++;
		if (this.#connections.size === 0) {
			this.#lostAt ??= this.#emptySince ?? performance.now();
			this.#emptySince = undefined;
			this.#options.onInterrupted(error, this.#attempt, retryInMs);
		}

		this.#retryTimer = setTimeout(() => {
			this.#retryTimer = undefined;
			this.#fill();
		}, retryInMs);
	}
}

function gone(): SpokeError {
	return new SpokeError('ERR_TARGET_GONE', 'the pod is no longer the one that is forwarded to');
}
