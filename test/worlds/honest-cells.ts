/**
What spoke knows of honest clusters: one cell for each version, role, credential, front and reading, with each kubelet CA and route. Nothing
that the code of today knows rightly becomes unknown, except words that rule 2 of the contract forbids.
*/
import {readFileSync} from 'node:fs';
import {simplestWorld} from './check-worlds.ts';
import {type Violation, violationsIn} from './judge.ts';
import {readWorld, type Words} from './readings.ts';
import type {ClusterAuthority} from './world-client.ts';
import {apiserver, balancerAddress, isAtLeast, type Role, roles, verifications, type World} from './world.ts';

/**
Cell → for each kubelet CA and route, for each feature, TLS, route and exposure of leg 2: `p` proven, `i` inferred, `u` unknown, `x` a word
that rule 2 forbids.
*/
export type KnownCells = Readonly<Record<string, string>>;

export const knownToday = JSON.parse(readFileSync(new URL('known-today.json', import.meta.url), 'utf8')) as KnownCells;

type Cell = {name: string; worlds: readonly World[]};

const features = ['logs', 'exec', 'port-forward', 'pod-proxy'];

export function honestCells(): readonly Cell[] {
	return ['1.36.3', '1.34.2', '1.25.16'].flatMap(version =>
		[true, false].flatMap(hasMirrorPods =>
			(Object.keys(roles) as Role[])
				.filter(role => hasMirrorPods || (roles[role] as readonly string[]).includes('systemPods'))
				.flatMap(role =>
					(['certificate', 'token'] as const).flatMap(credential =>
						(['none', 'balancer'] as const).flatMap(front =>
							(['path', 'active-path', 'logs', 'exec', 'port-forward'] as const).map(reading => ({
								name: [version, hasMirrorPods ? 'kubeadm' : 'managed', role, credential, front, reading].join(' '),
								worlds: posturesOf({version, hasMirrorPods, role, credential, front, reading}),
							})),
						),
					),
				),
		),
	);
}

/** What is known of a cell now, and what is false. */
export async function readCell({worlds}: Cell, authority: ClusterAuthority): Promise<{known: string; violations: readonly Violation[]}> {
	const known: string[] = [];
	const violations: Violation[] = [];
	for (const world of worlds) {
		const claims = await readWorld(world, authority);
		violations.push(...violationsIn(world, claims));
		known.push(
			features
				.flatMap(feature => claims.filter(claim => claim.feature === feature).slice(-1))
				.map(({tls, route, exposure}) => [tls, route, exposure].map(words => letterOf(words, world)).join(''))
				.join('.'),
		);
	}

	return {known: known.join(' '), violations};
}

/** Where `now` knows less than `before`; empty if nowhere. */
export function lostKnowledge({name}: Cell, before: string, now: string): readonly string[] {
	const isLost = [...before].some((letter, index) => (letter === 'p' || letter === 'i') && (now[index] ?? 'u') === 'u');
	return isLost || before.length !== now.length ? [`${name}\n  was ${before}\n  now ${now}`] : [];
}

function posturesOf({
	role,
	...more
}: Pick<World, 'version' | 'hasMirrorPods' | 'credential' | 'front' | 'reading'> & {role: Role}): World[] {
	return verifications.flatMap(verification =>
		(['direct', 'grpc', 'http-connect'] as const).map(route => {
			const isRefused = verification === 'bad';
			const process = apiserver('a', {verification, route, served: isRefused ? 0 : 3, tlsFailures: isRefused ? 3 : 0});
			return {
				...simplestWorld,
				...more,
				processes: [process],
				role,
				rights: roles[role],
				hasLeases: isAtLeast(more.version, 26),
				hasPeerAddresses: isAtLeast(more.version, 36),
				serverAddress: more.front === 'none' ? process.advertised : balancerAddress,
			};
		}),
	);
}

const goodWords = /^(?:verified|enforced|protected|konnectivity|egress.*|ssh-tunnel)$/;

/** `x`: far ends or writers of objects could have written all of it. An error text of an upgrade is anyone's, of a log read not. */
function letterOf(words: Words | null, {reading, processes}: World): string {
	if (words === null || words.state === 'unknown') {
		return 'u';
	}

	const {sources = []} = words;
	const cites = (pattern: RegExp) => sources.some(source => pattern.test(source));
	const isForbidden =
		(cites(/^mirror-pod /) && !cites(/^flagz /)) ||
		// Without the agents, an HTTP CONNECT proxy is not known to be Konnectivity.
		(cites(/^agent-metrics /) && processes[0]!.route === 'http-connect') ||
		cites(/ log-tls-failures-counted$| kubelets-refused-so-far$/) ||
		(cites(/^error-text /) && reading !== 'logs');
	return goodWords.test(words.state) && isForbidden ? 'x' : words.basis[0]!;
}
