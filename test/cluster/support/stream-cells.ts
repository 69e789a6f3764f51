/** The cells of the matrix that are streams of the built program: its last label, beside what the apiserver's flags make true. */
import type {Path} from '../../../source/posture/evidence.ts';
import type {Person} from '../lab/kubeconfig.ts';
import type {StreamFacts, Truth} from '../lab/truth.ts';
import type {Cluster, Place} from './cluster.ts';
import type {Cell} from './matrix-cells.ts';

const oneShots: ReadonlyArray<[name: string, args: readonly string[], stream: StreamFacts]> = [
	['logs', ['logs', 'finished-writer', '--tail=1', '--path=json'], {feature: 'logs', serving: 'signed'}],
	['exec', ['exec', 'shell', '--path=json', '--', 'true'], {feature: 'exec', serving: 'signed'}],
	['service-proxy http', ['proxy', 'get', 'svc/web:80/', '--path=json'], {feature: 'service-proxy', serving: 'signed', scheme: 'http'}],
	['service-proxy https', ['proxy', 'get', 'svc/https:secure:443/', '--path=json'], {feature: 'service-proxy', serving: 'signed', scheme: 'https'}],
];

/** Every object of kind Path in the lines, also inside a forward's events. */
export function pathsIn(lines: string): Path[] {
	return lines.split('\n').flatMap(line => {
		if (!line.startsWith('{')) {
			return [];
		}

		const object = JSON.parse(line) as {kind: string; event?: string; path?: Path};
		return object.kind === 'Path' ? [object as unknown as Path] : (object.event === 'path' && object.path ? [object.path] : []);
	});
}

/** Four one-shots as one person; one that tells no label at all is an error. */
export async function streamCells({cluster, place, person, truth, flagz}: {cluster: Cluster; place: Place; person: Person; truth: (stream: StreamFacts, path: Path) => Truth; flagz: boolean}): Promise<Cell[]> {
	const cells: Cell[] = [];
	for (const [variant, args, stream] of oneShots) {
		const {stderr} = await cluster.spoke(place, args, {person});
		const path = pathsIn(stderr).at(-1);
		if (!path) {
			throw new Error(`${place} ${person} ${args.join(' ')} told no label: ${stderr}`);
		}

		cells.push({place, person, probe: 'stream', variant, path, truth: truth(stream, path), flagz});
	}

	return cells;
}
