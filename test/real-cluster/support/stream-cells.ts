/** The cells of the matrix that are streams: the last reported path and the truth. */
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import type {Path} from '../../../source/evidence/evidence.ts';
import type {UserName} from '../lab/kubeconfig.ts';
import type {StreamFacts, Truth} from '../lab/truth.ts';
import type {Cluster, LabServer} from './cluster.ts';
import {mayBeReadAgain, readUntilSettled, silentCommand, type Cell} from './matrix-cells.ts';

const oneShots: ReadonlyArray<[name: string, args: readonly string[], stream: StreamFacts]> = [
	['logs', ['logs', 'finished-writer', '--tail=1', '--path=json'], {feature: 'logs', serving: 'signed'}],
	['exec', ['exec', 'shell', '--path=json', '--', 'true'], {feature: 'exec', serving: 'signed'}],
	['service-proxy http', ['proxy', 'get', 'svc/web:80/', '--path=json'], {feature: 'service-proxy', serving: 'signed', scheme: 'http'}],
	[
		'service-proxy https',
		['proxy', 'get', 'svc/https:secure:443/', '--path=json'],
		{feature: 'service-proxy', serving: 'signed', scheme: 'https'},
	],
];

/** Open until interrupted. */
const lasting: typeof oneShots = [
	['logs -f', ['logs', 'finished-writer', '--tail=1', '-f', '--path=json'], {feature: 'logs', serving: 'signed'}],
	[silentCommand, ['exec', 'shell', '--path=json', '--', 'sleep', '60'], {feature: 'exec', serving: 'signed'}],
	['port-forward', ['port-forward', 'pod/shell', ':8080', '--path=json'], {feature: 'port-forward', serving: 'signed'}],
];

/** A settled path may change once more as soon as the metrics are read. */
const mayChangeMs = 1500;

/** Flags without a response are requested again every 10 s. */
const settlesWithinMs = 40_000;

/** Paths printed as lines, or within events of a forward. */
export function pathsIn(lines: string): Path[] {
	return lines.split('\n').flatMap(line => {
		if (!line.startsWith('{')) {
			return [];
		}

		const object = JSON.parse(line) as {kind: string; event?: string; path?: Path};
		return object.kind === 'Path' ? [object as unknown as Path] : object.event === 'path' && object.path ? [object.path] : [];
	});
}

type Streams = {cluster: Cluster; server: LabServer; user: UserName; truth: (stream: StreamFacts, path: Path) => Truth; flagz: boolean};

/** Four one-shots and three lasting streams, each again while a response was missing. A stream without a path is an error. */
export async function streamCells({cluster, server, user, truth, flagz}: Streams): Promise<Cell[]> {
	const cells: Cell[] = [];
	const read = async ([variant, args, stream]: (typeof oneShots)[number], open: () => Promise<string>) => {
		const found = await readUntilSettled(async () => {
			const stderr = await open();
			const path = pathsIn(stderr).at(-1);
			if (!path) {
				throw new Error(`${server} ${user} ${args.join(' ')} reported no path: ${stderr}`);
			}

			return [{server, user, probe: 'stream', variant, path, truth: truth(stream, path), flagz}];
		});
		cells.push(...found);
	};

	for (const row of oneShots) {
		await read(row, async () => (await cluster.spoke(server, row[1], {user})).stderr);
	}

	await Promise.all(lasting.map(async row => read(row, async () => labelledStderr(cluster, server, row[1], {user}))));
	return cells;
}

/** Stderr until the path was settled and had time to change; all of it if the stream ends by itself. */
export async function labelledStderr(
	cluster: Cluster,
	server: LabServer,
	args: readonly string[],
	{user, limitMs = settlesWithinMs}: {user: UserName; limitMs?: number},
): Promise<string> {
	const child = cluster.startSpoke(server, args, user);
	child.stdout.resume();
	const closed = once(child, 'close');
	const lines: string[] = [];
	const interrupt = () => child.kill('SIGINT');
	let timer = setTimeout(interrupt, limitMs);
	let isSettled = false;
	createInterface({input: child.stderr}).on('line', line => {
		lines.push(line);
		if (!isSettled && pathsIn(line).some(path => path.phase === 'settled' && !mayBeReadAgain(path))) {
			isSettled = true;
			clearTimeout(timer);
			timer = setTimeout(interrupt, mayChangeMs);
		}
	});
	await closed;
	clearTimeout(timer);
	return lines.join('\n');
}
