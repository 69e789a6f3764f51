/** A way to a cluster that ends with a signal. */
import type {ClusterClient} from './cluster-client.ts';
import type {Connection} from './connection.ts';

/** The same as `cluster`, and all that is under way is cut when `signal` is aborted: probes take that for no answer, and do not go on asking. */
export function withAbortSignal(cluster: ClusterClient, signal: AbortSignal): ClusterClient {
	const either = (own: AbortSignal | undefined) => (own ? AbortSignal.any([own, signal]) : signal);
	const cut = async (opening: Promise<Connection>) => {
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
		connect: async options => cut(cluster.connect({signal: either(options?.signal)})),
		connectAt: async (address, options) => cut(cluster.connectAt(address, {...options, signal: either(options?.signal)})),
		request: async options => cluster.request({...options, signal: either(options.signal)}),
		json: async <T>(options: Parameters<ClusterClient['json']>[0]) => cluster.json<T>({...options, signal: either(options.signal)}),
		logIn: async own => cluster.logIn(either(own)),
		anonymous: async options => cluster.anonymous({...options, signal: either(options.signal)}),
	};
}
