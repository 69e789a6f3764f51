/** What decides, on a connection, whether a stream may use it. */
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import type {SpokeError} from '../base/errors/spoke-error.ts';
import type {ConnectionPurpose} from './connection-observer.ts';

/** Can send ordinary requests on the connection. @throws SpokeError if the stream must not use it */
type StreamGate = (connection: Connection, purpose: ConnectionPurpose, signal: AbortSignal | undefined) => Promise<void>;

/** For every later stream of the cluster, on whatever client derived from this one. `null`: any connection may be used. */
export function setStreamGate(cluster: WithRecords, gate: StreamGate | null): void {
	gateOf(cluster).gate = gate;
}

/** Before the first byte of a stream. @throws SpokeError if the stream must not use this connection */
export async function passStreamGate(
	cluster: WithRecords,
	connection: Connection,
	purpose: ConnectionPurpose,
	signal?: AbortSignal,
): Promise<void> {
	await gateOf(cluster).gate?.(connection, purpose, signal);
}

export function hasStreamGate(cluster: WithRecords): boolean {
	return gateOf(cluster).gate !== null;
}

/** For what precedes a stream: the gate decides on a connection that is not used. @throws SpokeError as the gate and `connect` */
export async function assertStreamAllowed(cluster: ClusterClient, purpose: ConnectionPurpose, signal?: AbortSignal): Promise<void> {
	if (!hasStreamGate(cluster)) {
		return;
	}

	const connection = await cluster.connect(signal ? {signal} : {});
	try {
		await passStreamGate(cluster, connection, purpose, signal);
	} finally {
		connection.close();
	}
}

/** The stream was not tried, so the error says nothing about its path. */
export function isStoppedByGate({code}: Pick<SpokeError, 'code'>): boolean {
	return code === 'ERR_REQUIRE_NOT_MET' || code === 'ERR_REQUIRE_UNDECIDED';
}

type WithRecords = Pick<ClusterClient, 'records'>;

function gateOf({records}: WithRecords): GateRecord {
	return records.of(GateRecord, () => new GateRecord());
}

class GateRecord {
	gate: StreamGate | null = null;
}
