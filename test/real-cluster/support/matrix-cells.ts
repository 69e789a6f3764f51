/** The cells of the matrix: spoke's claims and the truth about one connection. */
import type {ExecutionContext} from 'ava';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import {connectionFlags} from '../../../source/base/command-line/connection-flags.ts';
import {createClusterClient} from '../../../source/cluster/create-cluster-client.ts';
import type {Path, StreamFeature} from '../../../source/evidence/evidence.ts';
import {runActiveProbes} from '../../../source/evidence/run-active-probes.ts';
import {examineApiserver} from '../../../source/evidence/examine-apiserver.ts';
import {planPaths} from '../../../source/evidence/plan-paths.ts';
import {configuredPath} from '../../../source/evidence/find-paths.ts';
import type {UserName} from '../lab/kubeconfig.ts';
import type {StreamFacts, Truth} from '../lab/truth.ts';

export type Variant = {name: string; target: string; feature: StreamFeature; stream: StreamFacts};

const serving = 'signed';

/** Keeps running and writes nothing. */
export const silentCommand = 'exec that lasts';

export const variants: readonly Variant[] = [
	...(['logs', 'exec', 'attach', 'port-forward'] as const).map(feature => ({
		name: feature,
		target: 'pod/shell',
		feature,
		stream: {feature, serving} as const,
	})),
	{name: 'node proxy, kubelet port', target: 'node/n1', feature: 'node-proxy', stream: {feature: 'node-proxy', serving, kubeletPort: true}},
	{
		name: 'node proxy, elsewhere',
		target: 'node/n1:9100',
		feature: 'node-proxy',
		stream: {feature: 'node-proxy', serving, scheme: 'http', kubeletPort: false},
	},
	...(['http', 'https'] as const).flatMap(scheme => {
		const target = scheme === 'http' ? 'svc/http:web:80' : 'svc/https:secure:443';
		return (['pod-proxy', 'service-proxy'] as const).map(feature => ({
			name: `${feature} ${scheme}`,
			target,
			feature,
			stream: {feature, serving, scheme} as const,
		}));
	}),
];

export type Cell = {
	server: string;
	user: UserName;
	/** `stream`: the label of an open connection. */
	probe: 'passive' | 'active' | 'stream';
	variant: string;
	path: Path;
	truth: Truth;
	/** Whether the apiserver serves a structured /flagz. */
	flagz: boolean;
	/** Some response came late, and it was read again: only its claims count, not what it leaves unknown. */
	isRepeated: boolean;
};

/** The needs that the same reads may meet. */
const readingAgain = /in time: the next connection tries again$|^--probe active again/;

/** Whether a verdict is unknown only because a response came late or others disturbed the counts, by the word of the path itself. */
export function mayBeReadAgain({phase, legs: [, second], exposure}: Path): boolean {
	return (
		phase === 'checking' ||
		[second!.tls, second!.route, exposure].some(({state, need}) => state === 'unknown' && need.some(({or}) => readingAgain.test(or ?? '')))
	);
}

type Reader = {
	server: string;
	user: UserName;
	kubeconfig: string;
	truth: (variant: Variant, path: Path) => Truth;
	flagz?: boolean;
};

/** Reads every variant passively, then with the active probes; again while that may settle more. */
export async function cellsOf(reader: Reader): Promise<Cell[]> {
	return readUntilInTime(async () => readCells(reader));
}

/** On a loaded machine, a response exceeds a timeout that suits a person; `judge` limits how many. The last attempt is last. */
export async function readUntilInTime(read: () => Promise<Array<Omit<Cell, 'isRepeated'>>>, attempts = 3): Promise<Cell[]> {
	const found = await read();
	const isRepeated = attempts > 1 && found.some(({path}) => mayBeReadAgain(path));
	const cells = found.map(cell => ({...cell, isRepeated}));
	return isRepeated ? [...cells, ...(await readUntilInTime(read, attempts - 1))] : cells;
}

async function readCells({server, user, kubeconfig, truth, flagz = true}: Reader): Promise<Array<Omit<Cell, 'isRepeated'>>> {
	const {flags} = parseCommandLine(connectionFlags, ['--kubeconfig', kubeconfig]);
	const cluster = await createClusterClient(flags);
	const cells: Array<Omit<Cell, 'isRepeated'>> = [];
	try {
		const passive = await examineApiserver(cluster);
		const subjects = new Map(
			await Promise.all(
				[...new Set(variants.map(({target}) => target))].map(async target => [target, await planPaths(cluster, target)] as const),
			),
		);
		const active = await runActiveProbes(passive, cluster, subjects.get('pod/shell')!.probe!);
		for (const [probe, examined] of [
			['passive', passive],
			['active', active],
		] as const) {
			for (const variant of variants) {
				const own = subjects.get(variant.target)!;
				const path = configuredPath(
					examined,
					cluster,
					own.purposes.find(({feature}) => feature === variant.feature)!,
					own,
				);
				cells.push({server, user, probe, variant: variant.name, path, truth: truth(variant, path), flagz});
			}
		}

		passive.connection.close();
	} finally {
		cluster.close();
	}

	return cells;
}

