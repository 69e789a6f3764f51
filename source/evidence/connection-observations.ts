/** Observations on one connection before its use. */
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
	/** `null` without a response, or if the response could not name the client certificate. */
	user: UserInfo | null;
	/** Of any response, refusals included. */
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
Pipelines `/flagz`, `/statusz` and, unless `user` is false, a SelfSubjectReview, each with `timeoutMs`. Never throws; after a timeout the
connection is unusable. `isReversed` sends `/statusz` first, so that two alternating servers do not answer the same request twice.
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

export function isFromAnotherProcess(again: ConnectionObservations, own: ConnectionObservations): boolean {
	if (!again.flags || !own.flags) {
		return false;
	}

	const isOtherId = again.process !== null && own.process !== null && again.process.facts.id !== own.process.facts.id;
	return isOtherId || !isDeepStrictEqual(again.flags.facts.values, own.flags.facts.values);
}

export type ObservedConnection = {observations: ConnectionObservations; facts: SocketFacts};

/** `null` if no connection could be made. Never throws. */
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
