/** How does a probe ask, and what does an answer that tells nothing mean? */
import {readFully} from '../../cluster/transport/http-request.ts';
import type {ApiResponse, Connection} from '../../cluster/connection.ts';
import {parseObject} from '../../cluster/read-json-response.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import type {UnavailableSource, EvidenceSource, Need, ProbeResult, Observation} from '../evidence.ts';

/** A connection, or a cluster's pooled ones: all that a probe needs. */
export type Requester = Pick<Connection, 'request'>;

export type ProbeRequest = {
	source: EvidenceSource;
	path: string;
	need: Need | null;
	accept?: string;
	timeoutMs?: number;
	maxBytes?: number;
	/** Called with an answer that is not 200. */
	onRefused?: (status: number, body: string) => void;
	/** Id of the connection, when the answer says something about it. */
	connection?: string | null;
};

/** What the largest answer of a small probe may have. */
const smallBytes = 4 * 1024 * 1024;

const reasonByStatus: ReadonlyMap<number, UnavailableSource['reason']> = new Map([
	[401, 'forbidden'],
	[403, 'forbidden'],
	[404, 'not-served'],
	[406, 'not-served'],
]);

/**
Asks and reads whole. `read` gets status 200 only; anything else is `closed`: 403 and 401 say that it may not be read, 404 that it is not served,
and neither says that something is not set. Never throws.
*/
export async function sendProbe<Facts>(
	requester: Requester,
	question: ProbeRequest,
	observation: (body: string, response: ApiResponse) => Facts | undefined,
): Promise<ProbeResult<Facts>> {
	const {source, path, need, accept = 'application/json', timeoutMs = 5000, maxBytes = smallBytes} = question;
	const where = `GET ${path}`;
	const unavailable = (reason: UnavailableSource['reason']): ProbeResult<Facts> => ({unavailable: {source, where, reason, need}});
	try {
		const response = await requester.request({path, headers: {Accept: accept}, timeoutMs, signal: wholeResponseSignal(timeoutMs)});
		const body = await readText(response, maxBytes);
		if (response.status !== 200) {
			question.onRefused?.(response.status, body);
			return unavailable(reasonByStatus.get(response.status) ?? 'no-response');
		}

		const facts = observation(body, response);
		return facts === undefined ? unavailable('not-served') : {observation: makeObservation(question, facts)};
	} catch {
		return unavailable('no-response');
	}
}

/** Asks at once, behind what was asked there before and may be unanswered still. */
export function pipelined(connection: Connection): Requester & Pick<Connection, 'id'> {
	return {id: connection.id, request: async options => connection.pipelinedGet(options)};
}

/**
Asks on `own`, and in the cluster again what got no answer there: that a connection was closed meanwhile says nothing of what was asked.
What was not answered in time is not waited for twice.
*/
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

function makeObservation<Facts>({source, path, connection = null}: ProbeRequest, facts: Facts): Observation<Facts> {
	return {source, where: `GET ${path}`, process: null, connection, time: new Date().toISOString(), active: false, facts};
}

/** An answer that begins in time and then stands still is none. */
export function wholeResponseSignal(timeoutMs: number, signal?: AbortSignal): AbortSignal {
	const limit = AbortSignal.timeout(3 * timeoutMs);
	return signal ? AbortSignal.any([signal, limit]) : limit;
}

/** @throws when the body is cut short or larger than `maxBytes` */
export async function readText({body}: ApiResponse, maxBytes: number): Promise<string> {
	return (await readFully(body, maxBytes, 'a probe')).toString('utf8');
}

/** Now by the clock of whoever answered, milliseconds since 1970: what a server writes is as old as its own clock says, whatever ours does. */
export function serverNow({headers: {date}}: Pick<ApiResponse, 'headers'>): number {
	const now = Date.parse(date ?? '');
	return Number.isNaN(now) ? Date.now() : now;
}

/** Parsed JSON, or `undefined` where it is none. */
export function tryParseJson<T>(body: string): T | undefined {
	try {
		return JSON.parse(body) as T;
	} catch {
		return undefined;
	}
}

export type ParsedList<Item> = {items: readonly Item[]; remaining: number};

/** The list that was asked for at `path`. @throws SpokeError for what is none: an answer that tells nothing */
export function parseList<Item>(body: string, path: string): ParsedList<Item> {
	const {items = [], metadata} = parseObject(body, {path}, 'a probe’s answer') as {
		items?: Item[];
		metadata?: {remainingItemCount?: number};
	};
	return {items, remaining: metadata?.remainingItemCount ?? 0};
}
