/** How is a stream's connection made, asked and read, while it is still being found out where it leads? */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import type {ApiResponse, Connection, RequestOptions} from '../cluster/connection.ts';
import {readJson} from '../cluster/read-json.ts';
import type {ConnectionWitness} from './connection-witness.ts';

/** A server or a balancer may close what is idle for long: what was not used for this long is not used any more. */
const freshForMs = 10_000;

export type Ahead = {cluster: ClusterAccess; close: () => void};

/**
`cluster` asks on the connection made ahead and gives it to whoever connects first: one handshake less before the first stream.
The witness reads on it behind the first question, so that a label costs no round trip. Where it is of no use, the cluster's own are.
`close` ends it when nobody took it.
*/
export function connectAhead(cluster: ClusterAccess, {signal, witness}: {signal: AbortSignal; witness?: ConnectionWitness | undefined}): Ahead {
	let ahead: Promise<Connection> | undefined = cluster.connect({signal});
	let usedAt = Infinity;
	ahead.then(connection => {
		usedAt = performance.now();
		// Whoever waits for the connection asks first.
		setImmediate(() => {
			if (ahead && connection.usable) {
				witness?.connected?.(connection);
			}
		});
	}, () => undefined);
	/** @throws why there is none, to the first who wants it: a second try would ask a person or a dead address twice */
	const usable = async (made: Promise<Connection> | undefined) => {
		try {
			const connection = await made;
			return connection?.usable && performance.now() - usedAt < freshForMs ? connection : undefined;
		} catch (error) {
			ahead = undefined;
			throw error;
		}
	};

	const take = () => {
		const taken = ahead;
		ahead = undefined;
		return taken;
	};

	const close = (made: Promise<Connection> | undefined) => {
		made?.then(connection => {
			connection.close();
		}, () => undefined);
	};

	const asked = async (options: RequestOptions) => {
		const connection = await usable(ahead);
		const answer = connection && (options.method ?? 'GET') === 'GET' ? await askedOn(connection, options) : undefined;
		usedAt = performance.now();
		return answer;
	};

	return {
		cluster: {
			...cluster,
			async connect(options) {
				const taken = take();
				const connection = await usable(taken);
				if (!connection) {
					close(taken);
				}

				return connection ?? cluster.connect(options);
			},
			async json<T>(options: Parameters<ClusterAccess['json']>[0]) {
				const answer = await asked(options);
				return answer ? await readJson(answer, options, {what: `the apiserver ${cluster.facts.server}`, by: cluster.facts}) as T : cluster.json<T>(options);
			},
			async request(options) {
				const answer = options.whole ? await asked(options) : undefined;
				return answer ?? cluster.request(options);
			},
		},
		close() {
			close(take());
		},
	};
}

/** `undefined` for what the cluster must be asked: it waits where it is told to, renews credentials, and makes a lost connection anew. */
async function askedOn(connection: Connection, options: RequestOptions): Promise<ApiResponse | undefined> {
	try {
		const answer = await connection.ask(options);
		return answer.status === 401 || answer.status === 429 || answer.status >= 500 ? undefined : answer;
	} catch (error) {
		if (options.signal?.aborted) {
			throw error;
		}

		return undefined;
	}
}
