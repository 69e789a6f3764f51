/** The known apiservers and their addresses. */
import test from 'ava';
import type {Observations, ReplicaFacts} from '../../../source/evidence/evidence.ts';
import {replicasAgree, flagsPerProcess, knownReplicaCount, advertisedAddress} from '../../../source/evidence/rules/replicas.ts';
import {
	flags,
	makeObservations,
	knownReplicas,
	mirrorPod,
	unverifiedFlags,
	processOf,
	makeObservation,
} from '../../support/observations.ts';

const at = (host: string) => ({...unverifiedFlags, 'advertise-address': host, 'secure-port': '6443'});
const leased = (madeAt: string | null) =>
	makeObservation('lease', {
		known: 1,
		knownFrom: 'lease' as const,
		leases: [{address: '10.0.0.5:6443', madeAt}],
		addresses: ['10.0.0.5:6443'],
	} satisfies ReplicaFacts);
const two = [flags(at('10.0.0.5'), {connection: 'c8', process: 'p1'}), flags(at('10.0.0.6'), {connection: 'c9', process: 'p2'})];

const rows: ReadonlyArray<[title: string, given: Partial<Observations>, count: number | null]> = [
	['nothing is known', {}, null],
	[
		'neither leases nor endpoints may be read, and two found',
		{flags: two, replicas: makeObservation('lease', {known: null, knownFrom: 'unknown' as const, leases: null, addresses: null})},
		null,
	],
	['three leases, one found', {flags: [flags(unverifiedFlags)], replicas: knownReplicas(3)}, 3],
	['one lease, no process found', {replicas: knownReplicas(1)}, 1],
	['one lease, and two found: they share it', {flags: two, replicas: knownReplicas(1)}, 2],
	[
		'one endpoint, and two connections without a process id',
		{
			flags: [flags(unverifiedFlags, {connection: 'c8'}), flags(unverifiedFlags, {connection: 'c9'})],
			replicas: makeObservation('endpoints', {known: 1, knownFrom: 'endpointslice' as const, leases: null, addresses: null}),
		},
		2,
	],
	[
		'one process found on two connections',
		{
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(unverifiedFlags, {connection: 'c9', process: 'p1'})],
			replicas: knownReplicas(1),
		},
		1,
	],
	[
		'one lease, made long after the start of the one that has its address',
		{flags: [flags(at('10.0.0.5'), {process: 'p1'})], process: processOf('p1'), replicas: leased('2026-11-24T14:05:00Z')},
		2,
	],
	[
		'one lease, made long after the start of the one that has its address, and two addresses',
		{
			flags: [flags(at('10.0.0.5'), {process: 'p1'})],
			process: processOf('p1'),
			replicas: {
				...leased('2026-11-24T14:05:00Z'),
				facts: {...leased('2026-11-24T14:05:00Z').facts, known: 2, addresses: ['10.0.0.5:6443', '10.0.0.6:6443']},
			},
		},
		2,
	],
	[
		'one lease, made as its holder started',
		{flags: [flags(at('10.0.0.5'), {process: 'p1'})], process: processOf('p1'), replicas: leased('2026-11-24T14:00:04Z')},
		1,
	],
	[
		'one lease without a creation time',
		{flags: [flags(at('10.0.0.5'), {process: 'p1'})], process: processOf('p1'), replicas: leased(null)},
		1,
	],
	[
		'one lease, made after the start of another process than its holder',
		{
			flags: [flags(at('10.0.0.5'), {connection: 'c9', process: 'p2'}), flags(unverifiedFlags, {process: 'p1'})],
			process: processOf('p1'),
			replicas: {
				...knownReplicas(2),
				facts: {...knownReplicas(2).facts, leases: [...leased('2026-11-24T14:05:00Z').facts.leases, {address: null, madeAt: null}]},
			},
		},
		2,
	],
	[
		'two addresses, and one found at neither',
		{flags: [flags(at('10.0.0.7'))], replicas: knownReplicas(2, ['10.0.0.5:6443', '10.0.0.6:6443'])},
		3,
	],
	[
		'two addresses, and one of them found',
		{flags: [flags(at('10.0.0.6'))], replicas: knownReplicas(2, ['10.0.0.5:6443', '10.0.0.6:6443'])},
		2,
	],
	[
		'two found, of which the second one names an address, and the pods of both',
		{
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(at('10.0.0.7'), {connection: 'c9', process: 'p2'})],
			mirrorPods: [mirrorPod('a', at('10.0.0.7')), mirrorPod('b', at('10.0.0.8'))],
			replicas: knownReplicas(2),
		},
		2,
	],
	['two mirror pods, one lease', {mirrorPods: [mirrorPod('a', {}), mirrorPod('b', {})], replicas: knownReplicas(1)}, 2],
];

