/** Opens a stream's connection, which the observer can use first. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {Connection} from '../cluster/connection.ts';
import {toSpokeError} from '../errors/spoke-error.ts';
import type {ConnectionPurpose, ConnectionObserver} from './connection-observer.ts';

/**
After a timeout of the observer, the stream gets a new connection.
@throws as `ClusterClient.connect`; never an error of the observer
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
	} catch {}

	if (connection.usable) {
		return connection;
	}

	observer?.onClosed?.(connection, purpose);
	connection.close();
	return cluster.connect(options);
}

/** Reports an aborted stream as closed, not failed. */
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
