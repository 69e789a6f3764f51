/** Observations on one connection before its use, and of the cluster, which belong to no single connection. */
import {hash} from 'node:crypto';
import type {ClusterClient, Connection, PipelinedOptions} from '../cluster/cluster-client.ts';
import type {
	ConnectionObservations,
	FlagFacts,
	Observation,
	ProbeResult,
	ProcessFacts,
	SocketFacts,
	ClusterObservations,
	UnavailableSource,
	VersionFacts,
} from './evidence.ts';
import {readUserInfo} from './probes/access.ts';
import {
	makeObservation,
	probeTimeoutMs,
	type Requester,
	sendProbe,
	tryParseJson,
	pipelined,
	preferConnection,
} from './probes/probe-request.ts';
import {needFlagz} from './rules/needs.ts';
import {mergeSupervisorAddresses, readReplicas, readClusterCa} from './probes/apiserver-replicas.ts';
import {apiserverFlags, readMirrorPods} from './probes/mirror-pods.ts';
import {isCertificateLost} from './rules/first-leg.ts';

export const noConnectionObservations: ConnectionObservations = {
	socket: null,
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
Takes one round trip; each response has `timeoutMs`. Never throws; after a timeout the connection is unusable. `readsStatuszFirst` sends
`/statusz` first, so that two alternating servers do not answer the same request twice.
*/
export async function observeConnection(
	connection: Pick<Connection, 'id' | 'facts' | 'pipelined'>,
	{timeoutMs, user: readsUser = true, readsStatuszFirst = false}: {timeoutMs: number; user?: boolean; readsStatuszFirst?: boolean},
): Promise<ConnectionObservations> {
	const seen = new Set<string>();
	const requester = {
		id: connection.id,
		async request(options: PipelinedOptions) {
			const response = await connection.pipelined(options);
			for (const name of foreign.filter(name => response.headers[name] !== undefined)) {
				seen.add(name);
			}

			return response;
		},
	};
	const early = readsStatuszFirst ? readProcessStart(requester, timeoutMs) : undefined;
	const [flags, start, user] = await Promise.all([
		readApiserverFlags(requester, timeoutMs),
		early ?? readProcessStart(requester, timeoutMs),
		readsUser ? readUserInfo({facts: connection.facts, pipelined: requester.request}, timeoutMs) : null,
	]);
	const base = {socket: socketObservation(connection), user, foreignHeaders: [...seen]};
	if (!flags.observation) {
		return {...base, flags: null, process: null, unavailable: [flags.unavailable]};
	}

	const process = start.observation
		? identifyProcess(start.observation, flags.observation, connection.facts.tls?.peer?.spkiSha256 ?? null)
		: null;
	return {...base, flags: {...flags.observation, process: process?.facts.id ?? null}, process, unavailable: []};
}

export function isFromAnotherProcess(again: ConnectionObservations, own: ConnectionObservations): boolean {
	if (!again.flags || !own.flags) {
		return false;
	}

	const isOtherId = again.process !== null && own.process !== null && again.process.facts.id !== own.process.facts.id;
	return isOtherId || !areSameFlags(again.flags.facts.values, own.flags.facts.values);
}

/** The first use of `isDeepStrictEqual` takes 1.5 ms. */
function areSameFlags(values: FlagFacts['values'], others: FlagFacts['values']): boolean {
	const names = Object.keys(values);
	return names.length === Object.keys(others).length && names.every(name => values[name] === others[name]);
}

/** `null` if no connection could be made. Never throws. */
export async function observeFreshConnection(
	cluster: ClusterClient,
	{timeoutMs, signal}: {timeoutMs: number; signal?: AbortSignal | undefined},
): Promise<ConnectionObservations | null> {
	try {
		const connection = await cluster.connect({mustDial: true, ...(signal && {signal})});
		const observations = await observeConnection(connection, {timeoutMs});
		connection.close();
		return observations;
	} catch {
		return null;
	}
}

export function socketObservation({id, facts}: Pick<Connection, 'id' | 'facts'>): Observation<SocketFacts> {
	return makeObservation('socket', `socket to ${facts.server}`, facts, {connection: id, time: facts.connectedAt});
}

/**
The structured form; plain `application/json` is refused (406), and the text form's separator is random. A version that the server does not
have is skipped (negotiate.go AllowsMediaTypeTransform). KEP-4828.
*/
const flagzAccept = structured('Flagz');

/** The placeholder of a redacted value (flagreader.go): neither set nor not set. */
const classified = 'CLASSIFIED';

export async function readApiserverFlags(
	connection: Requester & {id: string | null},
	timeoutMs = probeTimeoutMs,
): Promise<ProbeResult<FlagFacts>> {
	return sendProbe(
		connection,
		{source: 'flagz', path: '/flagz', need: needFlagz, accept: flagzAccept, timeoutMs, connection: connection.id},
		body => {
			const parsed = tryParseJson<{kind?: unknown; flags?: unknown}>(body);
			if (parsed?.kind !== 'Flagz' || typeof parsed.flags !== 'object' || parsed.flags === null) {
				return undefined;
			}

			const flags = Object.entries(parsed.flags);
			const readable = flags.filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== classified);
			// A copy of 200 names takes a start 0.5 ms, and is seldom needed.
			const values = readable.length === flags.length ? (parsed.flags as Record<string, string>) : Object.fromEntries(readable);
			return {values, absent: 'unknown', proxyEnvironment: null};
		},
	);
}

const statuszAccept = structured('Statusz');

function structured(kind: string): string {
	return [
		['v1', ''],
		['v1beta1', ';q=0.9'],
		['v1alpha1', ';q=0.8'],
	]
		.map(([version, quality]) => `application/json;v=${version};g=config.k8s.io;as=${kind}${quality}`)
		.join(', ');
}