for (const [title, given, count] of rows) {
	test(`${title}: ${count ?? 'unknown'}`, t => {
		t.is(knownReplicaCount(makeObservations(given)), count);
	});
}

const places = knownReplicas(2, ['10.0.0.7:6443', '10.0.0.8:6443']);
const agreed: Array<[title: string, given: Partial<Observations>, agree: boolean | null]> = [
	['two with equal values', {flags: two, replicas: knownReplicas(2)}, true],
	[
		'two at one address: one restarted, and another was not read',
		{flags: [two[0]!, flags(at('10.0.0.5'), {connection: 'c9', process: 'p2'})], replicas: knownReplicas(2)},
		null,
	],
	[
		'two without an address',
		{flags: [flags(unverifiedFlags, {process: 'p1'}), flags(unverifiedFlags, {process: 'p2'})], replicas: knownReplicas(2)},
		null,
	],
	['two of three with equal values', {flags: two, replicas: knownReplicas(3)}, null],
	[
		'two that differ',
		{
			flags: [two[0]!, flags({...unverifiedFlags, 'kubelet-certificate-authority': '/ca.crt'}, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(3),
		},
		false,
	],
	[
		'two that both withhold it',
		{flags: [flags({}, {connection: 'c8', process: 'p1'}), flags({}, {connection: 'c9', process: 'p2'})], replicas: knownReplicas(2)},
		null,
	],
	['two of which one withholds it', {flags: [two[0]!, flags({}, {connection: 'c9', process: 'p2'})], replicas: knownReplicas(2)}, null],
	[
		'a pod without the argument, and one with an empty one',
		{
			mirrorPods: [
				mirrorPod('a', {'advertise-address': '10.0.0.7'}),
				mirrorPod('b', {'advertise-address': '10.0.0.8', 'kubelet-certificate-authority': ''}),
			],
			replicas: places,
		},
		true,
	],
];

const behindBalancer = (host: string) => mirrorPod(host, at(host), false, ['10.0.0.99']);
const registered = (addresses: readonly string[]) => ({
	known: addresses.length,
	knownFrom: 'endpointslice' as const,
	leases: null,
	addresses,
});
agreed.push(
	[
		'two with equal values, one of them at an address that no list has',
		{
			flags: [flags(at('10.0.0.5'), {connection: 'c8', process: 'p1'}), flags(at('10.0.0.9'), {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2, ['10.0.0.5:6443', '10.0.0.6:6443']),
		},
		null,
	],
	[
		'the pod of the only registered apiserver, where the connection ends, without leases',
		{mirrorPods: [mirrorPod('a', at('10.0.0.5'))], replicas: makeObservation('endpoints', registered(['10.0.0.5:6443']))},
		true,
	],
	[
		'the only registered apiserver, where the connection ends, without leases: its address can be a balancer’s',
		{flags: [flags(at('10.0.0.5'))], replicas: makeObservation('endpoints', registered(['10.0.0.5:6443']))},
		null,
	],
	[
		'one that listens where the connection ends, and advertises nothing',
		{flags: [flags({...unverifiedFlags, 'bind-address': '10.0.0.5', 'secure-port': '6443'})], replicas: knownReplicas(1)},
		null,
	],
	[
		'two pods at addresses of balancers, without leases: more apiservers can share an address',
		{
			mirrorPods: [behindBalancer('10.0.0.7'), behindBalancer('10.0.0.8')],
			replicas: makeObservation('endpoints', registered(['10.0.0.7:6443', '10.0.0.8:6443'])),
		},
		null,
	],
	[
		'two pods at addresses of balancers, with a lease for each',
		{mirrorPods: [behindBalancer('10.0.0.7'), behindBalancer('10.0.0.8')], replicas: places},
		true,
	],
);

for (const [title, given, agree] of agreed) {
	test(`replicas agree, ${title}: ${agree ?? 'unknown'}`, t => {
		const all = makeObservations(given);
		t.is(replicasAgree(all, flagsPerProcess(all)), agree);
	});
}

test('an own address is one that can be dialed', t => {
	t.deepEqual(
		['10.0.0.5', 'FD00::A', 'api.test', '', 'x10.0.0.5'].map(host => advertisedAddress(flags(at(host)))),
		['10.0.0.5:6443', '[FD00::A]:6443', null, null, null],
	);
	t.deepEqual(
		['', '6443a', 'a6443'].map(port => advertisedAddress(flags({'advertise-address': '10.0.0.5', 'secure-port': port}))),
		[null, null, null],
	);
	t.is(advertisedAddress(flags({})), null);
});

test('the own address of k3s is that of its own server', t => {
	t.is(advertisedAddress(flags({'advertise-address': '10.0.0.5', 'secure-port': '6444', 'advertise-port': '6443'})), '10.0.0.5:6443');
});
