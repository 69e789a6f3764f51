/** Open connections of one forward, their byte counts and their congestion. */
import type {Duplex} from 'node:stream';
import {monotonicMs} from '../../base/async/clock.ts';
import type {EventQueue} from '../../base/async/queues.ts';
import type {SpokeError} from '../../base/errors/spoke-error.ts';
import type {ForwardEvent, ForwardTotals, ConnectionSnapshot} from './forward-event.ts';
import type {ConnectionOutcome, ForwardedConnection} from './forwarded-connection.ts';

export type RegisteredConnection = {
	started(connection: ForwardedConnection): void;
	/** `locate` adds the leg to a failure and must not reject. */
	close(outcome: ConnectionOutcome, locate?: (error: SpokeError) => Promise<SpokeError>): void;
	congested(is: boolean): void;
	readonly connection: ForwardedConnection | undefined;
};

type OpenedConnection = Pick<ConnectionSnapshot, 'client' | 'pod' | 'tunnel' | 'shared'> & {
	port: number;
	/** `null` if the pod does not have the port. */
	remotePort: number | null;
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

	open({client, pod, tunnel, shared, port, remotePort}: OpenedConnection): RegisteredConnection {
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
		return [...this.#open.values()].map(({snapshot, congested, connection}) => ({
			...snapshot,
			congested,
			up: connection?.up ?? 0,
			down: connection?.down ?? 0,
		}));
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

const congestedAfterMs = 1000;
/** How long data must flow again before the end of congestion is reported. */
const calmAfterMs = 5000;

/** Reports congestion while the client of `data` reads too slowly and so blocks the tunnel. Returns a function that stops the reports. */
export function watchCongestion(data: Duplex, connection: Pick<RegisteredConnection, 'congested'>): () => void {
	let congestedTimer: NodeJS.Timeout | undefined;
	let calmTimer: NodeJS.Timeout | undefined;
	let isReported = false;
	const onCongested = () => {
		clearTimeout(calmTimer);
		congestedTimer ??= setTimeout(() => {
			isReported = true;
			connection.congested(true);
		}, congestedAfterMs);
	};

	const onFlowing = () => {
		clearTimeout(congestedTimer);
		congestedTimer = undefined;
		if (isReported) {
			calmTimer = setTimeout(() => {
				isReported = false;
				connection.congested(false);
			}, calmAfterMs);
		}
	};

	data.on('congested', onCongested).on('flowing', onFlowing);
	return () => {
		clearTimeout(congestedTimer);
		clearTimeout(calmTimer);
		data.off('congested', onCongested).off('flowing', onFlowing);
	};
}
