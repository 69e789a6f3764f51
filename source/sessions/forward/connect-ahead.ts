/** How is the first tunnel's connection made, and used, while it is still being found out where it leads? */
import {readWhole} from '../../cluster/transport/exchange.ts';
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import type {Connection} from '../../cluster/connection.ts';

const largestObject = 16 * 1024 * 1024;

/**
`cluster` asks on the connection made ahead and gives it to whoever connects first: one handshake less before the first tunnel.
Where it is of no use, the cluster's own are. `close` ends it when nobody took it.
*/
export function connectAhead(cluster: ClusterAccess, signal: AbortSignal): {cluster: ClusterAccess; close: () => void} {
	let ahead: Promise<Connection | undefined> | undefined = cluster.connect({signal}).catch(() => undefined);
	const usable = async () => {
		const connection = await ahead;
		return connection?.usable ? connection : undefined;
	};

	return {
		cluster: {
			...cluster,
			async connect(options) {
				const connection = await usable();
				ahead = undefined;
				return connection ?? cluster.connect(options);
			},
			async json<T>(options: Parameters<ClusterAccess['json']>[0]) {
				const connection = await usable();
				if (!connection) {
					return cluster.json<T>(options);
				}

				const {status, body} = await connection.request(options);
				const text = (await readWhole(body, largestObject, options.path)).toString();
				// A refusal is asked for again, and told in the cluster's own words.
				return status === 200 ? JSON.parse(text) as T : cluster.json<T>(options);
			},
		},
		close() {
			void ahead?.then(connection => {
				connection?.close();
			});
			ahead = undefined;
		},
	};
}
