/** Cluster client bound to an abort signal. */
import {anySignal} from '../base/async/clock.ts';
import type {ClusterClient, Connection} from './cluster-client.ts';
import {SpokeError} from '../base/errors/spoke-error.ts';

type TimeoutOptions = {
	timeoutMs: number;
	/** Of the error. */
	message: string;
	signal?: AbortSignal | undefined;
};

/** Aborting `signal` ends all requests and connections of the result. */
export function withAbortSignal(cluster: ClusterClient, signal: AbortSignal): ClusterClient {
	const opened = new Set<Connection>();
	const closeAll = () => {
		for (const connection of opened) {
			connection.close();
		}
	};

	const closeOnAbort = async (opening: Promise<Connection>) => {
		const connection = await opening;
		for (const earlier of opened) {
			if (!earlier.usable) {
				opened.delete(earlier);
			}
		}

		opened.add(connection);
		// The signal adds the same listener only once.
		signal.addEventListener('abort', closeAll, {once: true});
		if (signal.aborted) {
			closeAll();
		}

		return connection;
	};

	return {
		...cluster,
		connect: async options => closeOnAbort(cluster.connect({...options, signal: anySignal(options?.signal, signal)})),
		connectAt: async (address, options) =>
			closeOnAbort(cluster.connectAt(address, {...options, signal: anySignal(options?.signal, signal)})),
		request: async options => cluster.request({...options, signal: anySignal(options.signal, signal)}),
		json: async <T>(options: Parameters<ClusterClient['json']>[0]) =>
			cluster.json<T>({...options, signal: anySignal(options.signal, signal)}),
		logIn: async own => cluster.logIn(anySignal(own, signal)),
		anonymous: async options => cluster.anonymous({...options, signal: anySignal(options.signal, signal)}),
	};
}

/**
`work` gets a signal that is aborted after `timeoutMs` or with `signal`.
@throws SpokeError ERR_APISERVER_TIMEOUT; what `work` throws
*/
export async function withTimeout<Value>(
	{timeoutMs, message, signal}: TimeoutOptions,
	work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
	const timeout = new AbortController();
	const timer = setTimeout(() => {
		timeout.abort(new SpokeError('ERR_APISERVER_TIMEOUT', message));
	}, timeoutMs).unref();
	try {
		return await work(anySignal(timeout.signal, signal));
	} catch (error) {
		throw timeout.signal.aborted && !signal?.aborted ? timeout.signal.reason : error;
	} finally {
		clearTimeout(timer);
	}
}
