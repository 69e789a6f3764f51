/** A world: a true posture of a cluster, the user who looks at it, and what adversaries write. */
import {type AdversaryId, adversaries, canWrite} from './authors.ts';
import type {Choices} from './choices.ts';
import {anyLocation, anyText, anyWords, refusals} from './recorded-texts.ts';

export const routes = ['direct', 'grpc', 'http-connect', 'ssh'] as const;
export type Route = (typeof routes)[number];
/** `off`: no kubelet CA. `bad`: a CA that the kubelets’ certificates do not pass. */
export const verifications = ['off', 'good', 'bad'] as const;
export type Verification = (typeof verifications)[number];

/** One apiserver. */
export type Process = {
	name: string;
	verification: Verification;
	route: Route;
	transport: 'uds' | 'tcp';
	/** An egress file that selects no route to nodes. */
	hasIdleEgressFile: boolean;
	/** `ip:port` that it advertises. */
	advertised: string;
	bindAddress: string;
	startTime: string;
	/** Requests to kubelets that it has served. */
	served: number;
	/** Log reads that failed at a certificate. */
	tlsFailures: number;
};

/** What a kubelet, or who answers in its place, sends. */
export type KubeletAnswer =
	| {kind: 'response'; status: number; location: string | null; contentType: string; body: string}
	/** A status line that is none. */
	| {kind: 'malformed'; line: string}
	/** `error`: of the channel of a command, after its upgrade. */
	| {kind: 'upgraded'; error: string | null}
	| {kind: 'closed'};

/** Go's HTTP client repeats, without words of its own, what an agent of Konnectivity or a proxy of the environment says of a dial. */
export type DialError = {kind: 'dial'; text: string};

export const rightNames = ['flagz', 'metrics', 'systemPods', 'nodes', 'leases', 'endpoints', 'rootCa', 'review', 'agents'] as const;
export type Right = (typeof rightNames)[number];
export const roles = {
	admin: rightNames,
	monitoring: ['flagz', 'metrics', 'rootCa', 'review'],
	viewer: ['systemPods', 'nodes', 'endpoints', 'rootCa', 'review'],
	developer: ['rootCa', 'review'],
} as const satisfies Readonly<Record<string, readonly Right[]>>;
export type Role = keyof typeof roles;

export const versions = ['1.36.3', '1.34.2', '1.31.9', '1.25.16', '1.21.14'] as const;
export const fronts = ['none', 'balancer', 'front', 'gateway'] as const;
/** `balancer`: by connection. `front`: by request, with a certificate of the cluster’s CA. `gateway`: with another certificate. */
export type Front = (typeof fronts)[number];

/** What of spoke reads the world, and how often in a hundred: those that read much seldom. */
const readingShares = {
	path: 10,
	'active-path': 8,
	logs: 22,
	exec: 6,
	'port-forward': 7,
	gate: 36,
	audit: 4,
	'active-audit': 2,
	relay: 5,
} as const;
export type Reading = keyof typeof readingShares;
const readings = (Object.keys(readingShares) as Reading[]).flatMap(reading => Array<Reading>(readingShares[reading]).fill(reading));

export type Lies = {
	/** Of the kubelet, one per request; the last one is repeated. */
	kubelet: ReadonlyArray<KubeletAnswer | DialError>;
	/** Failures of certificates that a far end has had the apiserver count. */
	countedFailures: number;
	/** Connections that agents claim to have besides. */
	agents: 'none' | 'follows' | 'noise';
	declaresWebSockets: boolean | null;
	/** Mirror pods of an apiserver, and the node that they name. */
	mirrorPods: ReadonlyArray<{
		node: string;
		verification: 'off' | 'good';
		egress: boolean;
		address: string;
		/** What else hides a direct route. */
		hides: 'proxy' | 'ssh' | 'metrics' | null;
	}>;
	workload: string;
	/** `page`: enough outdated ones that only the first is on the page that is read. */
	leases: 'hidden' | 'one' | 'page' | null;
	endpoints: 'hidden' | 'one' | 'more' | null;
	controlPlaneNodes: readonly string[] | null;
	/** Of a server that answers in the apiserver’s name. */
	response: {flags: Verification; egress: boolean; leases: 'one' | null; namesCertificate: boolean} | null;
};

