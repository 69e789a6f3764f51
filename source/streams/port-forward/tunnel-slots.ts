/** Assigns connections to the tunnels of one pod. */
import type {SpokeError} from '../../errors/spoke-error.ts';
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

/** Further connections share tunnels instead of waiting. */
export const maxUnsharedConnections = 16;

/** A stream alone on its tunnel can block it early. */
const bufferBytes = {alone: 256 * 1024, shared: 2 * 1024 * 1024} as const;

type SlotCallbacks<T> = {
	onFreed: (tunnel: T) => void;
	/** An idle tunnel was removed because it is stale. */
	onStale: () => void;
};

export class TunnelSlots<T extends PooledTunnel> {
	readonly #connections = new Map<T, number>();
	/** Replaced; their connections end normally. */
	readonly #retiring = new Map<T, number>();
	readonly #callbacks: SlotCallbacks<T>;

	constructor(callbacks: SlotCallbacks<T>) {
		this.#callbacks = callbacks;
	}

	/** Tunnels in order of use. */
	get all(): ReadonlyMap<T, number> {
		return this.#connections;
	}

	get total(): number {
		let total = 0;
		for (const connections of this.#connections.values()) {
			total += connections;
		}

		return total;
	}

	get idle(): number {
		let idle = 0;
		for (const connections of this.#connections.values()) {
			idle += connections === 0 ? 1 : 0;
		}

		return idle;
	}

	add(tunnel: T): void {
		this.#connections.set(tunnel, 0);
	}

	/** False if it was no longer available. */
	remove(tunnel: T): boolean {
		this.#retiring.delete(tunnel);
		return this.#connections.delete(tunnel);
	}

	/** Shares tunnels only from `maxUnsharedConnections`. */
	acquire(): TunnelLease<T> | undefined {
		let best: T | undefined;
		let fewest = this.total >= maxUnsharedConnections ? Infinity : 1;
		for (const [tunnel, connections] of this.#connections) {
			if (connections === 0 && tunnel.isStale) {
				this.#connections.delete(tunnel);
				tunnel.session.destroy();
				this.#callbacks.onStale();
			} else if (connections < fewest && tunnel.session.usable && tunnel.session.congestedStreams.size === 0) {
				best = tunnel;
				fewest = connections;
			}
		}

		return best && this.#lease(best);
	}

	endIdle(tunnel: T): void {
		if (this.#connections.get(tunnel) === 0) {
			this.#connections.delete(tunnel);
			tunnel.session.end();
		}
	}

	/** Idle tunnels end now, the others with their last connection. */
	renew(): void {
		for (const [tunnel, connections] of this.#connections) {
			this.#connections.delete(tunnel);
			if (connections === 0) {
				tunnel.session.end();
			} else {
				this.#retiring.set(tunnel, connections);
			}
		}
	}

	destroy(): void {
		for (const tunnel of [...this.#connections.keys(), ...this.#retiring.keys()]) {
			tunnel.session.destroy();
		}
	}

	#lease(tunnel: T): TunnelLease<T> {
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
		const retiring = this.#retiring.get(tunnel);
		const connections = this.#connections.get(tunnel);
		if (retiring !== undefined) {
			this.#releaseRetiring(tunnel, retiring - 1);
		} else if (connections !== undefined) {
			// Last in order: leave time to read what the last connection left in transit.
			this.#connections.delete(tunnel);
			this.#connections.set(tunnel, connections - 1);
			this.#callbacks.onFreed(tunnel);
		}
	}

	#releaseRetiring(tunnel: T, connections: number): void {
		this.#retiring.set(tunnel, connections);
		if (connections === 0) {
			this.#retiring.delete(tunnel);
			tunnel.session.end();
		}
	}
}