type ProcessStart = Omit<ProcessFacts, 'id'>;

/** Reads the start time from `/statusz`, with a precision of one second. */
export async function readProcessStart(
	connection: Requester & {id: string | null},
	timeoutMs = probeTimeoutMs,
): Promise<ProbeResult<ProcessStart>> {
	return sendProbe(
		connection,
		{source: 'socket', path: '/statusz', need: null, accept: statuszAccept, timeoutMs, connection: connection.id},
		body => {
			const parsed = tryParseJson<{kind?: unknown; startTime?: unknown; binaryVersion?: unknown}>(body);
			return parsed?.kind === 'Statusz' && typeof parsed.startTime === 'string'
				? {startTime: parsed.startTime, version: typeof parsed.binaryVersion === 'string' ? parsed.binaryVersion : null}
				: undefined;
		},
	);
}

/**
By 64 bits of a hash of start time, readable flags and public key, since two replicas can start within one second with the same flags. One
user gets the same id for a process on every connection, until its certificate gets another key.
*/
export function identifyProcess(
	start: Observation<ProcessStart>,
	{facts: {values}}: Observation<FlagFacts>,
	publicKey: string | null,
): Observation<ProcessFacts> {
	const sorted = Object.entries(values).sort(([name], [other]) => (name < other ? -1 : 1));
	const id = hash('sha256', JSON.stringify([start.facts.startTime, sorted, publicKey])).slice(0, 16);
	return {...start, process: id, facts: {id, ...start.facts}};
}

export const noClusterObservations: ClusterObservations = {
	requestedAt: -Infinity,
	ca: null,
	version: null,
	replicas: null,
	components: null,
	mirrorPods: [],
	gatewaySeen: null,
	further: null,
	unavailable: [],
};

export const spreadsRequestsReason = 'two processes responded to requests on one connection';

/** Reads on one connection if possible, each read with its own timeout. Never throws. Without `needsCa`, `ca` is `null`. */
export async function observeCluster(
	cluster: ClusterClient,
	options: {timeoutMs: number; namespace?: string; requestedAt?: number; needsCa?: boolean},
): Promise<ClusterObservations> {
	const {timeoutMs, namespace = cluster.facts.namespace, requestedAt = Date.now(), needsCa = true} = options;
	const opened = await cluster.connect({canReuseReleased: true}).catch(() => null);
	let sent = 0;
	const connection = opened && {
		id: opened.id,
		facts: opened.facts,
		async pipelined(options: PipelinedOptions) {
			sent++;
			return opened.pipelined(options);
		},
	};
	// A timeout closes the connection, and the other reads are sent again elsewhere.
	const requester = preferConnection(connection && pipelined(connection), cluster);
	const reading = Promise.all([
		needsCa ? readClusterCa(requester, namespace, timeoutMs) : null,
		readVersion(requester, timeoutMs),
		readReplicas(requester, timeoutMs),
		readMirrorPods(requester, timeoutMs),
		connection && observeConnection(connection, {timeoutMs, user: false}),
	]);
	const sentWithFirst = sent;
	const [ca, version, replicas, pods, first] = await reading;
	// Two servers that alternate must not answer the same request twice, whatever the other reads sent in between.
	const readsStatuszFirst = (sent - sentWithFirst) % 2 === 0;
	const [again, user] = await Promise.all([
		connection && first?.flags ? observeConnection(connection, {timeoutMs, user: false, readsStatuszFirst}) : null,
		connection && readUserInfo(connection, timeoutMs),
	]);
	opened?.close();
	const found = replicas.observation;
	const gitVersion = version.observation?.facts.gitVersion ?? null;
	return {
		requestedAt,
		ca: ca?.observation?.facts ?? null,
		version: version.observation ?? null,
		replicas: found ? {...found, facts: mergeSupervisorAddresses(found.facts, gitVersion)} : null,
		components: pods.observation ?? null,
		mirrorPods: pods.observation ? apiserverFlags(pods.observation) : [],
		gatewaySeen:
			first && again && isFromAnotherProcess(again, first)
				? spreadsRequestsReason
				: isCertificateLost(connection?.facts.clientCertificateSha256 ?? null, user, version.observation?.facts ?? null)
					? 'the apiserver did not identify you by the client certificate that you presented'
					: null,
		further: first && {...first, user},
		unavailable: unavailableSources([...(ca ? [ca] : []), version, replicas, pods]),
	};
}

export function unavailableSources(results: ReadonlyArray<ProbeResult<unknown>>): readonly UnavailableSource[] {
	return results.flatMap(({unavailable}) => (unavailable ? [unavailable] : []));
}

/** `/version`: the version, and whether it is an upstream build. */
async function readVersion(cluster: Requester, timeoutMs: number): Promise<ProbeResult<VersionFacts>> {
	return sendProbe(cluster, {source: 'version', path: '/version', need: null, timeoutMs}, body => {
		const parsed = tryParseJson<{gitVersion?: unknown}>(body);
		return typeof parsed?.gitVersion === 'string' ? versionFacts(parsed.gitVersion) : undefined;
	});
}

/** Vendor suffixes: `v1.29.1-gke.1589000`, `v1.30.4-eks-a737599`, `v1.31.2+k3s1`. */
export function versionFacts(gitVersion: string): VersionFacts | undefined {
	const [, major, minor, upstream] = /^v?(\d+)\.(\d+)(\.\d+(?:-(?:alpha|beta|rc)\.\d+)?$)?/.exec(gitVersion) ?? [];
	return major === undefined || minor === undefined
		? undefined
		: {gitVersion, major: Number(major), minor: Number(minor), upstream: upstream !== undefined};
}
