/** What is read on one connection before it is used: the flags and the process at its other end. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import type {AskOptions, Connection} from '../cluster/connection.ts';
import type {Closed, FlagFacts, ProcessFacts, Reading, SocketFacts} from './evidence.ts';
import {readApiserverFlags} from './probes/apiserver-flags.ts';
import {processOf, readProcessStart} from './probes/apiserver-process.ts';

export type ConnectionReadings = {
	flags: Reading<FlagFacts> | null;
	process: Reading<ProcessFacts> | null;
	/** Of any answer on it, refusals too: who refuses is seen as well. */
	foreignHeaders: readonly string[];
	closed: readonly Closed[];
};

export const nothingRead: ConnectionReadings = {flags: null, process: null, foreignHeaders: [], closed: []};

/** Headers that gateways add and no kube-apiserver sends. */
const foreign = ['server', 'via', 'x-envoy-upstream-service-time', 'x-served-by', 'x-cache', 'cf-ray', 'x-amzn-requestid', 'x-forwarded-for', 'x-powered-by'];

/**
`/flagz` and `/statusz`, asked together: one round trip. Each may take `limitMs`. Never throws; past the limit the connection is not usable any more.
*/
export async function readBeforeUse(connection: Connection, {limitMs: timeoutMs}: {limitMs: number}): Promise<ConnectionReadings> {
	const seen = new Set<string>();
	const asked = {id: connection.id, async request(options: AskOptions) {
		const answer = await connection.ask(options);
		for (const name of foreign.filter(name => answer.headers[name] !== undefined)) {
			seen.add(name);
		}

		return answer;
	}};
	const [flags, start] = await Promise.all([readApiserverFlags(asked, {timeoutMs}), readProcessStart(asked, {timeoutMs})]);
	const foreignHeaders = [...seen];
	if (!flags.read) {
		return {...nothingRead, foreignHeaders, closed: [flags.closed]};
	}

	const process = start.read ? processOf(start.read, flags.read, connection.facts.tls?.peer?.spkiSha256 ?? null) : null;
	return {flags: {...flags.read, process: process?.facts.id ?? null}, process, foreignHeaders, closed: []};
}

/** The same, on a connection opened for it alone; `null` when none could be made. Behind a balancer it may end at another process. Never throws. */
export async function readOnFreshConnection(cluster: ClusterAccess, {limitMs, signal}: {
	limitMs: number;
	signal?: AbortSignal | undefined;
}): Promise<ConnectionReadings | null> {
	try {
		const connection = await cluster.connect(signal ? {signal} : {});
		const readings = await readBeforeUse(connection, {limitMs});
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
