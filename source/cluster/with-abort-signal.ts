/** Cluster client bound to an abort signal. */
import type {ClusterClient} from './cluster-client.ts';
import type {Connection} from './connection.ts';

/** Aborting `signal` ends all requests and connections of the result. */
export function withAbortSignal(cluster: ClusterClient, signal: AbortSignal): ClusterClient {
	const combine = (own: AbortSignal | undefined) => (own ? AbortSignal.any([own, signal]) : signal);
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
		connect: async options => closeOnAbort(cluster.connect({...options, signal: combine(options?.signal)})),
		connectAt: async (address, options) => closeOnAbort(cluster.connectAt(address, {...options, signal: combine(options?.signal)})),
		request: async options => cluster.request({...options, signal: combine(options.signal)}),
		json: async <T>(options: Parameters<ClusterClient['json']>[0]) => cluster.json<T>({...options, signal: combine(options.signal)}),
		logIn: async own => cluster.logIn(combine(own)),
		anonymous: async options => cluster.anonymous({...options, signal: combine(options.signal)}),
	};
}
