/** Open connections of one forward and their byte counts. */
import {monotonicMs} from '../../async/clock.ts';
import type {EventQueue} from '../../async/event-queue.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import type {ForwardEvent, ForwardTotals, ConnectionSnapshot} from './forward-event.ts';
import type {ConnectionOutcome, ForwardedConnection} from './forwarded-connection.ts';

export type RegisteredConnection = {
	started(connection: ForwardedConnection): void;
	/** `locate` adds the leg to a failure and must not reject. */
	close(outcome: ConnectionOutcome, locate?: (error: SpokeError) => Promise<SpokeError>): void;
	congested(is: boolean): void;
	readonly connection: ForwardedConnection | undefined;
};

type OpenEntry = {
	snapshot: Omit<ConnectionSnapshot, 'up' | 'down' | 'congested'>;
	congested: boolean;
	connection: ForwardedConnection | undefined;
};

export class ConnectionRegistry {
	readonly #id: string;
	readonly #events: EventQueue<ForwardEvent>;
	readonly #open = new Map<string, OpenEntry>();
	readonly #totals: ForwardTotals = {connections: 0, failed: 0, up: 0, down: 0};
	#number = 0;

	constructor(id: string, events: EventQueue<ForwardEvent>) {
		this.#id = id;
		this.#events = events;
	}

	open({
		client,
		pod,
		tunnel,
		shared,
		port,
		remotePort,
	}: {
		/** `127.0.0.1:53211`, `[::1]:53211`. */
		client: string;
		pod: string;
		tunnel: string | null;
		shared: boolean;
		port: number;
		/** `null` if the pod does not have the port. */
		remotePort: number | null;
	}): RegisteredConnection {
		const connection = `${this.#id}.${++this.#number}`;
		const snapshot = {connection, client, pod, tunnel, shared, since: monotonicMs()};
		const entry: OpenEntry = {snapshot, congested: false, connection: undefined};
		this.#open.set(connection, entry);
		this.#totals.connections++;
		this.#events.emit({event: 'connection-opened', forward: this.#id, connection, client, port, pod, tunnel, shared});
		const forward = this.#id;
		return {
			get connection() {
				return entry.connection;
			},
			started(running) {
				entry.connection = running;
			},
			congested: is => {
				if (entry.congested === is || !this.#open.has(connection)) {
					return;
				}

				entry.congested = is;
				this.#events.emit({event: is ? 'connection-congested' : 'connection-flowing', forward, connection, tunnel});
			},
			close: ({end, error}, locate = async error => error) => {
				if (!this.#open.delete(connection)) {
					return;
				}

				const {up = 0, down = 0} = entry.connection ?? {};
				const lastedUntil = (moment: number) => Math.round(moment - snapshot.since);
				const now = monotonicMs();
				const counts = {forward, connection, up, down, durationMs: lastedUntil(now)};
				this.#totals.up += up;
				this.#totals.down += down;
				this.#totals.failed += error ? 1 : 0;
				if (error) {
					void locate(error).then(error => {
						this.#events.emit({event: 'connection-failed', ...counts, port, ...(remotePort !== null && {remotePort}), error});
					});
				} else {
					const isNormal = end === 'client-fin' || end === 'pod-fin';
					const activeMs = lastedUntil((isNormal ? entry.connection?.endedAt : undefined) ?? now);
					this.#events.emit({event: 'connection-closed', ...counts, activeMs, end});
				}
			},
		};
	}

	get snapshot(): readonly ConnectionSnapshot[] {
		return [...this.#open.values()].map(entry => snapshotOf(entry));
	}

	get totals(): ForwardTotals {
		const totals = {...this.#totals};
		for (const {connection} of this.#open.values()) {
			totals.up += connection?.up ?? 0;
			totals.down += connection?.down ?? 0;
		}

		return totals;
	}
}

function snapshotOf({snapshot, congested, connection}: OpenEntry): ConnectionSnapshot {
	return {...snapshot, congested, up: connection?.up ?? 0, down: connection?.down ?? 0};
}