export type World = {
	version: string;
	processes: readonly Process[];
	front: Front;
	/** Where the connection ends. */
	serverAddress: string;
	/** Process of each connection, and of each request where a server in between chooses. */
	order: readonly number[];
	/** Whether the apiservers take the user's name from a front proxy that shows a certificate of its own CA, as kubeadm's do. */
	trustsHeaders: boolean;
	/** Whether a server in front relays the name of the client certificate, where that is trusted. */
	relaysIdentity: boolean;
	/** Whether such a server sends all that leaves the apiserver to the last process of `order`, and all else to the first. */
	splitsStreams: boolean;
	/** Kubeadm's: the control plane is nodes, and its components are mirror pods. */
	hasMirrorPods: boolean;
	hasLeases: boolean;
	/** Whether leases name the address of their apiserver. */
	hasPeerAddresses: boolean;
	/** HTTPS_PROXY of the apiservers, which their requests other than upgrades use, outside of any tunnel. */
	hasEnvironmentProxy: boolean;
	declaresWebSockets: boolean;
	rights: readonly Right[];
	/** `null` for rights that no role has. */
	role: Role | null;
	credential: 'certificate' | 'token';
	skipsVerification: boolean;
	reading: Reading;
	target: 'web' | 'node/n1';
	/** Of a gate: what is required. */
	required: {state: 'verified' | 'tunnelled' | 'protected'; minBasis: 'proven' | 'inferred'};
	adversaries: readonly AdversaryId[];
	lies: Lies;
	/** Index into the recorded refusals. */
	refusal: number;
};

export const noLies: Lies = {
	kubelet: [],
	countedFailures: 0,
	agents: 'none',
	declaresWebSockets: null,
	mirrorPods: [],
	workload: '',
	leases: null,
	endpoints: null,
	controlPlaneNodes: null,
	response: null,
};

export const balancerAddress = '10.9.9.9:6443';
const loopbackAddress = '127.0.0.1:6443';

/** Choice 0 everywhere is an honest 1.36 cluster with one apiserver that verifies nothing, seen by its administrator. */
export function anyWorld(choices: Choices): World {
	const reading = choices.oneOf(readings);
	const present = anyAdversaries(choices);
	const version = choices.oneOf(versions);
	const role = choices.chance(20) ? null : choices.oneOf(Object.keys(roles) as Role[]);
	const rights = role === null ? choices.some(rightNames, 60) : roles[role];
	const front = anyFront(choices, present);
	const processes = anyProcesses(choices, {version, front, present});
	const isElsewhere = canWrite(present, 'connection-routing') && front === 'none';
	const isOnLoopback = front === 'none' && (present.includes('other-user') || choices.chance(5));
	const count = processes.length;
	return {
		version,
		processes,
		front,
		serverAddress: isOnLoopback ? loopbackAddress : front === 'none' ? processes[0]!.advertised : balancerAddress,
		order: front === 'none' && !isElsewhere ? [0] : Array.from({length: 6}, () => choices.below(count)),
		trustsHeaders: !choices.chance(30),
		relaysIdentity: choices.chance(50),
		splitsStreams: choices.chance(60),
		hasMirrorPods: choices.chance(50),
		hasLeases: isAtLeast(version, 26),
		hasPeerAddresses: isAtLeast(version, 36) && !choices.chance(15),
		hasEnvironmentProxy: choices.chance(10),
		declaresWebSockets: isAtLeast(version, 36) && choices.chance(50),
		rights,
		role,
		credential: choices.oneOf(['certificate', 'token']),
		skipsVerification: choices.chance(5),
		reading,
		target: choices.oneOf(['web', 'web', 'web', 'node/n1'] as const),
		required: {state: choices.oneOf(['verified', 'tunnelled', 'protected']), minBasis: choices.oneOf(['proven', 'inferred'])},
		adversaries: present,
		lies: anyLies(choices, present, processes),
		refusal: choices.below(refusals.length),
	};
}

export function isAtLeast(version: string, minor: number): boolean {
	return Number(version.split('.')[1]) >= minor;
}

function anyAdversaries(choices: Choices): readonly AdversaryId[] {
	const ids = adversaries.map(({id}) => id);
	const kind = choices.below(8);
	return kind < 2 ? [] : kind < 4 ? ['node'] : kind < 7 ? [choices.oneOf(ids)] : choices.some(ids, 25);
}

function anyFront(choices: Choices, present: readonly AdversaryId[]): Front {
	if (present.includes('gateway')) {
		return 'gateway';
	}

	if (present.includes('gateway-with-key')) {
		return 'front';
	}

	return present.includes('twin') ? 'balancer' : choices.oneOf(['none', 'balancer', 'front']);
}

