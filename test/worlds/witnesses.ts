/**
Worlds in which spoke has said what is false, by name, made as simple as they can be. They stay: each shows one way to lie. Those that it
still fails are in `stillFalse`; once mended, such a witness fails its test until its name is removed there.
*/
import type {Violation} from './judge.ts';
import {logUrl, refusals} from './recorded-texts.ts';
import {apiserver, balancerAddress, type KubeletAnswer, type Lies, type World} from './world.ts';

export type Witness = {
	name: string;
	/** The source of evidence that lies. */
	source: string;
	/** Whether a violation of the property is this one. */
	isThis(violation: Violation, world: World): boolean;
	/** What differs from the simplest world. */
	world: Partial<Omit<World, 'lies'>> & {lies?: Partial<Lies>};
	/** What the world showed. */
	rule: Violation['rule'];
};

const cites =
	(...rules: readonly string[]) =>
	({claim: {sources}}: Violation) =>
		sources.some(source => rules.some(rule => source.includes(rule)));

/** Two apiservers that differ, and a front that sends each request to either. */
const differing = [apiserver('a', {verification: 'good'}), apiserver('b', {verification: 'off'})];
const atBalancer = differing.map(process => ({...process, advertised: balancerAddress}));
const behindFront = {front: 'front', serverAddress: balancerAddress, order: [0, 1], splitsStreams: true} as const;
const unreadable = {rights: ['rootCa', 'review'], role: null} as const;
const [, expired] = refusals;

