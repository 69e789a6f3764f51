/** Cluster client bound to an abort signal. */
import type {ClusterClient} from './cluster-client.ts';
import type {Connection} from './connection.ts';

/** Aborting `signal` ends all requests and connections of the result. */
export function withAbortSignal(cluster: ClusterClient, signal: AbortSignal): ClusterClient {
	const combine = (own: AbortSignal | undefined) => (own ? AbortSignal.any([own, signal]) : signal);
	const closeOnAbort = async (opening: Promise<Connection>) => {
		const connection = await opening;
		const close = () => {
			connection.close();
		};

		signal.addEventListener('abort', close, {once: true});
		if (signal.aborted) {
			close();
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
