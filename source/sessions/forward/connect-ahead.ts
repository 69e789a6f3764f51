/** How is the first connection made while it is still being found out what for? */
import type {ClusterAccess} from '../../cluster/cluster-access.ts';

/** `cluster` gives the connection made ahead to whoever connects first, if it is still of use; `close` ends it when nobody did. */
export function connectAhead(cluster: ClusterAccess, signal: AbortSignal): {cluster: ClusterAccess; close: () => void} {
	let ahead = cluster.connect({signal}).catch(() => undefined) as ReturnType<ClusterAccess['connect']> | undefined;
	const take = async () => {
		const taken = ahead;
		ahead = undefined;
		return taken;
	};

	return {
		cluster: {
			...cluster,
			async connect(options) {
				const connection = await take();
				return connection?.usable ? connection : cluster.connect(options);
			},
		},
		close() {
			void take().then(connection => {
				connection?.close();
			});
		},
	};
}
