/** How does a stream get its connection, so that the witness may read on it first without ever costing the stream its life? */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {Connection} from '../cluster/connection.ts';
import {toSpokeError} from '../errors/spoke-error.ts';
import type {ConnectionPurpose, ConnectionObserver} from './connection-observer.ts';

/**
Opens a dedicated connection and lets the witness use it before the request that makes it a stream.
A witness whose request met its limit leaves the connection unusable; the stream then gets a fresh one, unread.
@throws what `ClusterClient.connect` throws; never anything of the witness.
*/
export async function connectObserved(
	cluster: ClusterClient,
	purpose: ConnectionPurpose,
	witness: ConnectionObserver | undefined,
	signal?: AbortSignal,
): Promise<Connection> {
	const options = signal ? {signal} : {};
	const connection = await cluster.connect(options);
	try {
		await witness?.beforeUse?.(connection, purpose);
	} catch {
		// What the witness meets is its own affair.
	}

	if (connection.usable) {
		return connection;
	}

	witness?.closed?.(connection, purpose);
	connection.close();
	return cluster.connect(options);
}

/** Tells the witness that a stream did not come about: by a failure, unless whoever wanted it did not wait, which is nobody's. */
export function reportNotOpened(
	witness: ConnectionObserver | undefined,
	connection: Connection | null,
	purpose: ConnectionPurpose,
	{thrown, signal}: {thrown: unknown; signal: AbortSignal | undefined},
): void {
	if (!signal?.aborted) {
		witness?.failed?.(connection, purpose, toSpokeError(thrown));
	} else if (connection) {
		witness?.closed?.(connection, purpose);
	}
}
