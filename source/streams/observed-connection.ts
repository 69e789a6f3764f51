/** Opens the connection of a stream and lets the observer use it first. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {Connection} from '../cluster/connection.ts';
import {toSpokeError} from '../errors/spoke-error.ts';
import type {ConnectionPurpose, ConnectionObserver} from './connection-observer.ts';

/**
Opens a dedicated connection and lets the observer use it before the request that makes it a stream.
An observer whose request timed out leaves the connection unusable; the stream then gets a fresh one, unread.
@throws what `ClusterClient.connect` throws; never an error of the observer.
*/
export async function connectObserved(
	cluster: ClusterClient,
	purpose: ConnectionPurpose,
	observer: ConnectionObserver | undefined,
	signal?: AbortSignal,
): Promise<Connection> {
	const options = signal ? {signal} : {};
	const connection = await cluster.connect(options);
	try {
		await observer?.beforeUse?.(connection, purpose);
	} catch {
		// Errors of the observer do not concern the stream.
	}

	if (connection.usable) {
		return connection;
	}

	observer?.onClosed?.(connection, purpose);
	connection.close();
	return cluster.connect(options);
}

/** Reports to the observer that a stream was not opened; an aborted one is closed, not failed. */
export function reportNotOpened(
	observer: ConnectionObserver | undefined,
	connection: Connection | null,
	purpose: ConnectionPurpose,
	{thrown, signal}: {thrown: unknown; signal: AbortSignal | undefined},
): void {
	if (!signal?.aborted) {
		observer?.onFailed?.(connection, purpose, toSpokeError(thrown));
	} else if (connection) {
		observer?.onClosed?.(connection, purpose);
	}
}