export const witnesses: readonly Witness[] = [
	{
		name: '1: a kubelet’s redirect makes the apiserver write the words of a refused certificate',
		source: 'log-differential',
		isThis: cites('kubelet-certificate-refused', 'log-read-refused'),
		rule: 'proven-exposure',
		world: {
			rights: ['rootCa', 'review', 'leases', 'endpoints'],
			role: null,
			reading: 'active-path',
			adversaries: ['node'],
			lies: {kubelet: [redirectTo(`${logUrl}?": ${expired}`), {...redirectTo(null), status: 200, body: 'a line'}]},
		},
	},
	{
		name: '2: a kubelet’s redirect makes the apiserver write the words of a tunnel',
		source: 'error-text',
		isThis: cites('text-of-a-tunnel'),
		rule: 'proven-route',
		world: {
			rights: ['rootCa', 'review', 'leases', 'endpoints'],
			role: null,
			reading: 'logs',
			adversaries: ['node'],
			lies: {kubelet: [redirectTo(`${logUrl}?": proxy error from A while dialing B, code 502: 502 Bad Gateway`)]},
		},
	},
	{
		name: '3: one kubelet raises the counter of refused certificates',
		source: 'request-counters',
		isThis: cites('log-tls-failures-counted', 'kubelets-refused-so-far'),
		rule: 'rule-2-tls',
		world: {rights: ['metrics', 'rootCa', 'review'], role: null, reading: 'logs', adversaries: ['node'], lies: {countedFailures: 1}},
	},
	{
		name: '5: a front relays the name of the client certificate',
		source: 'socket',
		isThis: (_, {front, credential, relaysIdentity, trustsHeaders}) =>
			front === 'front' && credential === 'certificate' && relaysIdentity && trustsHeaders,
		rule: 'proven-requirement',
		world: {...behindFront, processes: differing, relaysIdentity: true, reading: 'gate'},
	},
	{
		name: '6: unknown leases count as one apiserver at the address',
		source: 'lease',
		isThis: (_, {front, processes, serverAddress, lies}) =>
			front === 'front' && processes[0]!.advertised === serverAddress && lies.leases === null,
		rule: 'proven-requirement',
		world: {...behindFront, rights: ['flagz', 'rootCa'], role: null, processes: atBalancer, credential: 'token', reading: 'gate'},
	},
	{
		name: '7: an aggregated API has a leg 2 that no requirement sees',
		source: 'construction',
		isThis: ({claim}) => claim.what === 'relay aggregated',
		rule: 'proven-requirement',
		world: {reading: 'relay'},
	},
	{
		name: 'new: gauges of an agent that anyone can run make a tunnel',
		source: 'agent-metrics',
		isThis: cites('agent-carried-held-streams'),
		rule: 'rule-2-route',
		world: {
			rights: ['systemPods', 'agents', 'rootCa', 'review'],
			role: null,
			reading: 'active-path',
			adversaries: ['node'],
			lies: {agents: 'follows'},
		},
	},
	{
		name: 'new: a mirror pod that a node or a user made up verifies kubelets',
		source: 'mirror-pod',
		isThis: (_, {lies}) => lies.mirrorPods.length > 0,
		rule: 'rule-2-tls',
		world: {
			...unreadable,
			rights: ['systemPods'],
			adversaries: ['node'],
			lies: {mirrorPods: [{node: 'n1', verification: 'good', egress: false, address: '10.0.0.5', hides: null}]},
		},
	},
	{
		name: 'new: a redirected connection is taken for that of the mirror pod whose address was dialed',
		source: 'endpoints',
		isThis: (_, {front, order}) => front === 'none' && order.length > 1,
		rule: 'proven-tls',
		world: {
			processes: differing,
			order: [1, 1],
			rights: ['systemPods', 'nodes', 'endpoints', 'leases', 'rootCa'],
			role: null,
			hasMirrorPods: true,
			credential: 'token',
			reading: 'logs',
			adversaries: ['network'],
		},
	},
	{
		name: 'new: an apiserver whose lease is hidden is not counted at an advertised balancer',
		source: 'lease',
		isThis: (_, {processes, serverAddress, lies}) =>
			processes[0]!.advertised === serverAddress && serverAddress === balancerAddress && lies.leases !== null,
		rule: 'proven-requirement',
		world: {
			...behindFront,
			processes: atBalancer,
			credential: 'token',
			reading: 'gate',
			adversaries: ['object-writer'],
			lies: {leases: 'one'},
		},
	},
	{
		name: 'new: an agent of Konnectivity makes the apiserver write the words of another tunnel',
		source: 'error-text',
		isThis: (violation, {lies}) => lies.kubelet.some(({kind}) => kind === 'dial') && cites('text-of-a-tunnel')(violation),
		rule: 'rule-2-route',
		world: {
			processes: [apiserver('a', {route: 'grpc'})],
			reading: 'logs',
			adversaries: ['node'],
			lies: {
				kubelet: [
					{kind: 'dial', text: 'proxy error from /etc/srv/konnectivity.sock while dialing 10.0.0.11:10250, code 502: 502 Bad Gateway'},
				],
			},
		},
	},
	{
		name: 'new: a proxy in the apiserver’s environment leads a log out of the tunnel',
		source: 'step-test',
		isThis: (_, {hasEnvironmentProxy}) => hasEnvironmentProxy,
		rule: 'proven-route',
		world: {processes: [apiserver('a', {route: 'grpc'})], hasEnvironmentProxy: true, reading: 'active-path'},
	},
	{
		name: 'new: counters of another apiserver put an open connection into a tunnel',
		source: 'metrics',
		isThis: cites('egress-dials-counted'),
		rule: 'rule-2-route',
		world: {
			version: '1.34.2',
			processes: [apiserver('a'), apiserver('b', {route: 'grpc', served: 3})],
			front: 'balancer',
			serverAddress: balancerAddress,
			order: [0, 1, 1, 1, 1, 1],
			hasPeerAddresses: false,
			reading: 'port-forward',
		},
	},
	{
		name: 'new: an endpoint that somebody registered makes room for the lease of another apiserver here',
		source: 'endpoints',
		isThis: (_, {lies}) => lies.endpoints === 'more',
		rule: 'proven-requirement',
		world: {
			...behindFront,
			processes: atBalancer,
			hasPeerAddresses: false,
			credential: 'token',
			reading: 'gate',
			adversaries: ['object-writer'],
			lies: {endpoints: 'more'},
		},
	},
	{
		name: 'new: outdated leases push that of another apiserver here off the page',
		source: 'lease',
		isThis: (_, {lies}) => lies.leases === 'page',
		rule: 'proven-requirement',
		world: {
			...behindFront,
			processes: atBalancer,
			credential: 'token',
			reading: 'gate',
			adversaries: ['object-writer'],
			lies: {leases: 'page'},
		},
	},
	{
		name: 'new: beside two apiservers that differ, a made-up mirror pod hides that a requirement is not met',
		source: 'mirror-pod',
		isThis: ({rule}, {processes}) => rule === 'hidden-requirement' && processes.length > 1,
		rule: 'hidden-requirement',
		world: {
			version: '1.34.2',
			processes: [apiserver('a'), apiserver('b', {verification: 'bad'})],
			front: 'front',
			serverAddress: '10.9.9.9:6443',
			order: [0, 0, 1, 0, 0, 0],
			reading: 'active-path',
			target: 'node/n1',
			adversaries: ['node'],
			lies: {
				kubelet: [
					redirectTo('https://10.0.0.11:10250/": tls: failed to verify certificate: x509: certificate signed by unknown authority'),
				],
				mirrorPods: [{node: 'n1', verification: 'good', egress: false, address: '10.0.0.5', hides: null}],
			},
		},
	},
	{
		name: 'new: a made-up mirror pod hides that a requirement is not met',
		source: 'mirror-pod',
		isThis: ({rule}) => rule === 'hidden-requirement',
		rule: 'hidden-requirement',
		world: {
			rights: ['flagz', 'systemPods', 'rootCa'],
			role: null,
			reading: 'logs',
			adversaries: ['node'],
			lies: {mirrorPods: [{node: 'n1', verification: 'off', egress: false, address: '10.0.0.5', hides: 'proxy'}]},
		},
	},
];

/** Removed from here once mended. */
export const stillFalse: ReadonlySet<string> = new Set([
	'new: beside two apiservers that differ, a made-up mirror pod hides that a requirement is not met',
	'new: an apiserver whose lease is hidden is not counted at an advertised balancer',
]);

function redirectTo(location: string | null): Extract<KubeletAnswer, {kind: 'response'}> {
	return {kind: 'response', status: 302, location, contentType: 'text/plain', body: ''};
}
