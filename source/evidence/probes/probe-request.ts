/** Sends a probe and turns its response into a probe result. */
import {readFully} from '../../cluster/transport/response-body.ts';
import type {ApiResponse, Connection} from '../../cluster/cluster-client.ts';
import type {CheckedListMetadata} from '../../cluster/object-shapes.ts';
import {parseObject} from '../../cluster/read-json-response.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import type {UnavailableSource, EvidenceSource, Need, ProbeResult, Observation} from '../evidence.ts';
import {authorsOfSource} from '../rules/claims.ts';

export type Requester = Pick<Connection, 'request'>;

type ProbeRequest = {
	source: EvidenceSource;
	path: string;
	need: Need | null;
	accept?: string;
	timeoutMs?: number;
	maxBytes?: number;
	onRefused?: (status: number, body: string) => void;
	/** Only if the response is evidence about it. */
	connection?: string | null;
};

/** Timeout of small reads that no stream waits for. */
export const probeTimeoutMs = 5000;

const smallBytes = 4 * 1024 * 1024;

const reasonByStatus: ReadonlyMap<number, UnavailableSource['reason']> = new Map([
	[401, 'forbidden'],
	[403, 'forbidden'],
	[404, 'not-served'],
	[406, 'not-served'],
]);

/**
`parse` gets the body of status 200 only; anything else is `unavailable`. 401 and 403 mean forbidden, 404 not served; neither means
"not set". Never throws.
*/
export async function sendProbe<Facts>(
	requester: Requester,
	probe: ProbeRequest,
	parse: (body: string, response: ApiResponse) => Facts | undefined,
): Promise<ProbeResult<Facts>> {
	const {source, path, need, accept = 'application/json', timeoutMs = probeTimeoutMs, maxBytes = smallBytes, connection = null} = probe;
	const where = `GET ${path}`;
	const unavailable = (reason: UnavailableSource['reason']): ProbeResult<Facts> => ({unavailable: {source, where, reason, need}});
	try {
		const response = await requester.request({path, headers: {Accept: accept}, ...responseLimits(timeoutMs)});
		const body = await readText(response, maxBytes);
		if (response.status !== 200) {
			probe.onRefused?.(response.status, body);
			return unavailable(reasonByStatus.get(response.status) ?? 'no-response');
		}

		const facts = parse(body, response);
		return facts === undefined ? unavailable('not-served') : {observation: makeObservation(source, where, facts, {connection})};
	} catch {
		return unavailable('no-response');
	}
}

export function pipelined(connection: Pick<Connection, 'id' | 'pipelined'>): Requester & Pick<Connection, 'id'> {
	return {id: connection.id, request: async options => connection.pipelined(options)};
}

/** Falls back to the cluster if the connection failed, which says nothing about the request. A timeout is not retried. */
export function preferConnection(own: Requester | null, cluster: Requester): Requester {
	if (own === null) {
		return cluster;
	}

	return {
		async request(options) {
			try {
				return await own.request(options);
			} catch (thrown) {
				if (toSpokeError(thrown).code === 'ERR_APISERVER_TIMEOUT') {
					throw thrown;
				}

				return cluster.request(options);
			}
		},
	};
}

/** Passive, read now, of no known process or connection, and by the authors of the source, unless `more` says otherwise. */
export function makeObservation<Facts>(
	source: EvidenceSource,
	where: string,
	facts: Facts,
	more: Partial<Pick<Observation<Facts>, 'process' | 'connection' | 'time' | 'active' | 'authors'>> = {},
): Observation<Facts> {
	return {
		source,
		authors: authorsOfSource[source],
		where,
		process: null,
		connection: null,
		time: new Date().toISOString(),
		active: false,
		...more,
		facts,
	};
}

/** For the head, and for a response that starts in time and then stalls. */
export function responseLimits(timeoutMs: number): {timeoutMs: number; wholeTimeoutMs: number} {
	return {timeoutMs, wholeTimeoutMs: 3 * timeoutMs};
}

/** @throws when the body is truncated or larger than `maxBytes` */
export async function readText({body}: ApiResponse, maxBytes: number): Promise<string> {
	return (await readFully(body, maxBytes, 'a probe')).toString('utf8');
}

/** The server's clock, in ms since 1970. Ages of timestamps that a server wrote are relative to its clock. */
export function serverNow({headers: {date}}: Pick<ApiResponse, 'headers'>): number {
	const now = Date.parse(date ?? '');
	return Number.isNaN(now) ? Date.now() : now;
}

export function tryParseJson<T>(body: string): T | undefined {
	try {
		return JSON.parse(body) as T;
	} catch {
		return undefined;
	}
}

type ParsedList<Item> = {items: readonly Item[]; remaining: number; isWhole: boolean};

/** @throws SpokeError if the body is not the list requested at `path` */
export function parseList<Item>(body: string, path: string): ParsedList<Item> {
	const {items = [], metadata} = parseObject(body, {path}, 'a response to a probe') as {
		items?: Item[];
		metadata?: CheckedListMetadata;
	};
	return {items, remaining: metadata?.remainingItemCount ?? 0, isWhole: (metadata?.continue ?? '') === ''};
}

/** @throws Error also if the list goes on: whoever may write such objects can have made enough of them to hide another */
export function parseWholeList<Item>(body: string, path: string): readonly Item[] {
	const {items, isWhole} = parseList<Item>(body, path);
	if (!isWhole) {
		throw new Error('the list goes on');
	}

	return items;
}
