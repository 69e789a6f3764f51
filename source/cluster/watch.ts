/** Watch of a resource that survives interruptions. */
import type {Readable} from 'node:stream';
import {abortableDelay, monotonicMs} from '../base/async/clock.ts';
import {isSpokeError, SpokeError, toSpokeError} from '../base/errors/spoke-error.ts';
import {ByteCollector} from '../wire/byte-collector.ts';
import {maxErrorBytes, readFully} from './transport/response-body.ts';
import type {ClusterClient} from './cluster-client.ts';
import {errorFromResponse, requestAttributes} from './error-from-response.ts';
import {acceptHeader, isTable, type ListOptions, listPages, listQuery, type TableColumn} from './list.ts';
import {Outage} from './outage.ts';
import {notKubernetesError, validateWatchEvent, type WatchEventLine} from './read-json-response.ts';

export type WatchEvent<Item> =
	/** `first`: discard all earlier pages and changes. */
	| {type: 'page'; items: readonly Item[]; columns: readonly TableColumn[] | null; first: boolean}
	| {type: 'synced'; resourceVersion: string}
	| {type: 'added' | 'modified' | 'deleted'; item: Item}
	/** `since`: time of the last data before the watch hung, else now, in milliseconds. */
	| {type: 'interrupted'; error: SpokeError; since: number; retryInMs: number}
	| {type: 'resumed'}
	| {type: 'polling'; error: SpokeError; intervalMs: number};

/** Range of the watch timeout; random, so that many clients do not reconnect at once (client-go reflector). */
const watchSeconds = [300, 600] as const;
/** A watch shorter than this is followed by a delay (client-go reflector: very short watch). */
const minWatchMs = 1000;
const retryBackoff = {initialMs: 500, maxMs: 10_000, jitter: [0.5, 1.5]} as const;
const pollIntervalMs = 5000;
/**
An apiserver sends a bookmark every minute; TCP keep-alive may not notice that a silent watch hangs.
@see k8s.io/apiserver pkg/storage/cacher (bookmarkFrequency)
*/
const maxSilenceMs = 75_000;

/**
Never ends by itself. With `from`, the version of an earlier list, yields only changes.
@throws SpokeError when the first list fails, and later for 401, 403 and 404, which waiting does not fix
@see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
*/
export async function* watchObjects<Item>(
	cluster: ClusterClient,
	options: ListOptions & {from?: string; silenceMs?: number},
): AsyncGenerator<WatchEvent<Item>> {
	let version = options.from ?? '';
	let synced = version !== '';
	let wasInterrupted = false;
	const outage = new Outage(retryBackoff);
	const state: WatchState = {hungSince: null, outage};
	for (;;) {
		try {
			if (version === '') {
				version = yield* readFullList<Item>(cluster, options);
				synced = true;
				wasInterrupted = false;
				state.hungSince = null;
			}

			const startedAt = monotonicMs();
			version = yield* watchOnce<Item>(cluster, options, {
				from: version,
				wasInterrupted,
				state,
				silenceMs: options.silenceMs ?? maxSilenceMs,
			});
			wasInterrupted = false;
			outage.attempt = 0;
			if (monotonicMs() - startedAt < minWatchMs) {
				await abortableDelay(retryBackoff.initialMs, options.signal);
			}
		} catch (thrown) {
			options.signal?.throwIfAborted();
			if (thrown instanceof WatchRefused) {
				yield {type: 'polling', error: thrown.error, intervalMs: pollIntervalMs};
				await abortableDelay(pollIntervalMs, options.signal);
				version = '';
				continue;
			}

			const error = thrown instanceof WatchInterrupted ? thrown.error : toSpokeError(thrown);
			if (!synced || error.code === 'ERR_CREDENTIALS' || error.code === 'ERR_FORBIDDEN' || error.code === 'ERR_NOT_FOUND') {
				throw error;
			}

			version = thrown instanceof WatchInterrupted ? thrown.version : version;
			const waitMs = outage.recordFailure();
			wasInterrupted = true;
			yield {type: 'interrupted', error, since: state.hungSince ?? Date.now(), retryInMs: waitMs};
			await abortableDelay(waitMs, options.signal);
		}
	}
}

type WatchState = {
	/** When the watch began to hang; `null` after the next watch responded. */
	hungSince: number | null;
	readonly outage: Outage;
};

class WatchRefused extends Error {
	readonly error: SpokeError;

	constructor(error: SpokeError) {
		super(error.message);
		this.error = error;
	}
}

/** An empty `version` requires a new list. */
class WatchInterrupted extends Error {
	readonly error: SpokeError;
	readonly version: string;

	constructor(error: SpokeError, version: string) {
		super(error.message);
		this.error = error;
		this.version = version;
	}
}

async function* readFullList<Item>(cluster: ClusterClient, options: ListOptions): AsyncGenerator<WatchEvent<Item>, string> {
	let version = '';
	let first = true;
	for await (const {items, columns, restarted, resourceVersion} of listPages<Item>(cluster, options)) {
		yield {type: 'page', items, columns, first: first || restarted};
		first = false;
		version = resourceVersion;
	}

	yield {type: 'synced', resourceVersion: version};
	return version;
}