export type Claim = {cell: Cell; what: 'tls' | 'route' | 'exposure'; state: string; basis: string; isTrue: boolean; readable: boolean};

/** TLS state, route and exposure. `readable`: the user's permissions give access to something decisive. */
export function claimsOf(cell: Cell): Claim[] {
	return verdictsOf(cell).filter(({state}) => !(cell.isRepeated && state === 'unknown'));
}

function verdictsOf(cell: Cell): Claim[] {
	const {path, truth, user, probe, variant, flagz} = cell;
	const second = path.legs[1]!;
	const endsAtKubelet = second.to === 'kubelet';
	const monitors = user !== 'plain' && path.legs[0]!.to === 'apiserver';
	const readsFlags = monitors && flagz;
	const isChecked = truth.tls === 'verified' || truth.tls === 'refused';
	// A silent command may not have reached the kubelet: the apiserver can answer 101 by itself.
	const unheard = isChecked && variant === silentCommand;
	const isRefusal = probe !== 'passive' && truth.tls === 'refused';
	const readable = {
		tls: !endsAtKubelet || isRefusal || (readsFlags && !unheard),
		// A set file does not show the route; metrics do, which are read while a stream is open, and not for a failed one.
		route: path.phase === 'failed' ? readsFlags && !truth.egressFile : monitors,
	};
	// With HTTP CONNECT, only the agents' own metrics show Konnectivity's TLS, and a node can make them up.
	const readsTunnel = readable.route && truth.protocol === 'grpc';
	// The far end can write that it was refused, too: only the flags protect.
	const readsCheck = isChecked && readsFlags;
	return [
		{cell, what: 'tls', state: second.tls.state, basis: second.tls.basis, isTrue: isTrueTls(path, truth), readable: readable.tls},
		{
			cell,
			what: 'route',
			state: second.route.state,
			basis: second.route.basis,
			isTrue: (truth.routes as readonly string[]).includes(second.route.state),
			readable: readable.route,
		},
		{
			cell,
			what: 'exposure',
			state: path.exposure.state,
			basis: path.exposure.basis,
			isTrue: path.exposure.state === truth.exposure,
			readable: readsTunnel || readsCheck || (!isChecked && readable.tls && readable.route && truth.protocol === null),
		},
	];
}

/** Where the apiserver verifies, a connection that is not open is `enforced`. */
export function isTrueTls({about, legs}: Path, {tls, proxyRefused}: Truth): boolean {
	const {state, basis} = legs[1]!.tls;
	return (
		state === tls ||
		// A certificate of the leg was refused; without the flags, nobody can tell whose.
		(proxyRefused && state === 'refused' && basis === 'inferred') ||
		(about === 'configuration' && state === 'enforced' && (tls === 'verified' || tls === 'refused'))
	);
}

const judged: Cell[] = [];

/** None is false, and all that is readable is claimed. */
export function judge(t: ExecutionContext, title: string, cells: readonly Cell[]): void {
	judged.push(...cells);
	const claims = cells.flatMap(cell => claimsOf(cell));
	const isClaim = ({state}: Claim) => state !== 'unknown';
	const wrong = claims.filter(claim => isClaim(claim) && !claim.isTrue);
	const missed = claims.filter(claim => !isClaim(claim) && claim.readable);
	t.log(
		`${title}: ${claims.length} claims of ${cells.length} cells, ${claims.filter(claim => isClaim(claim) && claim.isTrue).length} exact`,
	);
	t.deepEqual(wrong.map(describe), [], 'false');
	t.deepEqual(missed.map(describe), [], 'unknown though readable');
}

/** The last test of a file: of all cells that it judged, at most one in twenty came late and was read again. */
export function assertSeldomLate(t: ExecutionContext): void {
	const late = judged.filter(({path, isRepeated}) => isRepeated && mayBeReadAgain(path));
	const readers = new Set(late.map(({server, user, probe}) => `${server} ${user} ${probe}`));
	t.true(late.length <= 0.05 * judged.length, `${late.length} of ${judged.length} cells: ${[...readers].join(', ')}`);
}

function describe({cell, what, state, basis}: Claim): string {
	const {tls, routes, exposure} = cell.truth;
	const truth = {tls, route: routes.join(' or '), exposure}[what];
	return `${cell.server} ${cell.user} ${cell.probe} ${cell.variant}: ${what} ${state}, ${basis}; true is ${truth}`;
}
