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
			lies: {mirrorPods: [{node: 'n1', verification: 'good', egress: false, address: '10.0.0.5'}]},
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
];

/** Removed from here once mended. */
export const stillFalse: ReadonlySet<string> = new Set([
	'new: an apiserver whose lease is hidden is not counted at an advertised balancer',
	'new: an agent of Konnectivity makes the apiserver write the words of another tunnel',
]);

function redirectTo(location: string | null): Extract<KubeletAnswer, {kind: 'response'}> {
	return {kind: 'response', status: 302, location, contentType: 'text/plain', body: ''};
}