async function* watchOnce<Item>(
	cluster: ClusterClient,
	options: ListOptions,
	{
		from,
		wasInterrupted,
		state,
		silenceMs,
	}: {
		from: string;
		wasInterrupted: boolean;
		state: WatchState;
		silenceMs: number;
	},
): AsyncGenerator<WatchEvent<Item>, string> {
	const body = await openWatch(cluster, options, from);
	if (body === null) {
		return '';
	}

	state.hungSince = null;
	state.outage.recordStart();
	if (wasInterrupted) {
		yield {type: 'resumed'};
	}

	return yield* watchLines<Item>(body, options, {from, state, silenceMs});
}

/** `null` if `version` is too old. @throws WatchRefused if watching is forbidden or not supported; SpokeError */
async function openWatch(cluster: ClusterClient, options: ListOptions, version: string): Promise<Readable | null> {
	const query = listQuery(options);
	const [minSeconds, maxSeconds] = watchSeconds;
	query.set('watch', 'true');
	query.set('allowWatchBookmarks', 'true');
	query.set('resourceVersion', version);
	query.set('timeoutSeconds', String(Math.round(minSeconds + Math.random() * (maxSeconds - minSeconds))));
	const response = await cluster.request({
		path: `${options.path}?${query.toString()}`,
		headers: {accept: acceptHeader(options.as), 'accept-encoding': 'identity'},
		...(options.signal && {signal: options.signal}),
	});
	if (response.status !== 200) {
		const body = (await readFully(response.body, maxErrorBytes, options.path)).toString('utf8');
		if (response.status === 410) {
			return null;
		}

		const error = errorFromResponse(
			{...response, body},
			{...requestAttributes('GET', `${options.path}?watch=true`), identity: cluster.facts},
		);
		throw response.status === 403 || response.status === 405 ? new WatchRefused(error) : error;
	}

	return response.body;
}

async function* watchLines<Item>(
	body: Readable,
	options: ListOptions,
	{from, state, silenceMs}: {from: string; state: WatchState; silenceMs: number},
): AsyncGenerator<WatchEvent<Item>, string> {
	let version = from;
	let isEmpty = true;
	let isHung = false;
	const startedAt = monotonicMs();
	let lastReceivedAt = Date.now();
	const silence = setTimeout(() => {
		isHung = true;
		body.destroy();
	}, silenceMs);
	try {
		for await (const line of jsonLines(body, `the watch of ${options.path}`)) {
			isEmpty = false;
			lastReceivedAt = Date.now();
			silence.refresh();
			const {type, object} = validateWatchEvent(line, options.path, isTable(options.as) ? 'table' : 'object');
			if (type === 'ERROR') {
				return restartVersionOrThrow(object);
			}

			version = versionOf(object) ?? version;
			if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
				for (const item of object.rows ?? [object]) {
					yield {type: type.toLowerCase() as 'added' | 'modified' | 'deleted', item: item as Item};
				}
			}
		}
	} catch (error) {
		if (isHung) {
			state.hungSince = lastReceivedAt;
			return version;
		}

		throw error instanceof WatchInterrupted ? error : new WatchInterrupted(interruptionError(error, options.path), version);
	} finally {
		clearTimeout(silence);
		body.destroy();
	}

	// Without this, a gateway that does not support watches would cause an endless silent loop.
	if (isEmpty && monotonicMs() - startedAt < minWatchMs) {
		throw new WatchInterrupted(new SpokeError('ERR_STREAM_LOST', `the watch of ${options.path} ended immediately`, {leg: 1}), version);
	}

	return version;
}

/** The resource version of the object; for a table, that of its last row if it has one. */
function versionOf(object: WatchEventLine['object']): string | undefined {
	return object.rows?.at(-1)?.object?.metadata.resourceVersion ?? (object.metadata?.resourceVersion || undefined);
}

/** 410 requires a new list; after any other error a new list may help too. */
function restartVersionOrThrow({code, message}: WatchEventLine['object']): string {
	if (code === 410) {
		return '';
	}

	throw new WatchInterrupted(
		new SpokeError('ERR_APISERVER_ANSWER', `the apiserver ended a watch: ${message ?? `code ${code}`}`, {text: message ?? ''}),
		'',
	);
}

function interruptionError(error: unknown, path: string): SpokeError {
	return isSpokeError(error)
		? error
		: new SpokeError('ERR_STREAM_LOST', `the watch of ${path} was interrupted: ${(error as Error).message}`, {leg: 1, cause: error});
}

/** An etcd object has at most 1.5 MiB; managed fields or its table row can multiply that. */
const maxLineBytes = 32 * 1024 * 1024;

/**
Drops an unterminated last line, which was truncated.
@throws SpokeError ERR_PROTOCOL for a line that is too long or not JSON
*/
export async function* jsonLines(body: Readable, sourceName: string): AsyncGenerator {
	const lineStart = new ByteCollector(maxLineBytes);
	const add = (chunk: Buffer) => {
		if (!lineStart.add(chunk)) {
			throw new SpokeError('ERR_PROTOCOL', `${sourceName} sent a line of more than ${maxLineBytes / 1024 / 1024} MiB`);
		}
	};

	for await (const chunk of body as AsyncIterable<Buffer>) {
		let from = 0;
		for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
			add(chunk.subarray(from, end));
			const line = lineStart.take().toString('utf8');
			from = end + 1;
			if (line.trim() !== '') {
				yield parseLine(line, sourceName);
			}
		}

		add(chunk.subarray(from));
	}
}

function parseLine(line: string, sourceName: string): unknown {
	try {
		return JSON.parse(line);
	} catch (error) {
		throw notKubernetesError(`${sourceName} sent a line that is not JSON: ${(error as Error).message.split('\n', 1)[0]!}`, error);
	}
}