function anyProcesses(
	choices: Choices,
	{version, front, present}: Pick<World, 'version' | 'front'> & {present: readonly AdversaryId[]},
): Process[] {
	const possible = isAtLeast(version, 22) ? (['direct', 'grpc', 'http-connect'] as const) : routes;
	const first = {verification: choices.oneOf(verifications), route: choices.oneOf(possible)};
	// Each advertises the balancer's address. A lone one could not be told from an apiserver that has that address.
	const isHosted = front !== 'none' && choices.chance(35);
	const count =
		choices.oneOf([0, 0, 0, 1, 1, 2]) + (isHosted || present.includes('twin') || canWrite(present, 'connection-routing') ? 2 : 1);
	const haveEqualFlags = !present.includes('twin') && choices.chance(60);
	const transport = choices.oneOf(['uds', 'tcp'] as const);
	return Array.from({length: count}, (_, index) => {
		const posture = index === 0 || haveEqualFlags ? first : {verification: choices.oneOf(verifications), route: choices.oneOf(possible)};
		const served = choices.oneOf([0, 3, 40]);
		const isRefused = posture.verification === 'bad';
		return apiserver('abcde'[index]!, {
			...posture,
			transport,
			hasIdleEgressFile: choices.chance(15),
			...(isHosted && {advertised: balancerAddress}),
			...(isHosted && choices.chance(50) && {bindAddress: `10.1.1.${1 + index}`}),
			served: isRefused ? 0 : served,
			tlsFailures: isRefused ? served : 0,
		});
	});
}

/** By default, one that verifies nothing and dials directly. */
export function apiserver(name: string, more: Partial<Process> = {}): Process {
	const index = 'abcde'.indexOf(name);
	return {
		name,
		verification: 'off',
		route: 'direct',
		transport: 'uds',
		hasIdleEgressFile: false,
		advertised: `10.0.0.${5 + index}:6443`,
		bindAddress: '0.0.0.0',
		startTime: `2026-11-24T14:00:0${index}Z`,
		served: 0,
		tlsFailures: 0,
		...more,
	};
}

function anyLies(choices: Choices, present: readonly AdversaryId[], processes: readonly Process[]): Lies {
	const may = (surface: Parameters<typeof canWrite>[1], percent = 80) => canWrite(present, surface) && choices.chance(percent);
	const pods = [
		...(may('own-mirror-pod', 40) ? [anyMirrorPod(choices, ['n1', 'n2'])] : []),
		...(may('system-pods', 60) ? [anyMirrorPod(choices, ['cp1', 'cp2', 'n1'])] : []),
	];
	return {
		kubelet: may('kubelet-response')
			? Array.from({length: 1 + choices.below(3)}, () =>
					choices.chance(15) ? {kind: 'dial', text: anyWords(choices)} : anyKubeletAnswer(choices),
				)
			: [],
		countedFailures: may('counters', 50) ? 1 + choices.below(3) : 0,
		agents: may('agent-metrics', 40) ? choices.oneOf(['follows', 'noise'] as const) : 'none',
		declaresWebSockets: may('own-node', 30) ? choices.chance(50) : null,
		mirrorPods: pods,
		workload: may('workload-bytes', 60) ? anyText(choices) : '',
		leases: may('leases', 50) ? choices.oneOf(['hidden', 'one', 'page'] as const) : null,
		endpoints: may('endpoints', 50) ? choices.oneOf(['hidden', 'one', 'more'] as const) : null,
		controlPlaneNodes: may('nodes', 40) ? choices.oneOf([['n1', 'n2', 'cp1'], [], ['n1']]) : null,
		response: may('api-response', 60)
			? {
					flags: choices.oneOf(verifications),
					egress: choices.chance(50),
					leases: choices.oneOf([null, 'one'] as const),
					namesCertificate: processes.length > 0 && choices.chance(50),
				}
			: null,
	};
}

function anyMirrorPod(choices: Choices, nodes: readonly string[]): Lies['mirrorPods'][number] {
	return {
		node: choices.oneOf(nodes),
		verification: choices.oneOf(['good', 'off'] as const),
		egress: choices.chance(50),
		address: choices.oneOf(['10.0.0.5', '10.0.0.6', '10.0.0.7', '10.9.9.9']),
		hides: choices.oneOf([null, 'proxy', 'ssh', 'metrics'] as const),
	};
}

function anyKubeletAnswer(choices: Choices): KubeletAnswer {
	switch (choices.below(7)) {
		case 0:
		case 6: {
			return {
				kind: 'response',
				status: choices.oneOf([302, 301, 307, 308]),
				location: anyLocation(choices),
				contentType: 'text/plain',
				body: '',
			};
		}

		case 1: {
			return {kind: 'malformed', line: choices.oneOf(['HTTP/1.1 x509: certificate', `HTTP/1.1 ${anyText(choices)}`, anyText(choices)])};
		}

		case 2: {
			return {kind: 'upgraded', error: choices.chance(70) ? anyText(choices) : null};
		}

		case 3: {
			return {kind: 'closed'};
		}

		default: {
			const text = anyText(choices);
			const status = choices.oneOf([500, 200, 400, 401, 403, 404, 502, 503]);
			const asStatus = choices.chance(50);
			return {
				kind: 'response',
				status,
				location: null,
				contentType: asStatus ? 'application/json' : 'text/plain',
				body: asStatus ? JSON.stringify({kind: 'Status', apiVersion: 'v1', status: 'Failure', message: text, code: status}) : text,
			};
		}
	}
}
