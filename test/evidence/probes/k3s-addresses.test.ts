/** Endpoints and identity leases of k3s, whose apiserver listens on loopback behind k3s's own server. */
import test from 'ava';
import type {ReplicaFacts} from '../../../source/evidence/evidence.ts';
import {mergeSupervisorAddresses} from '../../../source/evidence/probes/apiserver-replicas.ts';

const facts = (leased: ReadonlyArray<string | null>, addresses: readonly string[]): ReplicaFacts => ({
	known: Math.max(leased.length, addresses.length),
	knownFrom: 'lease',
	leases: leased.map(address => ({address, madeAt: null})),
	addresses,
});
const one = facts(['10.0.0.5:6444'], ['10.0.0.5:6443', '10.0.0.5:6444']);
const merge = (given: ReplicaFacts, version: string | null = 'v1.36.1+k3s1') => mergeSupervisorAddresses(given, version);

test('the endpoint and the lease of one k3s server are one apiserver', t => {
	t.deepEqual(merge(one), facts(['10.0.0.5:6443'], ['10.0.0.5:6443']));
});

test('each of several k3s servers is one apiserver', t => {
	const given = facts(['10.0.0.5:6444', '10.0.0.6:6444'], ['10.0.0.5:6443', '10.0.0.6:6443', '10.0.0.5:6444', '10.0.0.6:6444']);
	t.deepEqual(merge(given), facts(['10.0.0.5:6443', '10.0.0.6:6443'], ['10.0.0.5:6443', '10.0.0.6:6443']));
});

test('an endpoint of another host stays an apiserver of its own', t => {
	t.like(merge(facts(['10.0.0.5:6444'], ['10.0.0.6:6443', '10.0.0.5:6444'])), {
		known: 2,
		addresses: ['10.0.0.6:6443', '10.0.0.5:6444'],
	});
});

test('two leases of one host, leases without address and equal addresses change nothing', t => {
	for (const given of [
		facts(['10.0.0.5:6444', '10.0.0.5:6445'], ['10.0.0.5:6443', '10.0.0.5:6444', '10.0.0.5:6445']),
		facts([null], ['10.0.0.5:6443']),
		facts(['10.0.0.5:6443'], ['10.0.0.5:6443']),
	]) {
		t.deepEqual(merge(given), given);
	}
});

test('an upstream or unknown version keeps both addresses', t => {
	t.is(merge(one, 'v1.36.3'), one);
	t.is(merge(one, null), one);
	t.deepEqual(merge({...one, leases: null}), {...one, leases: null});
});
