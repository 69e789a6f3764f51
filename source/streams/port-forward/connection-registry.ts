/** Which connections does a forward have, and what have they carried? */
import type {Socket} from 'node:net';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import type {EventQueue} from './event-queue.ts';
import type {ForwardEvent, ForwardTotals, ConnectionSnapshot} from './forward-event.ts';
import type {ConnectionOutcome, ForwardedConnection} from './forwarded-connection.ts';

/** How a connection goes on behind its opening. */
export type RegisteredConnection = {
	/** To be called once it is on a tunnel. */
	started(connection: ForwardedConnection): void;
	/** Exactly one closed or failed follows every opened. It is over at once; a failure is told as what `named` comes to, which must not reject. */
	ends(outcome: ConnectionOutcome, named?: (error: SpokeError) => Promise<SpokeError>): void;
	congested(is: boolean): void;
	readonly live: ConnectionSnapshot;
	readonly connection: ForwardedConnection | undefined;
};

/** The connections of one forward. */
export class ConnectionRegistry {
	readonly #id: string;
	readonly #events: EventQueue<ForwardEvent>;
	readonly #open = new Map<
		string,
		{live: Omit<ConnectionSnapshot, 'up' | 'down' | 'congested'>; congested: boolean; connection: ForwardedConnection | undefined}
	>();
	readonly #totals: ForwardTotals = {connections: 0, failed: 0, up: 0, down: 0};
	#number = 0;

	constructor(id: string, events: EventQueue<ForwardEvent>) {
		this.#id = id;
		this.#events = events;
	}

	/** Books a connection and tells of it. */
	open({
		socket,
		pod,
		tunnel,
		shared,
		port,
		remotePort,
	}: {
		socket: Socket;
		pod: string;
		tunnel: string | null;
		shared: boolean;
		port: number;
		remotePort: number;
	}): RegisteredConnection {
		const connection = `${this.#id}.${++this.#number}`;
		const live = {connection, client: clientOf(socket), pod, tunnel, shared, since: performance.now()};
		const entry = {live, congested: false, connection: undefined as ForwardedConnection | undefined};
		this.#open.set(connection, entry);
		this.#totals.connections++;
		this.#events.push({event: 'connection-opened', forward: this.#id, connection, client: live.client, port, pod, tunnel, shared});
		const forward = this.#id;
		return {
			get live() {
				return liveOf(entry);
			},
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
				this.#events.push({event: is ? 'connection-congested' : 'connection-flowing', forward, connection, tunnel});
			},
			ends: ({end, error}, named = async error => error) => {
				if (!this.#open.delete(connection)) {
					return;
				}

				const {up = 0, down = 0} = entry.connection ?? {};
				const counts = {forward, connection, up, down, durationMs: Math.round(performance.now() - live.since)};
				this.#totals.up += up;
				this.#totals.down += down;
				this.#totals.failed += error ? 1 : 0;
				if (error) {
					void named(error).then(error => {
						this.#events.push({event: 'connection-failed', ...counts, port, remotePort, error});
					});
				} else {
					this.#events.push({event: 'connection-closed', ...counts, end});
				}
			},
		};
	}

	get live(): readonly ConnectionSnapshot[] {
		return [...this.#open.values()].map(entry => liveOf(entry));
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

function liveOf({
	live,
	congested,
	connection,
}: {
	live: Omit<ConnectionSnapshot, 'up' | 'down' | 'congested'>;
	congested: boolean;
	connection: ForwardedConnection | undefined;
}): ConnectionSnapshot {
	return {...live, congested, up: connection?.up ?? 0, down: connection?.down ?? 0};
}

/** `127.0.0.1:53211`, `[::1]:53211`. */
function clientOf({remoteAddress = '', remotePort = 0}: Socket): string {
	return joinHostPort(remoteAddress, remotePort);
}
