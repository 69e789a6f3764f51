/** The cells of the matrix that are streams: the last reported path and the truth. */
import {createInterface} from 'node:readline';
import type {Path} from '../../../source/evidence/evidence.ts';
import type {UserName} from '../lab/kubeconfig.ts';
import type {Arguments} from '../lab/kubectl.ts';
import type {StreamFacts, Truth} from '../lab/truth.ts';
import {objectsIn, type Cluster, type LabServer} from './cluster.ts';
import {mayBeReadAgain, readUntilInTime, silentCommand, type Cell} from './matrix-cells.ts';

type Row = readonly [name: string, command: string, stream: StreamFacts];

const oneShots: readonly Row[] = [
	['logs', 'logs finished-writer --tail=1 --path=json', {feature: 'logs', serving: 'signed'}],
	['exec', 'exec shell --path=json -- true', {feature: 'exec', serving: 'signed'}],
	['service-proxy http', 'proxy get svc/web:80/ --path=json', {feature: 'service-proxy', serving: 'signed', scheme: 'http'}],
	['service-proxy https', 'proxy get svc/https:secure:443/ --path=json', {feature: 'service-proxy', serving: 'signed', scheme: 'https'}],
];

/** Open until interrupted. */
const lasting: readonly Row[] = [
	['logs -f', 'logs finished-writer --tail=1 -f --path=json', {feature: 'logs', serving: 'signed'}],
	[silentCommand, 'exec shell --path=json -- sleep 60', {feature: 'exec', serving: 'signed'}],
	['port-forward', 'port-forward pod/shell :8080 --path=json', {feature: 'port-forward', serving: 'signed'}],
];

/** A settled path may change once more as soon as the metrics are read. */
const mayChangeMs = 1500;

/** Flags without a response are requested again every 10 s. */
const settlesWithinMs = 40_000;

/** Paths printed as lines, or within events of a forward. */
export function pathsIn(lines: string): Path[] {
	return objectsIn<{kind: string; event?: string; path?: Path}>(lines).flatMap(object =>
		object.kind === 'Path' ? [object as unknown as Path] : object.event === 'path' && object.path ? [object.path] : [],
	);
}

export type Streams = {
	cluster: Cluster;
	server: LabServer;
	users: readonly UserName[];
	truth: (stream: StreamFacts, path: Path, user: UserName) => Truth;
	flagz: boolean;
	/** Which user begins with the one-shots. */
	turn?: number;
};

/** Three lasting streams of each user, at the same time, and four one-shots, which the users share. A stream without a path is an error. */
export async function streamCells({cluster, server, users, truth, flagz, turn = 0}: Streams): Promise<Cell[]> {
	const read = async (user: UserName, [variant, args, stream]: Row, open: () => Promise<string>) =>
		readUntilInTime(async () => {
			const stderr = await open();
			const path = pathsIn(stderr).at(-1);
			if (!path) {
				throw new Error(`${server} ${user} ${args} reported no path: ${stderr}`);
			}

			return [{server, user, probe: 'stream', variant, path, truth: truth(stream, path, user), flagz}];
		});

	const cells: Cell[] = [];
	for (const [index, row] of oneShots.entries()) {
		const user = users[(index + turn) % users.length]!;
		cells.push(...(await read(user, row, async () => (await cluster.spoke(server, row[1], {user})).stderr)));
	}

	const open = users.flatMap(user =>
		lasting.map(async row => read(user, row, async () => labelledStderr(cluster, server, row[1], {user}))),
	);
	return [...cells, ...(await Promise.all(open)).flat()];
}

/** Stderr until the path was settled and had time to change; all of it if the stream ends by itself. */
export async function labelledStderr(
	cluster: Cluster,
	server: LabServer,
	args: Arguments,
	{user, limitMs = settlesWithinMs}: {user: UserName; limitMs?: number},
): Promise<string> {
	const {child, ended, stderr} = cluster.startSpoke(server, args, user);
	const interrupt = () => child.kill('SIGINT');
	let timer = setTimeout(interrupt, limitMs);
	let isSettled = false;
	createInterface({input: child.stderr}).on('line', line => {
		if (!isSettled && pathsIn(line).some(path => path.phase === 'settled' && !mayBeReadAgain(path))) {
			isSettled = true;
			clearTimeout(timer);
			timer = setTimeout(interrupt, mayChangeMs);
		}
	});
	await ended;
	clearTimeout(timer);
	return stderr();
}
