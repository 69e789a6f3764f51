/** Opens a stream's connection, which the observer can use first. */
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import {toSpokeError} from '../errors/spoke-error.ts';
import type {ConnectionPurpose, ConnectionObserver} from './connection-observer.ts';
import {SpeculativeConnection} from './speculative-request.ts';
import {isStoppedByGate, passStreamGate} from './stream-gate.ts';

/**
After a timeout of the observer, the stream gets a new connection, which is not passed to `beforeUse`; if the response to a speculative
request cannot be used, one that is. The cluster's gate decides on the one that is returned.
@throws as `ClusterClient.connect`, and what the gate throws; never an error of the observer
*/
export async function connectObserved(
	cluster: ClusterClient,
	purpose: ConnectionPurpose,
	observer: ConnectionObserver | undefined,
	{signal, canShare = false}: {signal?: AbortSignal | undefined; canShare?: boolean | undefined} = {},
): Promise<Connection> {
	const options = {canShare, ...(signal && {signal})};
	let connection = await cluster.connect(options);
	const discard = () => {
		observer?.onClosed?.(connection, purpose);
		connection.close();
	};

	if (connection instanceof SpeculativeConnection) {
		connection.openReplacement = async () => {
			discard();
			return connectObserved(cluster, purpose, observer, options);
		};
	}

	try {
		await observer?.beforeUse?.(connection, purpose);
	} catch {
		// An observer never makes a stream fail.
	}

	if (!connection.usable) {
		discard();
		connection = await cluster.connect(options);
	}

	try {
		await passStreamGate(cluster, connection, purpose, signal);
		return connection;
	} catch (thrown) {
		discard();
		throw thrown;
	}
}

/** Reports an aborted stream as closed, not failed. One that the gate stopped was reported. */
export function reportNotOpened(
	observer: ConnectionObserver | undefined,
	attempted: Connection | null,
	purpose: ConnectionPurpose,
	{thrown, signal}: {thrown: unknown; signal: AbortSignal | undefined},
): void {
	const error = toSpokeError(thrown);
	if (isStoppedByGate(error)) {
		return;
	}

	const connection = attempted instanceof SpeculativeConnection && attempted.isAbandoned ? null : attempted;
	if (!signal?.aborted) {
		observer?.onFailed?.(connection, purpose, error);
	} else if (connection) {
		observer?.onClosed?.(connection, purpose);
	}
}
