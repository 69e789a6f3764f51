/** The cells of whole postures, read in as few rounds as their counters allow. */
import type {UserName} from '../lab/kubeconfig.ts';
import {postureOf, servesFlagz, type PostureName} from '../lab/postures.ts';
import type {Cluster, LabServer} from './cluster.ts';
import {cellsOf, type Cell} from './matrix-cells.ts';
import {streamCells} from './stream-cells.ts';

export const allUsers: readonly UserName[] = ['admin', 'monitor', 'plain'];

/** An unused apiserver has counted nothing. */
export async function useOnce(cluster: Cluster, servers: readonly LabServer[]): Promise<void> {
	await Promise.all(servers.map(async server => cluster.kubectl(server, 'logs finished-writer --tail=1')));
}

/** Passively and with the active probes. Postures of one egress in turn, because active probes read the counts of its agents. */
export async function configurationCells(cluster: Cluster, postures: readonly PostureName[], users: readonly UserName[]): Promise<Cell[]> {
	const byEgress = Map.groupBy(postures, name => postureOf(name).egress);
	const cells = await Promise.all(
		[...byEgress.values()].map(async sameEgress => {
			const own: Cell[] = [];
			for (const server of sameEgress) {
				own.push(...(await serverCells(cluster, {server, like: server, users})));
			}

			return own;
		}),
	);
	return cells.flat();
}

/** Through any server whose streams are those of the posture `like`. */
export async function serverCells(
	cluster: Cluster,
	{server, like, users}: {server: LabServer; like: PostureName; users: readonly UserName[]},
): Promise<Cell[]> {
	const cells: Cell[] = [];
	for (const user of users) {
		const kubeconfig = cluster.kubeconfig(server, user);
		const truth = (variant: {stream: Parameters<Cluster['truth']>[1]}) => cluster.truth(like, variant.stream);
		cells.push(...(await cellsOf({server, user, kubeconfig, truth, flagz: servesFlagz(like)})));
	}

	return cells;
}

/** Of open streams, at two postures at the same time: more would make the machine late. */
export async function postureStreams(cluster: Cluster, postures: readonly PostureName[], users: readonly UserName[]): Promise<Cell[]> {
	const waiting = [...postures.entries()];
	const lane = async () => {
		const cells: Cell[] = [];
		for (let next = waiting.shift(); next; next = waiting.shift()) {
			const [turn, server] = next;
			cells.push(
				...(await streamCells({
					cluster,
					server,
					users,
					turn,
					truth: stream => cluster.truth(server, stream),
					flagz: servesFlagz(server),
				})),
			);
		}

		return cells;
	};
	return (await Promise.all([lane(), lane()])).flat();
}
