/** What is read on one connection before it is used: the flags and the process at its other end. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import type {Connection} from '../cluster/connection.ts';
import type {Closed, FlagFacts, ProcessFacts, Reading, SocketFacts} from './evidence.ts';
import {readApiserverFlags} from './probes/apiserver-flags.ts';
import {readApiserverProcess} from './probes/apiserver-process.ts';

export type ConnectionReadings = {
	flags: Reading<FlagFacts> | null;
	process: Reading<ProcessFacts> | null;
	foreignHeaders: readonly string[];
	closed: readonly Closed[];
};

export const nothingRead: ConnectionReadings = {flags: null, process: null, foreignHeaders: [], closed: []};

/**
`/flagz`, and `/statusz` behind it when the first answer shows that there is time for a second: the user waits for the stream meanwhile.
Both share one limit. Never throws; past the limit the connection is not usable any more.
*/
export async function readBeforeUse(connection: Connection, {limitMs, secondWithinMs = 60}: {limitMs: number; secondWithinMs?: number}): Promise<ConnectionReadings> {
	const started = performance.now();
	const flags = await readApiserverFlags(connection, {timeoutMs: limitMs});
	const tookMs = performance.now() - started;
	if (!flags.read) {
		return {...nothingRead, closed: [flags.closed]};
	}

	const process = connection.usable && tookMs < secondWithinMs
		? await readApiserverProcess(connection, flags.read, {timeoutMs: Math.max(1, limitMs - tookMs)})
		: undefined;
	return {
		flags: {...flags.read, process: process?.read?.facts.id ?? null},
		process: process?.read ? {...process.read, process: process.read.facts.id} : null,
		foreignHeaders: flags.read.facts.foreignHeaders,
		closed: [],
	};
}

/** The same, on a connection opened for it alone; `null` when none could be made. Behind a balancer it may end at another process. Never throws. */
export async function readOnFreshConnection(cluster: ClusterAccess, {limitMs, signal}: {limitMs: number; signal?: AbortSignal | undefined}): Promise<ConnectionReadings | null> {
	try {
		const connection = await cluster.connect(signal ? {signal} : {});
		const readings = await readBeforeUse(connection, {limitMs, secondWithinMs: limitMs});
		connection.close();
		return readings;
	} catch {
		return null;
	}
}

/** Our own socket, as a reading. */
export function socketReading({id, facts}: Pick<Connection, 'id' | 'facts'>): Reading<SocketFacts> {
	return {source: 'socket', where: `our socket to ${facts.server}`, process: null, connection: id, time: facts.connectedAt, active: false, facts};
}
