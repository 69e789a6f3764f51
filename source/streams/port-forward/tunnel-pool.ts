/** How many tunnels to a pod are kept ready for the next connection, and when is another opened? */
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {EarliestTimer} from './earliest-timer.ts';
import {TunnelOutage, type OutageCallbacks} from './tunnel-outage.ts';
import {maxUnsharedConnections, TunnelSlots, type TunnelLease, type PooledTunnel} from './tunnel-slots.ts';
import {WaitQueue} from './wait-queue.ts';

/** Tunnels kept open without a connection: two at first, more when connections came quicker than tunnels. */
export const maxIdleTunnels = 4;
const firstIdle = 2;

const mostOpening = 8;
/** The first bytes of a connection go before the next handshake, which takes as long again; sooner when no tunnel is left, milliseconds. */
const fillAfterMs = 40;
const fillEmptyAfterMs = 15;

export type PoolOptions<T extends PooledTunnel> = OutageCallbacks & {
	open: (signal: AbortSignal) => Promise<T>;
	/** Another tunnel is ready for use. */
	onOpened: (tunnel: T) => void;
};

/** The tunnels to one pod. */
export class TunnelPool<T extends PooledTunnel> {
	readonly #options: PoolOptions<T>;
	readonly #places: TunnelSlots<T>;
	readonly #waiting = new WaitQueue<TunnelLease<T>>();
	readonly #outage: TunnelOutage;
	readonly #filling = new EarliestTimer(() => {
		this.#fill();
	});

	readonly #retired = new AbortController();
	#opening = 0;
	#keptIdle = firstIdle;

	constructor(options: PoolOptions<T>) {
		this.#options = options;
		this.#outage = new TunnelOutage(options);
		this.#places = new TunnelSlots(tunnel => {
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

	/** A place on a tunnel: at once where one is ready. @throws the signal's reason, or a SpokeError when the pool is retired. */
	async take(signal: AbortSignal): Promise<TunnelLease<T>> {
		signal.throwIfAborted();
		if (this.#isRetired) {
			throw gone();
		}

		const ready = this.#waiting.length === 0 ? this.#places.take() : undefined;
		if (ready) {
			this.#fillSoon();
			return ready;
		}

		this.#keptIdle = maxIdleTunnels;
		const lease = this.#waiting.wait(signal);
		// Somebody needs it now.
		this.#outage.endWait();
		this.#fill();
		return lease;
	}

	/** Opens nothing more; each tunnel ends with its last connection. Those who wait are turned away. */
	retire(): void {
		this.#retired.abort();
		this.#outage.endWait();
		this.#filling.stop();
		this.#waiting.rejectAll(gone);
		for (const tunnel of this.#places.all.keys()) {
			this.#places.endIdle(tunnel);
		}
	}

	/** Replaces all tunnels: those without a connection end now, the others with their last one. */
	renew(): void {
		this.#places.renew();
		this.#fill();
	}

	/** Ends everything at once. */
	destroy(error: SpokeError | null = null): void {
		this.retire();
		this.#places.destroy(error);
	}

	/** Tunnels of now, with their connections. */
	get tunnels(): ReadonlyMap<T, number> {
		return this.#places.all;
	}

	get #isRetired(): boolean {
		return this.#retired.signal.aborted;
	}

	#serve(): void {
		this.#waiting.serve(() => this.#places.take());
	}

	/** One that nobody uses, and that is more than are kept. */
	#endSurplus(tunnel: T): void {
		if (this.#isRetired || this.#places.idle > maxIdleTunnels) {
			this.#places.endIdle(tunnel);
		}
	}

	/** How many tunnels are missing: for those who wait, and to keep some ready. */
	get #missing(): number {
		const waiting = this.#waiting.length;
		// Whoever waits although others may be joined finds each of them stalled.
		return waiting > 0 ? Math.min(waiting, Math.max(1, maxUnsharedConnections - this.#places.total)) : this.#keptIdle - this.#places.idle;
	}

	#fill(): void {
		if (this.#isRetired || this.#outage.isWaiting) {
			return;
		}

		// After a failure one at a time, until one succeeds.
		const most = this.#outage.isTroubled ? 1 : mostOpening;
		for (let missing = this.#missing - this.#opening; missing > 0 && this.#opening < most; missing--) {
			void this.#openOne();
		}
	}

	/** A handshake must not stand in the way of the connection that made it necessary: whoever comes before it has begun begins it. */
	#fillSoon(): void {
		this.#filling.scheduleWithin(this.#places.idle === 0 ? fillEmptyAfterMs : fillAfterMs);
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
				this.#outage.failed(toSpokeError(thrown), this.#places.all.size === 0, () => {
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

		this.#places.add(tunnel);
		tunnel.session.once('close', () => {
			if (this.#places.drop(tunnel) && !this.#isRetired) {
				this.#lost();
			}
		});
		this.#options.onOpened(tunnel);
		this.#outage.opened();
		this.#serve();
		this.#endSurplus(tunnel);
	}

	/** A tunnel ended by itself: another is opened, and only if that fails, too, is it an interruption. */
	#lost(): void {
		if (this.#places.all.size === 0) {
			this.#outage.emptied();
		}

		this.#fill();
	}
}

function gone(): SpokeError {
	return new SpokeError('ERR_TARGET_GONE', 'the pod is no longer the one that is forwarded to');
}
