/** What is read on one connection before it is used: the flags and the process at its other end. */
import {isDeepStrictEqual} from 'node:util';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {PipelinedGetOptions, Connection} from '../cluster/connection.ts';
import type {UnavailableSource, FlagFacts, ProcessFacts, Observation, SocketFacts, UserInfo} from './evidence.ts';
import {readApiserverFlags} from './probes/apiserver-flags.ts';
import {identifyProcess, readProcessStart} from './probes/apiserver-process.ts';
import {readUserInfo} from './probes/client-certificate.ts';

export type ConnectionObservations = {
	flags: Observation<FlagFacts> | null;
	process: Observation<ProcessFacts> | null;
	/** Whom the apiserver takes us for; `null` where it did not say, or could name no certificate of ours. */
	user: UserInfo | null;
	/** Of any answer on it, refusals too: who refuses is seen as well. */
	foreignHeaders: readonly string[];
	unavailable: readonly UnavailableSource[];
};

export const noConnectionObservations: ConnectionObservations = {
	flags: null,
	process: null,
	user: null,
	foreignHeaders: [],
	unavailable: [],
};

/** Headers that gateways add and no kube-apiserver sends. */
const foreign = [
	'server',
	'via',
	'x-envoy-upstream-service-time',
	'x-served-by',
	'x-cache',
	'cf-ray',
	'x-amzn-requestid',
	'x-forwarded-for',
	'x-powered-by',
];

/**
`/flagz`, `/statusz` and, unless `user` is false, who we are, asked together: one round trip. Each may take `limitMs`. Never throws; past the limit the connection is not usable any more.
`isReversed`: `/statusz` first, so that of two looks the same question is not answered twice by the same one of two that take turns.
*/
export async function observeConnection(
	connection: Connection,
	{
		timeoutMs,
		user: readsUser = true,
		isReversed = false,
	}: {
		timeoutMs: number;
		user?: boolean;
		isReversed?: boolean;
	},
): Promise<ConnectionObservations> {
	const seen = new Set<string>();
	const requester = {
		id: connection.id,
		async request(options: PipelinedGetOptions) {
			const answer = await connection.pipelinedGet(options);
			for (const name of foreign.filter(name => answer.headers[name] !== undefined)) {
				seen.add(name);
			}

			return answer;
		},
	};
	const early = isReversed ? readProcessStart(requester, {timeoutMs}) : undefined;
	const [flags, start, user] = await Promise.all([
		readApiserverFlags(requester, {timeoutMs}),
		early ?? readProcessStart(requester, {timeoutMs}),
		readsUser ? readUserInfo({facts: connection.facts, pipelinedGet: requester.request}, {timeoutMs}) : null,
	]);
	const foreignHeaders = [...seen];
	if (!flags.observation) {
		return {...noConnectionObservations, user, foreignHeaders, unavailable: [flags.unavailable]};
	}

	const process = start.observation
		? identifyProcess(start.observation, flags.observation, connection.facts.tls?.peer?.spkiSha256 ?? null)
		: null;
	return {flags: {...flags.observation, process: process?.facts.id ?? null}, process, user, foreignHeaders, unavailable: []};
}

/** Two looks on one connection were answered by two processes, as far as start, flags and certificate tell them apart. */
export function isFromAnotherProcess(again: ConnectionObservations, own: ConnectionObservations): boolean {
	if (!again.flags || !own.flags) {
		return false;
	}

	const isOtherId = again.process !== null && own.process !== null && again.process.facts.id !== own.process.facts.id;
	return isOtherId || !isDeepStrictEqual(again.flags.facts.values, own.flags.facts.values);
}

/** What was read on a connection of its own, which need not end at the same process as another. */
export type ObservedConnection = {observations: ConnectionObservations; facts: SocketFacts};

/** The same, on a connection opened for it alone; `null` when none could be made. Never throws. */
export async function observeFreshConnection(
	cluster: ClusterClient,
	{
		timeoutMs,
		signal,
	}: {
		timeoutMs: number;
		signal?: AbortSignal | undefined;
	},
): Promise<ObservedConnection | null> {
	try {
		const connection = await cluster.connect(signal ? {signal} : {});
		const observations = await observeConnection(connection, {timeoutMs});
		connection.close();
		return {observations, facts: connection.facts};
	} catch {
		return null;
	}
}

/** Our own socket, as a reading. */
export function socketObservation({id, facts}: Pick<Connection, 'id' | 'facts'>): Observation<SocketFacts> {
	return {
		source: 'socket',
		where: `our socket to ${facts.server}`,
		process: null,
		connection: id,
		time: facts.connectedAt,
		active: false,
		facts,
	};
}
